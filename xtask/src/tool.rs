//! The tools the gate needs: how each is found, and how it is installed.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::apt;
use crate::place::Place;
use crate::run::{ask, cargo, run};

/// The one version of cargo-deny, so that each machine gives the same verdict.
const CARGO_DENY: &str = "0.20.2";
/// The oldest Node.js whose test runner the browser tests are written for.
const NODE: u32 = 20;
/// The programs of Redis.
const REDIS: [&str; 3] = ["redis-server", "redis-cli", "redis-benchmark"];

/// The folder of the browser tests.
pub(crate) const BROWSER_TESTS: &str = "tests/browser";
/// The folder of the TypeScript client.
pub(crate) const CLIENT: &str = "clients/typescript";
/// The folder that checks the server's pages and builds their libraries.
pub(crate) const PAGES: &str = "crates/roomcast-server/web";

/// A tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tool {
    /// The formatter, a component of the toolchain.
    Rustfmt,
    /// The linter, a component of the toolchain.
    Clippy,
    /// The judge of dependencies, from crates.io.
    CargoDeny,
    /// Node.js and npm; installing them is left to a person.
    Node,
    /// Debian's Chromium, or the browser that the variable `CHROMIUM` names.
    Chromium,
    /// Debian's `redis-server`, and `redis-cli` and `redis-benchmark`, which come with it.
    Redis,
    /// Debian's `valgrind`, which counts instructions.
    Valgrind,
    /// What the `package-lock.json` of a folder lists.
    Packages(&'static str),
}

/// Every tool, in the order of installation.
pub(crate) const ALL: &[Tool] = &[
    Tool::Rustfmt,
    Tool::Clippy,
    Tool::CargoDeny,
    Tool::Redis,
    Tool::Valgrind,
    Tool::Node,
    Tool::Chromium,
    Tool::Packages(BROWSER_TESTS),
    Tool::Packages(CLIENT),
    Tool::Packages(PAGES),
];

impl Tool {
    /// Whether it is there, in the right version.
    pub(crate) fn is_there(self, place: &Place) -> bool {
        match self {
            Self::Rustfmt => ask("cargo", &["fmt", "--version"]).is_some(),
            Self::Clippy => ask("cargo", &["clippy", "--version"]).is_some(),
            Self::CargoDeny => {
                ask("cargo", &["deny", "--version"]) == Some(format!("cargo-deny {CARGO_DENY}"))
            }
            Self::Node => node_is_there(),
            Self::Chromium => chromium().is_ok(),
            Self::Redis => redis_is_there(),
            Self::Valgrind => ask("valgrind", &["--version"]).is_some(),
            Self::Packages(folder) => packages_are_there(place, folder),
        }
    }

    /// Installs it, or says what to install.
    pub(crate) fn install(self, place: &Place) -> Result<()> {
        match self {
            Self::Rustfmt => run(Command::new("rustup").args(["component", "add", "rustfmt"])),
            Self::Clippy => run(Command::new("rustup").args(["component", "add", "clippy"])),
            Self::CargoDeny => {
                let words = ["install", "cargo-deny", "--version", CARGO_DENY, "--locked"];
                run(&mut cargo(place, &words))
            }
            Self::Node => bail!(
                "install Node.js {NODE} or newer, with npm: from your system's packages or \
                 from https://nodejs.org"
            ),
            Self::Chromium => install_chromium(),
            Self::Redis => {
                apt::install("redis-server", "install Redis 7 so that it is on the PATH")
            }
            Self::Valgrind => {
                apt::install("valgrind", "install valgrind so that it is on the PATH")
            }
            Self::Packages(folder) => install_packages(place, folder),
        }
    }
}

/// An npm command in a folder. The browser tests bring no browser of their own.
pub(crate) fn npm(place: &Place, folder: &str, words: &[&str]) -> Command {
    let mut command = Command::new("npm");
    command.args(["--prefix", folder]).args(words).current_dir(&place.root);
    command.env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
    command
}

fn node_is_there() -> bool {
    let version = ask("node", &["--version"]).as_deref().and_then(major);
    version.is_some_and(|major| major >= NODE) && ask("npm", &["--version"]).is_some()
}

/// The first number of a version such as `v20.20.2`.
fn major(version: &str) -> Option<u32> {
    version.trim_start_matches('v').split('.').next()?.parse().ok()
}

/// The browser: what the variable `CHROMIUM` names, else Debian's.
pub(crate) fn chromium() -> Result<PathBuf> {
    let path = env::var_os("CHROMIUM").map_or_else(|| "/usr/bin/chromium".into(), PathBuf::from);
    anyhow::ensure!(path.is_file(), "there is no {}", path.display());
    Ok(path)
}

/// Debian's package, unless the variable `CHROMIUM` names a browser that is not there.
fn install_chromium() -> Result<()> {
    if let Some(path) = env::var_os("CHROMIUM") {
        bail!("the variable CHROMIUM names {}, which is no file", PathBuf::from(path).display());
    }
    apt::install("chromium", "set the variable CHROMIUM to a Chromium or Chrome")
}

/// Whether all programs of Redis that the tests and measurements start are on the PATH.
fn redis_is_there() -> bool {
    REDIS.iter().all(|program| ask(program, &["--version"]).is_some())
}

/// Whether the packages on disk are those of the lock file, by the copy the last install left.
fn packages_are_there(place: &Place, folder: &str) -> bool {
    let [lock, installed] = lock_files(place, folder).map(|path| fs::read(path).ok());
    lock.is_some() && lock == installed
}

fn install_packages(place: &Place, folder: &str) -> Result<()> {
    let [lock, installed] = lock_files(place, folder);
    anyhow::ensure!(lock.is_file(), "{} is missing: commit it", lock.display());
    run(&mut npm(place, folder, &["ci", "--no-audit", "--no-fund"]))?;
    fs::create_dir_all(place.root.join(folder).join("node_modules"))?;
    fs::copy(lock, installed)?;
    Ok(())
}

/// The lock file, and the copy that tells what was installed.
fn lock_files(place: &Place, folder: &str) -> [PathBuf; 2] {
    let folder = place.root.join(folder);
    [folder.join("package-lock.json"), folder.join("node_modules/.installed-lock.json")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_node_are_read() {
        assert_eq!(major("v20.20.2"), Some(20));
        assert_eq!(major("22.1.0"), Some(22));
        assert_eq!(major("unknown"), None);
    }

    #[test]
    fn without_a_lock_file_the_message_says_what_is_missing() {
        let place = Place { root: "/nowhere".into() };
        assert!(!Tool::Packages(BROWSER_TESTS).is_there(&place));
        let error = Tool::Packages(BROWSER_TESTS).install(&place).unwrap_err().to_string();
        assert_eq!(error, "/nowhere/tests/browser/package-lock.json is missing: commit it");
    }
}
