//! How many times a server asks the kernel to send, counted by `strace`.

use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

/// Calls that put bytes into a socket.
const CALLS: &str = "trace=write,writev,sendto,sendmsg,sendmmsg";

/// Whether `strace` is there.
pub(crate) fn can_be_counted() -> bool {
    let mut strace = Command::new("strace");
    let status = strace.arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// Counts from now on.
pub(crate) struct Counting(Child);

impl Counting {
    /// Watches a process and all of its threads.
    pub(crate) fn start(pid: u32) -> Result<Self> {
        let mut strace = Command::new("strace");
        strace.args(["-c", "-f", "-qq", "-e", CALLS, "-p", &pid.to_string()]);
        let child = strace.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        Ok(Self(child.spawn().context("start strace")?))
    }

    /// How many there were.
    pub(crate) fn end(self) -> Result<u64> {
        let pid = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.context("an impossible process id")?, Signal::INT)?;
        let output = self.0.wait_with_output()?;
        let text = String::from_utf8_lossy(&output.stderr);
        ensure!(text.contains("total") || text.trim().is_empty(), "strace: {text}");
        Ok(total(&text))
    }
}

/// The number of calls in strace's summary.
fn total(text: &str) -> u64 {
    let line = text.lines().find(|line| line.ends_with("total"));
    let calls = line.and_then(|line| line.split_whitespace().nth(3));
    calls.and_then(|calls| calls.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::total;

    #[test]
    fn the_total_of_a_summary_is_read() {
        let text = "\
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 98.00    0.500000           5    100000        12 sendto
  2.00    0.010000           5      2000           write
------ ----------- ----------- --------- --------- ----------------
100.00    0.510000           5    102000        12 total
";
        assert_eq!(total(text), 102_000);
        assert_eq!(total(""), 0);
    }
}
