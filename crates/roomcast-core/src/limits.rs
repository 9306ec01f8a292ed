//! How many a second: the generic cell rate algorithm, one number for each limit.

use crate::now::Now;
use std::time::Duration;

/// Lets `per_second` through in the long run and `burst` at once (ITU-T I.371, GCRA).
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RateLimit {
    /// When the allowance would be full again, in nanoseconds of uptime.
    full_at: u64,
}

impl RateLimit {
    /// Takes one, or says how long to wait for it.
    pub(crate) fn take(&mut self, now: Now, per_second: u32, burst: u32) -> Result<(), Duration> {
        let now = u64::try_from(now.uptime.as_nanos()).unwrap_or(u64::MAX);
        let each = 1_000_000_000 / u64::from(per_second.max(1));
        let full_at = self.full_at.max(now).saturating_add(each);
        let allowed = now.saturating_add(each * u64::from(burst.max(1)));
        if full_at > allowed {
            return Err(Duration::from_nanos(full_at - allowed));
        }
        self.full_at = full_at;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_the_rate() {
        let at = |ms| Now { uptime: Duration::from_millis(ms), ..Now::default() };
        let mut limit = RateLimit::default();
        let passed = (0..20).filter(|_| limit.take(at(0), 10, 5).is_ok()).count();
        assert_eq!(passed, 5);
        assert_eq!(limit.take(at(0), 10, 5), Err(Duration::from_millis(100)));
        let passed = (0..50).filter(|n| limit.take(at(n * 20), 10, 5).is_ok()).count();
        assert_eq!(passed, 9);
    }
}
