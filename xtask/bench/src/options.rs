//! What the command line asks for.

use std::env;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::{Args, Parser, Subcommand};

use crate::floor::Mode;

/// Measure Roomcast beside the floor: the server on one core, the load generator on the other
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench", args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) command: Option<Task>,
    #[command(flatten)]
    pub(crate) rows: RowOptions,
}

/// What else there is.
#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// List the rows
    List,
    /// Show how the cost grows with members, rooms, the size of a message, and workers
    Growth(GrowthOptions),
    /// Measure other servers beside Roomcast
    Peers(PeerOptions),
    /// Be the floor: the least that a server of rooms can do
    Floor(FloorOptions),
}

/// The rows of the table.
#[derive(Debug, Args)]
pub(crate) struct RowOptions {
    /// Rows to measure; all unless given (`cargo xtask bench list`)
    #[arg(value_name = "ROW")]
    pub(crate) names: Vec<String>,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Growth.
#[derive(Debug, Args)]
pub(crate) struct GrowthOptions {
    /// Series to measure: members, members-one, rooms, size, workers; all unless given
    #[arg(value_name = "SERIES")]
    pub(crate) names: Vec<String>,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Peers.
#[derive(Debug, Args)]
pub(crate) struct PeerOptions {
    /// Folders of xtask/peers; all unless given
    #[arg(value_name = "PEER")]
    pub(crate) names: Vec<String>,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// The floor.
#[derive(Debug, Args)]
pub(crate) struct FloorOptions {
    /// Where to listen; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDR:PORT")]
    pub(crate) listen: SocketAddr,
    /// How messages are written
    #[arg(long, value_enum, default_value = "batch")]
    pub(crate) mode: Mode,
}

/// What every measurement takes.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// How often each subject is measured, in turn with the others; the median counts [default: 3]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    rounds: Option<u64>,
    /// Seconds that one run is measured [default: 5]
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u64).range(1..))]
    seconds: Option<u64>,
    /// A first look in about a minute: 1 round, 2 seconds, few rows, only the floor compared with
    #[arg(long)]
    pub(crate) quick: bool,
    /// Write everything that was measured to this file too
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// The program `roomcast` to measure [default: target/release/roomcast]
    #[arg(long, value_name = "PATH")]
    server: Option<PathBuf>,
    /// Another `roomcast` to measure in turn with it, such as one built before a change
    #[arg(long, value_name = "PATH")]
    pub(crate) against: Option<PathBuf>,
    /// The `roomcast` whose `bench` makes the load [default: the server]
    #[arg(long, value_name = "PATH")]
    pub(crate) generator: Option<PathBuf>,
    /// Rewrite the tables of docs/performance.md, and its plots
    #[arg(long)]
    pub(crate) write_docs: bool,
}

impl Common {
    pub(crate) fn rounds(&self) -> usize {
        let rounds = self.rounds.unwrap_or(if self.quick { 1 } else { 3 });
        usize::try_from(rounds).unwrap_or(usize::MAX)
    }

    pub(crate) fn seconds(&self) -> u64 {
        self.seconds.unwrap_or(if self.quick { 2 } else { 5 })
    }

    /// The root of the repository: cargo names this package's folder in it.
    pub(crate) fn root(&self) -> Result<PathBuf> {
        let folder = env::var("CARGO_MANIFEST_DIR").context("start it as `cargo xtask bench`")?;
        let root = Path::new(&folder).ancestors().nth(2);
        Ok(root.context("this package is not in xtask/bench")?.to_owned())
    }

    /// The server: the one given, or the one that was built with this program.
    pub(crate) fn server(&self, root: &Path) -> Result<PathBuf> {
        match &self.server {
            Some(server) => Ok(server.clone()),
            None => Ok(root.join("target/release/roomcast")),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::{Options, Task};

    fn read(line: &str) -> Result<Options, String> {
        let words = ["bench"].into_iter().chain(line.split_whitespace());
        Options::try_parse_from(words).map_err(|error| error.to_string())
    }

    #[test]
    fn rows_and_tasks_are_told_apart() {
        let options = read("echo rooms --rounds 2 --against old").unwrap();
        assert_eq!((options.rows.names.len(), options.rows.common.rounds()), (2, 2));
        assert!(options.command.is_none());
        let options = read("growth members --quick").unwrap();
        let Some(Task::Growth(growth)) = options.command else { panic!("no growth") };
        assert_eq!((growth.common.rounds(), growth.common.seconds()), (1, 2));
        assert!(read("--rounds 0").unwrap_err().contains("--rounds"));
    }
}
