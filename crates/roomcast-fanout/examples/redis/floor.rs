//! The floors: what Redis takes from its own benchmark, and what the client library does alone.

use crate::bare;
use crate::machine::{Machine, Start};
use crate::table::{Table, sample};
use anyhow::{Context as _, Result, ensure};
use std::process::Command;

const MESSAGES: usize = 1_000_000;
/// Bytes of a message.
const PAYLOAD: usize = 128;

pub(crate) async fn measure(machine: &Machine, table: &mut Table) -> Result<()> {
    let redis = machine.redis(false)?;
    let start = Start::now(&redis)?;
    let rate = benchmark(redis.port())?;
    let mut spent = sample(MESSAGES, start.spent(&redis)?, &mut [], &mut []);
    // The benchmark is another process.
    (spent[0], spent[2]) = (Some(rate), None);
    table.row("floor: redis-benchmark PUBLISH", spent);
    let name = format!("floor: bare loop, window {}", bare::WINDOW);
    table.row(&name, bare::measure(&redis, &"x".repeat(PAYLOAD)).await?);
    Ok(())
}

/// Messages a second that Redis takes, 64 at once, and gives to nobody.
fn benchmark(port: u16) -> Result<f64> {
    let mut command = Command::new("redis-benchmark");
    command.args(["-p", &port.to_string(), "-n", &MESSAGES.to_string(), "-P", "64", "--csv"]);
    command.args(["PUBLISH", "room:floor", &"x".repeat(PAYLOAD)]);
    let output = command.output().context("redis-benchmark")?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "redis-benchmark: {text}");
    let mut lines = text.lines().filter(|line| line.starts_with('"'));
    let (heads, values) = lines.next().zip(lines.next()).context("redis-benchmark: no table")?;
    let at = heads.split("\",\"").position(|head| head == "rps").context("no column rps")?;
    // The command that is measured stands in the first column, without quotes in it.
    let value = values.split("\",\"").nth(at).context("no value of rps")?;
    Ok(value.trim_matches('"').parse()?)
}
