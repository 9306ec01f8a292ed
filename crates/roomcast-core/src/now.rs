//! The time, as the engine is told it.

use roomcast_protocol::Timestamp;
use std::num::NonZeroU64;
use std::time::Duration;

/// A moment, both as a stopwatch and as a wall clock tell it. Whoever drives the engine makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    /// Since the process began; never goes back.
    pub uptime: Duration,
    /// What people's clocks show.
    pub wall: Timestamp,
}

impl Now {
    /// Milliseconds since the process began: what deadlines are kept in.
    pub(crate) fn ms(self) -> u64 {
        millis(self.uptime)
    }
}

/// A moment in milliseconds of uptime, of which none is no larger: a session keeps several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment(NonZeroU64);

impl Moment {
    pub(crate) fn of(ms: u64) -> Self {
        Self(NonZeroU64::MIN.saturating_add(ms))
    }

    pub(crate) fn ms(self) -> u64 {
        self.0.get() - 1
    }
}

/// A duration in whole milliseconds.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
