//! Instructions in user space, counted by callgrind: the same server is run twice, once with more
//! messages, and the difference is theirs.

use crate::Count;
use crate::client::Members;
use anyhow::{Context, Result, ensure};
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// Few members and many: what one more member costs is the cost of a delivery, and what is the
/// same for both is the message's own.
const FEW: usize = 40;
const MANY: usize = 240;
const ROUNDS: usize = 50;
const RUNS: usize = 3;

pub(crate) fn count() -> Result<Vec<Count>> {
    Ok(vec![
        Count {
            what: "instructions a delivery, one message at a time",
            is: a_delivery(1)?,
            most: 580.0,
        },
        Count {
            what: "instructions a delivery, 32 messages at once",
            is: a_delivery(32)?,
            most: 22.0,
        },
        Count {
            what: "instructions a message in a room of one",
            is: a_message(1, 1)?,
            most: 15_000.0,
        },
    ])
}

/// Instructions for a message to one member more, in bursts of so many messages.
fn a_delivery(burst: usize) -> Result<f64> {
    Ok((a_message(MANY, burst)? - a_message(FEW, burst)?) / (MANY - FEW) as f64)
}

/// Instructions for a message to so many members, in bursts of so many messages.
fn a_message(members: usize, burst: usize) -> Result<f64> {
    let (once, thrice) = (least(members, burst, ROUNDS)?, least(members, burst, 3 * ROUNDS)?);
    Ok(thrice.saturating_sub(once) as f64 / (2 * ROUNDS * burst) as f64)
}

/// Instructions of the cheapest of some runs: what joining costs depends on how many come between
/// two batches of presence, and so on time.
fn least(members: usize, burst: usize, rounds: usize) -> Result<u64> {
    (0..RUNS).try_fold(u64::MAX, |least, _| Ok(least.min(run(members, burst, rounds)?)))
}

/// Instructions of a whole run.
fn run(members: usize, burst: usize, rounds: usize) -> Result<u64> {
    let out = std::env::temp_dir().join(format!("roomcast-counts-{}", std::process::id()));
    let mut server = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(std::env::current_exe()?)
        .arg("serve")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("start valgrind (Debian's package of that name)")?;
    let mut line = String::new();
    BufReader::new(server.stdout.take().context("no output")?).read_line(&mut line)?;
    let addr = line.trim().parse().with_context(|| format!("it said `{line}`"))?;
    let mut room = Members::join(addr, members)?;
    (0..rounds).try_for_each(|_| room.publish(burst))?;
    drop(server.stdin.take());
    let status = server.wait()?;
    ensure!(status.success(), "the server ended with {status}");
    let text = fs::read_to_string(&out)?;
    fs::remove_file(&out)?;
    let summary = text.lines().find_map(|line| line.strip_prefix("summary: "));
    summary.and_then(|sum| sum.trim().parse().ok()).context("callgrind gave no summary")
}
