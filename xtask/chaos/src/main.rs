//! Chaos: real nodes, a real Redis and hundreds of clients; parts are hurt at random, and at the
//! end every client's log is held against the promises of `docs/protocol.md`.
//!
//! ```text
//!   main ──► parts   Redis and the nodes         ◄── storm ◄── fault   what is hurt, and when
//!        ├─► world   what all share
//!        ├─► driver ──► client ──► log           one task a client; socket, frame
//!        ├─► finale                              it heals, last messages, presence
//!        └─► judge ──► truth                     reads the logs; report tells
//! ```
//!
//! Run it as `cargo xtask chaos`. The seed decides what is done; when it happens is up to the
//! machine.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for a terminal: it prints"
)]

mod client;
mod dice;
mod driver;
mod fault;
mod finale;
mod frame;
mod judge;
mod log;
mod options;
mod parts;
mod report;
mod socket;
mod storm;
mod truth;
mod world;

use std::cell::RefCell;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::{LocalSet, spawn_blocking, spawn_local};

use crate::client::Phase;
use crate::options::Options;
use crate::parts::Parts;
use crate::world::World;

fn main() -> ExitCode {
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start() -> Result<()> {
    let options = Options::read(std::env::args().skip(1))?;
    let Options { seed, clients, nodes, time, redis, .. } = &options;
    let redis = if *redis { "Redis" } else { "no Redis" };
    println!("--seed {seed}: {clients} clients, {nodes} nodes, {redis}, {time:?}");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, run(options))
}

async fn run(options: Options) -> Result<()> {
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        result = play(options) => result,
        _ = interrupt.recv() => bail!("interrupted"),
        _ = terminate.recv() => bail!("terminated"),
    }
}

async fn play(options: Options) -> Result<()> {
    let asked = options.clone();
    let parts = spawn_blocking(move || Parts::start(&asked)).await.context("start the parts")??;
    let nodes = parts.nodes.iter().map(roomcast_testbed::Node::listen).collect();
    let world = Rc::new(World::new(options.seed, options.clients, nodes));
    let life = |me| spawn_local(driver::live(Rc::clone(&world), me));
    let lives: Vec<_> = (0..options.clients).map(life).collect();
    let (mut parts, tally) = storm::rage(&world, parts, &options).await?;
    finale::end(&world).await;
    parts.all_live()?;
    world.phase.set(Phase::Over);
    for life in lives {
        // A connection that hangs is dropped with its task.
        let _ = tokio::time::timeout(Duration::from_secs(5), life).await;
    }
    drop(parts);
    print!("{}", report::faults(&tally));
    verdict(&world, options.seed)
}

/// Judges the logs, and tells what is wrong with them.
fn verdict(world: &World, seed: u64) -> Result<()> {
    let logs: Vec<_> = world.clients.iter().map(RefCell::borrow).collect();
    let logs: Vec<_> = logs.iter().map(|client| &client.log).collect();
    print!("{}", report::counts(&logs));
    let breaches = judge::judge(&logs);
    if !breaches.is_empty() {
        print!("{}", report::stories(world, &logs, &breaches));
    }
    let wrongs = world.wrongs.borrow();
    match (breaches.len(), wrongs.as_slice()) {
        (0, []) => {
            println!("\nevery promise held");
            Ok(())
        }
        (count, wrongs) => bail!(
            "{count} breaches of promises, {} other wrongs{}; again with --seed {seed}",
            wrongs.len(),
            wrongs.iter().map(|wrong| format!("\n  {wrong}")).collect::<String>()
        ),
    }
}
