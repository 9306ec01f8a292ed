//! `cargo xtask chaos`: builds the server and the program that hurts it, and runs that.

use std::path::PathBuf;

use anyhow::Result;

use crate::place::{Place, built};
use crate::run::{cargo, run};

/// What the gate asks for: short, with few clients and the server as the other steps built it.
const BRIEFLY: &[&str] = &["--debug", "--seconds", "25", "--clients", "100"];

/// Runs it with these options.
pub(crate) fn run_with(place: &Place, options: &[&str]) -> Result<()> {
    let debug = options.contains(&"--debug");
    let mut command = cargo(place, &["run", "--quiet", "--locked", "--package", "roomcast-chaos"]);
    command.arg("--").args(options.iter().filter(|option| **option != "--debug"));
    if !options.contains(&"--server") {
        command.arg("--server").arg(server(place, debug)?);
    }
    run(&mut command)
}

/// The step of the gate.
pub(crate) fn briefly(place: &Place) -> Result<()> {
    run_with(place, BRIEFLY)
}

/// The server, built now.
fn server(place: &Place, debug: bool) -> Result<PathBuf> {
    let profile: &[&str] = if debug { &[] } else { &["--release"] };
    let words = [&["build", "--locked", "--package", "roomcast-server"], profile].concat();
    run(&mut cargo(place, &words))?;
    if debug { built("roomcast") } else { built("../release/roomcast") }
}
