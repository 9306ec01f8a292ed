//! What a process on this machine uses: its time on the processors, and its memory.

use rustix::time::{ClockId, clock_gettime};
use std::fs;
use std::io;

/// What a process has used when it was looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Process(pub(crate) u32);

impl Process {
    /// Nanoseconds that its threads have run.
    pub(crate) fn cpu(self) -> io::Result<u64> {
        let mut sum = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.0))? {
            // A thread can end while we look.
            if let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) {
                sum += text.split(' ').next().and_then(|n| n.parse::<u64>().ok()).unwrap_or(0);
            }
        }
        Ok(sum)
    }

    /// Bytes of memory that are its own (`RssAnon`).
    pub(crate) fn memory(self) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0))?;
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok());
        let missing = || io::Error::new(io::ErrorKind::InvalidData, "no RssAnon");
        kibibytes.map(|number: u64| number * 1024).ok_or_else(missing)
    }
}

/// Nanoseconds that the thread which asks has run.
pub(crate) fn own_cpu() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let part = |number| u64::try_from(number).unwrap_or(0);
    #[expect(clippy::useless_conversion, reason = "the width differs between systems")]
    let nanos = i64::from(time.tv_nsec);
    part(time.tv_sec) * 1_000_000_000 + part(nanos)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_process_can_look_at_itself() {
        let own = Process(std::process::id());
        assert!(own.memory().unwrap() > 10_000);
        assert!(own.cpu().unwrap() > 0);
        assert!(own_cpu() > 0);
        assert!(Process(u32::MAX).memory().is_err());
    }
}
