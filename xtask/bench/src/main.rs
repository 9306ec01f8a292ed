//! Measures Roomcast beside the floor, beside itself as it was, and beside its peers.
//!
//! ```text
//!   main ──► rows      what is measured, and what it must be
//!        ├─► growth    how the cost grows ──► plot
//!        ├─► peers     servers of other makers ──► peer, sends
//!        │     └──► measure   in turn, round by round ──► figure
//!        │            └──► lab   starts a subject and aims the generator at it ──► outcome
//!        ├─► table, docs   what was measured, for a terminal and for a document
//!        └─► floor     the least that a server of rooms can do, in a process of its own
//! ```
//!
//! Run it as `cargo xtask bench`. The load generator is `roomcast bench`.

mod docs;
mod figure;
mod floor;
mod growth;
mod kernel;
mod lab;
mod machine;
mod measure;
mod options;
mod outcome;
mod peer;
mod peers;
mod plot;
mod probe;
mod report;
mod rows;
mod sends;
mod setting;
mod stolen;
mod subject;
mod table;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser as _;

use crate::options::{Options, Task};

#[allow(clippy::print_stderr, reason = "a program for a terminal")]
fn main() -> ExitCode {
    match obey(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn obey(options: &Options) -> Result<()> {
    match &options.command {
        None => report::rows(&options.rows),
        Some(Task::List) => report::list(),
        Some(Task::Growth(options)) => growth::run(options),
        Some(Task::Peers(options)) => peers::run(options),
        Some(Task::Floor(options)) => floor::run(options.listen, options.mode),
    }
}
