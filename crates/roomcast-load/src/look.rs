//! The server's process at the points of a run where it is looked at.

use crate::clock::{Nanos, seconds};
use crate::error::BenchError;
use crate::process::Process;
use crate::report::Server;

/// What was seen of the server's process; all stays 0 if there is none to look at.
#[derive(Debug, Default)]
pub(crate) struct Look {
    process: Option<Process>,
    before: u64,
    connected: u64,
    end: u64,
    cpu_before: Nanos,
    cpu_connected: Nanos,
    cpu_begin: Nanos,
    cpu: Nanos,
}

impl Look {
    /// Before the first connection.
    pub(crate) fn before(pid: Option<u32>) -> Result<Self, BenchError> {
        let mut look = Self { process: pid.map(Process), ..Self::default() };
        look.before = look.memory()?;
        look.cpu_before = look.cpu_now()?;
        Ok(look)
    }

    /// When all connections are there.
    pub(crate) fn connected(&mut self) -> Result<(), BenchError> {
        self.connected = self.memory()?;
        self.cpu_connected = self.cpu_now()?;
        Ok(())
    }

    /// When what the connections did first is over, and memory is to be looked at anew.
    pub(crate) fn settled(&mut self) -> Result<(), BenchError> {
        self.connected = self.memory()?;
        Ok(())
    }

    /// When the measured part begins.
    pub(crate) fn begin(&mut self) -> Result<(), BenchError> {
        self.cpu_begin = self.cpu_now()?;
        Ok(())
    }

    /// When the measured part ends.
    pub(crate) fn finish(&mut self) -> Result<(), BenchError> {
        self.cpu = self.cpu_now()?.saturating_sub(self.cpu_begin);
        Ok(())
    }

    /// At the end of all.
    pub(crate) fn end(&mut self) -> Result<(), BenchError> {
        self.end = self.memory()?;
        Ok(())
    }

    /// What there is to tell. `handshakes` is how many there were in the measured part, where that
    /// is what was measured.
    pub(crate) fn tell(
        &self,
        measured: f64,
        connections: u64,
        deliveries: u64,
        handshakes: Option<u64>,
    ) -> Option<Server> {
        self.process?;
        #[expect(clippy::cast_precision_loss, reason = "these are far below 2^52")]
        let share = |span: Nanos, by: u64| (by > 0).then(|| rounded(span as f64 / 1e3 / by as f64));
        let connecting = self.cpu_connected.saturating_sub(self.cpu_before);
        #[expect(clippy::cast_precision_loss, reason = "memory is far below 2^52")]
        let each = (self.connected as f64 - self.before as f64) / connections.max(1) as f64;
        Some(Server {
            cpu_seconds: rounded(seconds(self.cpu)),
            cpu_us_per_delivery: share(self.cpu, deliveries),
            cpu_us_per_handshake: match handshakes {
                Some(count) => share(self.cpu, count),
                None => share(connecting, connections),
            },
            busy: rounded(seconds(self.cpu) / measured),
            rss_before: self.before,
            rss_connected: self.connected,
            rss_end: self.end,
            rss_per_connection: each.round(),
        })
    }

    fn memory(&self) -> Result<u64, BenchError> {
        self.ask(Process::memory)
    }

    fn cpu_now(&self) -> Result<u64, BenchError> {
        self.ask(Process::cpu)
    }

    fn ask(&self, what: impl Fn(Process) -> std::io::Result<u64>) -> Result<u64, BenchError> {
        let Some(process) = self.process else { return Ok(0) };
        what(process).map_err(|error| BenchError::Process { pid: process.0, error })
    }
}

/// With four digits after the point.
pub(crate) fn rounded(number: f64) -> f64 {
    (number * 1e4).round() / 1e4
}
