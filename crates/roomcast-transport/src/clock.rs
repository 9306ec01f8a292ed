//! The clock that the engine is told the time by: one for all workers.

use roomcast_core::Now;
use roomcast_protocol::Timestamp;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Tells the time since it was made, and the wall clock's.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    began: Instant,
}

impl Default for Clock {
    fn default() -> Self {
        // An uptime of zero would make "never" and "at the beginning" the same moment.
        let began = Instant::now();
        Self { began: began.checked_sub(Duration::from_secs(1)).unwrap_or(began) }
    }
}

impl Clock {
    /// The moment it is.
    #[must_use]
    pub fn now(&self) -> Now {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now {
            uptime: self.began.elapsed(),
            wall: Timestamp::from_millis(i64::try_from(wall.as_millis()).unwrap_or(i64::MAX)),
        }
    }
}
