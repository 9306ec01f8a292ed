//! Connections that only are there: idle ones, and ones that come and go.

mod churn;
mod idle;

pub(crate) use churn::churn;
pub(crate) use idle::idle;

use crate::clock::{Nanos, nanos};
use crate::course::Measured;
use crate::error::BenchError;
use crate::net::{Ears, Net};
use crate::process::own_cpu;
use crate::tally::Tally;
use memchr::memmem;
use std::time::Duration;

/// The longest that nothing is looked at.
const LONGEST_WAIT: Duration = Duration::from_millis(20);

/// Hears whether what is waited for has come.
#[derive(Debug, Default)]
pub(crate) struct Quiet {
    tally: Tally,
    awaited: Option<Vec<u8>>,
    /// Connections that became ready since this was last emptied.
    ready: Vec<usize>,
}

impl Ears for Quiet {
    fn tally(&mut self) -> &mut Tally {
        &mut self.tally
    }

    fn ready(&mut self, index: usize, _payload: &[u8], _now: Nanos) {
        self.ready.push(index);
    }

    fn heard(&mut self, _index: usize, payload: &[u8], _now: Nanos) -> bool {
        let is_awaited = |awaited: &Vec<u8>| memmem::find(payload, awaited).is_some();
        if self.awaited.as_ref().is_some_and(is_awaited) {
            self.awaited = None;
            return true;
        }
        false
    }
}

impl Quiet {
    /// Keeps the connections alive, and calls `step` in between, for so long.
    fn keep(
        &mut self,
        net: &mut Net,
        span: Duration,
        mut step: impl FnMut(&mut Self, &mut Net, Nanos) -> Result<Duration, BenchError>,
    ) -> Result<Measured, BenchError> {
        let begun = net.clock.now();
        let until = begun.saturating_add(nanos(span));
        let own = own_cpu();
        let mut idle = 0;
        loop {
            let now = net.clock.now();
            if now >= until {
                let seconds = crate::clock::seconds(now - begun);
                let own_cpu = own_cpu() - own;
                return Ok(Measured { seconds, own_cpu, idle, received: 0 });
            }
            let wait = step(self, net, now)?.min(LONGEST_WAIT);
            let before = net.clock.now();
            if net.turn(Some(wait), self)? == 0 {
                idle += net.clock.now() - before;
            }
        }
    }
}
