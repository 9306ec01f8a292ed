//! Instructions in user space, counted by callgrind: the same server is run twice, once with more
//! messages, and the difference is theirs.

use crate::Count;
use crate::client::Members;
use anyhow::{Context, Result, ensure};
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

const MEMBERS: usize = 100;
const ROUNDS: usize = 50;

pub(crate) fn count() -> Result<Vec<Count>> {
    Ok(vec![
        Count {
            what: "instructions a delivery, one message at a time",
            is: apiece(MEMBERS, 1)?,
            most: 600.0,
        },
        Count {
            what: "instructions a delivery, 32 messages at once",
            is: apiece(MEMBERS, 32)?,
            most: 300.0,
        },
        Count {
            what: "instructions a message in a room of one",
            is: apiece(1, 1)?,
            most: 40_000.0,
        },
    ])
}

/// Instructions for one message to one of so many members, in bursts of so many messages.
fn apiece(members: usize, burst: usize) -> Result<f64> {
    let (once, thrice) = (run(members, burst, ROUNDS)?, run(members, burst, 3 * ROUNDS)?);
    let deliveries = members * burst * 2 * ROUNDS;
    Ok((thrice.saturating_sub(once)) as f64 / deliveries as f64)
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
