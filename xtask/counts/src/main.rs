//! Counts what a delivery costs, where a clock would only measure the machine: allocations,
//! encodings, writes, and instructions in user space by callgrind. Each has a ceiling; a ceiling
//! only ever comes down.
//!
//! ```text
//!   main ──► counts ──► server, here: allocations, encodings, writes
//!        └─► instructions ──► server, in a process of its own under callgrind
//!                 both talk to it through client
//! ```
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints figures")]

mod client;
mod counts;
mod instructions;
mod server;

use anyhow::{Result, bail};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::alloc::System;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// One figure and its ceiling.
struct Count {
    what: &'static str,
    is: f64,
    most: f64,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["serve"] => server::serve_until_told(),
        [] => all(),
        _ => Err(anyhow::anyhow!("`{}` is no option: there are none", words.join(" "))),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn all() -> Result<()> {
    let mut all = counts::count()?;
    all.extend(instructions::count()?);
    let mut above = Vec::new();
    for Count { what, is, most } in &all {
        println!("{what:<48} {is:>10.3}  at most {most}");
        if is > most {
            above.push(*what);
        }
    }
    if !above.is_empty() {
        bail!("above its ceiling: {}", above.join(", "));
    }
    Ok(())
}
