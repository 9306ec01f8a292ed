//! `cargo xtask bench redis`: builds the measurement of the fan-out in release, and runs it.

use anyhow::Result;

use crate::place::Place;
use crate::run::{cargo, run};

/// Measures with these options.
pub(crate) fn redis(place: &Place, options: &[&str]) -> Result<()> {
    let words = ["run", "--quiet", "--locked", "--release", "--package", "roomcast-fanout"];
    let mut command = cargo(place, &words);
    command.args(["--example", "redis", "--"]).args(options);
    run(&mut command)
}
