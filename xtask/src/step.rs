//! The steps of the gate, in order.

use anyhow::Result;

use crate::chaos;
use crate::place::{Place, built};
use crate::run::{cargo, run};
use crate::tidy;
use crate::tool::{BROWSER_TESTS, CLIENT, PAGES, Tool, chromium, npm};

/// One step.
pub(crate) struct Step {
    /// The word for it on the command line.
    pub(crate) name: &'static str,
    /// What it checks, for the help.
    pub(crate) about: &'static str,
    /// Whether the gate runs it unasked.
    pub(crate) in_gate: bool,
    /// The tools it needs.
    pub(crate) needs: &'static [Tool],
    /// Does it.
    pub(crate) run: fn(&Place) -> Result<()>,
}

/// Every step, in the order they run: what fails soonest and cheapest comes first.
pub(crate) const ALL: &[Step] = &[
    Step::new("fmt", "rustfmt finds nothing to change", &[Tool::Rustfmt], fmt),
    Step::new("tidy", "the rules of docs/style.md that a program can check", &[], tidy::run),
    Step::new("clippy", "each package alone, without a warning", &[Tool::Clippy], clippy),
    Step::new("test", "tests and documentation's examples", &[Tool::Redis], test),
    Step::new(
        "counts",
        "what a delivery costs, counted, stays below its ceilings",
        &[Tool::Valgrind],
        counts,
    ),
    Step::new("doc", "the documentation, without a warning", &[], doc),
    Step::new("deny", "layers, licenses and sources of dependencies", &[Tool::CargoDeny], deny),
    Step::new("client", "the TypeScript client: types, lint, tests, size", CLIENT_TOOLS, client),
    Step::new("pages", "the pages: libraries as built, types, lint", PAGES_TOOLS, pages),
    Step::new("browser", "the server and its pages in Chromium", BROWSER_TOOLS, browser),
    Step::new("chaos", "what is hurt for half a minute heals", &[Tool::Redis], chaos::briefly),
    Step {
        in_gate: false,
        ..Step::new(
            "advisories",
            "known defects of dependencies; needs github.com",
            &[Tool::CargoDeny],
            advisories,
        )
    },
];

const BROWSER_TOOLS: &[Tool] =
    &[Tool::Node, Tool::Redis, Tool::Chromium, Tool::Packages(BROWSER_TESTS)];
const CLIENT_TOOLS: &[Tool] = &[Tool::Node, Tool::Packages(CLIENT)];
const PAGES_TOOLS: &[Tool] = &[Tool::Node, Tool::Packages(CLIENT), Tool::Packages(PAGES)];

impl Step {
    const fn new(
        name: &'static str,
        about: &'static str,
        needs: &'static [Tool],
        run: fn(&Place) -> Result<()>,
    ) -> Self {
        Self { name, about, in_gate: true, needs, run }
    }
}

fn fmt(place: &Place) -> Result<()> {
    run(&mut cargo(place, &["fmt", "--all", "--", "--check"]))
}

/// Each package alone: a check of the whole workspace would lend each the others' features.
fn clippy(place: &Place) -> Result<()> {
    for package in place.packages()? {
        let clippy = ["clippy", "--locked", "--package", &package.name];
        let all = [&clippy[..], &["--all-targets", "--all-features", "--", "-Dwarnings"]].concat();
        run(&mut cargo(place, &all))?;
        if package.has_features {
            let bare = [&clippy[..], &["--no-default-features", "--", "-Dwarnings"]].concat();
            run(&mut cargo(place, &bare))?;
        }
    }
    Ok(())
}

fn test(place: &Place) -> Result<()> {
    run(&mut cargo(place, &["test", "--locked", "--workspace", "--all-features"]))
}

/// Built optimised: what is counted is what the server does, not what a debug build adds.
fn counts(place: &Place) -> Result<()> {
    let words = ["run", "--quiet", "--locked", "--profile", "counted", "--package"];
    run(cargo(place, &words).arg("roomcast-counts"))
}

fn doc(place: &Place) -> Result<()> {
    let words = ["doc", "--locked", "--workspace", "--all-features", "--no-deps"];
    run(cargo(place, &words).env("RUSTDOCFLAGS", "-Dwarnings"))
}

fn deny(place: &Place) -> Result<()> {
    run(&mut cargo(place, &["deny", "--locked", "check", "bans", "licenses", "sources"]))
}

fn advisories(place: &Place) -> Result<()> {
    run(&mut cargo(place, &["deny", "--locked", "check", "advisories"]))
}

/// The client's own checks, its stories against the real server among them.
fn client(place: &Place) -> Result<()> {
    build_server(place)?;
    run(npm(place, CLIENT, &["run", "check"]).env("ROOMCAST_BIN", built("roomcast")?))
}

/// The pages hold the client as it is built now.
fn pages(place: &Place) -> Result<()> {
    run(&mut npm(place, CLIENT, &["run", "build"]))?;
    run(&mut npm(place, PAGES, &["run", "check"]))
}

fn browser(place: &Place) -> Result<()> {
    build_server(place)?;
    let mut tests = npm(place, BROWSER_TESTS, &["test"]);
    run(tests.env("ROOMCAST_BIN", built("roomcast")?).env("CHROMIUM", chromium()?))
}

fn build_server(place: &Place) -> Result<()> {
    run(&mut cargo(place, &["build", "--locked", "--package", "roomcast-server"]))
}
