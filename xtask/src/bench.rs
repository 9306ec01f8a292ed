//! `cargo xtask bench`: builds in release what measures and what is measured, and runs it.

use anyhow::Result;

use crate::place::{Place, built};
use crate::run::{cargo, run};

/// What measures no server.
const WITHOUT_SERVER: &[&str] = &["list", "floor", "help", "--help", "-h"];

/// Measures the server with these options.
pub(crate) fn run_with(place: &Place, options: &[&str]) -> Result<()> {
    let words = ["run", "--quiet", "--locked", "--release", "--package", "roomcast-bench", "--"];
    let mut command = cargo(place, &words);
    command.args(options);
    if !options.iter().any(|option| WITHOUT_SERVER.contains(option)) {
        // An older server that is measured may not have the load generator.
        let build = ["build", "--locked", "--release", "--package", "roomcast-server"];
        run(&mut cargo(place, &build))?;
        for option in ["--server", "--generator"] {
            if !options.iter().any(|given| given.split('=').next() == Some(option)) {
                command.arg(option).arg(built("../release/roomcast")?);
            }
        }
    }
    run(&mut command)
}

/// Measures the fan-out with these options.
pub(crate) fn redis(place: &Place, options: &[&str]) -> Result<()> {
    let words = ["run", "--quiet", "--locked", "--release", "--package", "roomcast-fanout"];
    let mut command = cargo(place, &words);
    command.args(["--example", "redis", "--"]).args(options);
    run(&mut command)
}
