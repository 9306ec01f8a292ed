//! Installs the tools that are missing. Where all are there, it starts a few programs to ask
//! their versions and reaches no network.

use anyhow::{Context, Result};

use crate::place::Place;
use crate::tool::Tool;

/// Makes sure of each tool, in the order given.
pub(crate) fn run(place: &Place, tools: &[Tool]) -> Result<()> {
    for tool in tools {
        if !tool.is_there(place) {
            println!("    {tool:?} is missing");
            tool.install(place).with_context(|| format!("{tool:?}"))?;
            anyhow::ensure!(tool.is_there(place), "{tool:?} was installed, yet is not found");
        }
    }
    Ok(())
}
