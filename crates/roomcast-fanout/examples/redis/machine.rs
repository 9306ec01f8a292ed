//! The machine: which core is whose, and how much CPU time was taken.

use anyhow::{Context as _, Result};
use roomcast_testbed::{Redis, RedisOptions};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};
use std::time::{Duration, Instant};

/// Which cores the servers and this process run on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Machine {
    /// Redis' core and the node's; none where there is only one.
    cores: Option<(usize, usize)>,
}

impl Machine {
    /// Looks which cores there are, and stays on one of them.
    pub(crate) fn find() -> Result<Self> {
        let all = sched_getaffinity(None)?;
        let mut cores = (0..CpuSet::MAX_CPU).filter(|core| all.is_set(*core));
        let machine = Self { cores: cores.next().zip(cores.next()) };
        machine.as_node()?;
        Ok(machine)
    }

    pub(crate) fn about(&self) -> String {
        match self.cores {
            Some((redis, node)) => format!("Redis on core {redis}, everything else on core {node}"),
            None => "one core for all: Redis and the node are not pinned".to_owned(),
        }
    }

    /// The calling thread, and all that it starts from now on, run where Redis does.
    pub(crate) fn as_redis(&self) -> Result<()> {
        self.cores.map_or(Ok(()), |(redis, _)| stay_on(redis))
    }

    /// The calling thread, and all that it starts from now on, run where the node does.
    pub(crate) fn as_node(&self) -> Result<()> {
        self.cores.map_or(Ok(()), |(_, node)| stay_on(node))
    }

    /// A Redis on its core.
    pub(crate) fn redis(&self, append_only: bool) -> Result<Redis> {
        self.as_redis()?;
        let redis = Redis::start(&RedisOptions { append_only, ..RedisOptions::default() })?;
        self.as_node()?;
        Ok(redis)
    }
}

fn stay_on(core: usize) -> Result<()> {
    let mut cores = CpuSet::new();
    cores.set(core);
    Ok(sched_setaffinity(None, &cores)?)
}

/// A moment, and the CPU time taken until then.
#[derive(Debug)]
pub(crate) struct Start {
    at: Instant,
    process: Duration,
    redis: Duration,
}

/// How long something took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spent {
    pub(crate) time: Duration,
    /// CPU time of this process.
    pub(crate) process: Duration,
    /// CPU time of Redis.
    pub(crate) redis: Duration,
}

impl Start {
    pub(crate) fn now(redis: &Redis) -> Result<Self> {
        Ok(Self { redis: cpu_of_redis(redis)?, process: cpu(), at: Instant::now() })
    }

    pub(crate) fn spent(&self, redis: &Redis) -> Result<Spent> {
        let (time, process) = (self.at.elapsed(), cpu().saturating_sub(self.process));
        Ok(Spent { time, process, redis: cpu_of_redis(redis)?.saturating_sub(self.redis) })
    }
}

/// CPU time of this process, all of its threads.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

fn cpu_of_redis(redis: &Redis) -> Result<Duration> {
    let reply = redis.command(&["INFO", "cpu"])?;
    let text = reply.text().unwrap_or_default();
    let field = |name: &str| {
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        value.context("INFO cpu is not as it was")?.parse::<f64>().context("no number of seconds")
    };
    Ok(Duration::from_secs_f64(field("used_cpu_user")? + field("used_cpu_sys")?))
}

/// The threads of this process.
pub(crate) fn threads() -> Result<Vec<String>> {
    let names = std::fs::read_dir("/proc/self/task")?;
    names.map(|name| Ok(name?.file_name().to_string_lossy().into_owned())).collect()
}

/// CPU time of one of them.
pub(crate) fn cpu_of_thread(thread: &str) -> Result<Duration> {
    let text = std::fs::read_to_string(format!("/proc/self/task/{thread}/schedstat"))?;
    let nanoseconds = text.split_whitespace().next().context("an empty schedstat")?;
    Ok(Duration::from_nanos(nanoseconds.parse()?))
}
