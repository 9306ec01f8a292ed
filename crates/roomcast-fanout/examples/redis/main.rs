//! Measures a node's way through Redis beside what Redis and the client library do without it.
//!
//! ```text
//!   floor    redis-benchmark and a bare loop of the client library, the floors
//!   path     one node: from publishing to delivery and to the answer
//!   quiet    three nodes: those without members in a room do nothing for it
//!   healing  10,000 rooms after Redis was killed
//!   crowd    a thousand shards that read one room at once
//! ```
//!
//! Everything is measured a few times in turn, so that what else the machine does hits all of it
//! alike, and the median is shown. `cargo xtask bench redis [--rounds N] [--json FILE] [PART...]`

mod bare;
mod crowd;
mod floor;
mod healing;
mod machine;
mod node;
mod path;
mod quiet;
mod table;

use anyhow::{Context as _, Result, bail};
use machine::Machine;
use table::Table;

/// The parts, in their order.
const PARTS: [&str; 5] = ["floor", "path", "quiet", "healing", "crowd"];

struct Options {
    rounds: usize,
    json: Option<String>,
    parts: Vec<String>,
}

#[allow(clippy::print_stdout, reason = "a program that prints figures")]
fn main() -> Result<()> {
    let options = options()?;
    let machine = Machine::find()?;
    let mut table = Table::default();
    for round in 1..=options.rounds {
        for part in &options.parts {
            println!("round {round} of {}: {part}", options.rounds);
            measure(part, &machine, &mut table).with_context(|| part.clone())?;
        }
    }
    println!("\n{}\n\n{}", machine.about(), table.text());
    if let Some(file) = options.json {
        std::fs::write(&file, table.json()).with_context(|| file)?;
    }
    Ok(())
}

/// A part has a runtime of its own: nothing of one runs on in the next.
fn measure(part: &str, machine: &Machine, table: &mut Table) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match part {
            "floor" => floor::measure(machine, table).await,
            "path" => path::measure(machine, table).await,
            "quiet" => quiet::measure(machine, table).await,
            "healing" => healing::measure(machine, table).await,
            _ => crowd::measure(machine, table).await,
        }
    })
}

fn options() -> Result<Options> {
    let mut options = Options { rounds: 3, json: None, parts: Vec::new() };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--rounds" => options.rounds = words.next().context("--rounds N")?.parse()?,
            "--json" => options.json = Some(words.next().context("--json FILE")?),
            part if PARTS.contains(&part) => options.parts.push(word),
            other => bail!("`{other}`: there are --rounds N, --json FILE, {}", PARTS.join(", ")),
        }
    }
    if options.parts.is_empty() {
        options.parts = PARTS.map(str::to_owned).to_vec();
    }
    Ok(options)
}
