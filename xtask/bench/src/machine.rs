//! The machine: which core is whose, and what it is called beside its figures.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Which cores the server and the generator run on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Machine {
    /// The server's and the generator's; none where there is only one.
    cores: Option<(usize, usize)>,
    /// How many there are.
    count: usize,
}

impl Machine {
    /// Looks which cores there are.
    pub(crate) fn find() -> Result<Self> {
        let all = sched_getaffinity(None)?;
        let cores: Vec<_> = (0..CpuSet::MAX_CPU).filter(|core| all.is_set(*core)).collect();
        let first = cores.first().copied().zip(cores.get(1).copied());
        Ok(Self { cores: first, count: cores.len() })
    }

    /// How the cores are shared, and what it means where there is one.
    pub(crate) fn about(self) -> String {
        match self.cores {
            Some((server, other)) => {
                format!("the server on core {server}, the load generator on core {other}")
            }
            None => "one core for the server and the generator: these figures say nothing".into(),
        }
    }

    /// Processor, cores, kernel, day and commit, in one line.
    pub(crate) fn line(self, root: &Path) -> String {
        let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        let model = model.map_or("an unknown processor", |(_, name)| name.trim());
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let day = jiff::Timestamp::now().strftime("%Y-%m-%d");
        let commit = commit(root).unwrap_or_else(|| "unknown".to_owned());
        let (count, kernel) = (self.count, kernel.trim());
        format!("{model}, {count} cores, Linux {kernel}, {day}, commit {commit}")
    }

    /// What this thread starts from now on runs on the server's core, or on both.
    pub(crate) fn as_server(self, cores: usize) -> Result<()> {
        match self.cores {
            Some((server, other)) if cores > 1 => stay_on(&[server, other]),
            Some((server, _)) => stay_on(&[server]),
            None => Ok(()),
        }
    }

    /// What this thread starts from now on, and the thread itself, runs on the generator's core.
    pub(crate) fn as_generator(self) -> Result<()> {
        self.cores.map_or(Ok(()), |(_, other)| stay_on(&[other]))
    }
}

fn stay_on(these: &[usize]) -> Result<()> {
    let mut cores = CpuSet::new();
    for core in these {
        cores.set(*core);
    }
    Ok(sched_setaffinity(None, &cores)?)
}

/// Raises the limit of open files as far as the system lets anyone.
pub(crate) fn raise_open_files() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // Where it is refused the limit stays, and whoever opens too many is told so.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}

/// How many files one process may have open at most.
pub(crate) fn open_files() -> u64 {
    getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX)
}

/// The commit that is built, and whether something was changed since.
fn commit(root: &Path) -> Option<String> {
    let words = ["describe", "--always", "--dirty", "--exclude=*"];
    let output = Command::new("git").args(words).current_dir(root).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
