//! How far a run is, told a few times a second.

use crate::clock::Nanos;

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Progress {
    /// Connections are opened.
    Connecting {
        /// How many are ready.
        done: usize,
        /// How many there are to be.
        of: usize,
    },
    /// Each connection sends one message and gets it back.
    Exchanging {
        /// How many have.
        done: usize,
        /// How many there are.
        of: usize,
    },
    /// The warm-up, or what is measured.
    Running {
        /// Seconds until its end.
        left: f64,
        /// Deliveries so far, or handshakes in a churn.
        received: u64,
    },
    /// The last deliveries are waited for.
    Waiting {
        /// How many have not come.
        missing: u64,
    },
}

const BEAT: Nanos = 100_000_000;

/// Tells how far a run is, ten times a second.
pub(crate) struct Pulse<'a> {
    told: Nanos,
    tell: &'a mut dyn FnMut(Progress),
}

impl<'a> Pulse<'a> {
    pub(crate) fn new(tell: &'a mut dyn FnMut(Progress)) -> Self {
        Self { told: 0, tell }
    }

    /// Whether it is time to tell again.
    pub(crate) fn beats(&self, now: Nanos) -> bool {
        now.saturating_sub(self.told) >= BEAT
    }

    pub(crate) fn tell(&mut self, now: Nanos, progress: Progress) {
        self.told = now;
        (self.tell)(progress);
    }
}
