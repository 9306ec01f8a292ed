//! Time since a run began, as whole nanoseconds.

use std::time::{Duration, Instant};

/// Nanoseconds since a [`Clock`] was started.
pub(crate) type Nanos = u64;

/// Where a run counts its time from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock(Instant);

impl Clock {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn now(self) -> Nanos {
        nanos(self.0.elapsed())
    }
}

/// A span in nanoseconds; what does not fit (584 years) is the most there is.
pub(crate) fn nanos(span: Duration) -> Nanos {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

/// Nanoseconds as seconds.
#[expect(clippy::cast_precision_loss, reason = "exact for a hundred days")]
pub(crate) fn seconds(span: Nanos) -> f64 {
    span as f64 / 1e9
}
