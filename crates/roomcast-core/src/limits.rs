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
    use proptest::prelude::*;

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

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn no_more_pass_than_the_burst_and_the_rate_and_whoever_waits_passes(
            per_second in prop_oneof![0u32..20, 1u32..=u32::MAX],
            burst in prop_oneof![0u32..20, 1u32..=u32::MAX],
            pauses in proptest::collection::vec(0u64..300_000_000, 1..100),
        ) {
            let each = 1_000_000_000 / u128::from(per_second.max(1));
            let at = |nanos| Now { uptime: Duration::from_nanos(nanos), ..Now::default() };
            let (mut limit, mut now, mut passed) = (RateLimit::default(), 5, 0u128);
            for pause in pauses {
                now += pause;
                match limit.take(at(now), per_second, burst) {
                    Ok(()) => passed += 1,
                    Err(wait) => {
                        now += u64::try_from(wait.as_nanos()).unwrap();
                        prop_assert!(limit.take(at(now), per_second, burst).is_ok());
                        passed += 1;
                    }
                }
                let allowed = u128::from(now) + each * u128::from(burst.max(1));
                prop_assert!(passed * each <= allowed, "{} passed", passed);
            }
        }
    }
}
