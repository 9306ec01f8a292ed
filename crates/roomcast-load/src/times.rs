//! How long things took, in microseconds: counted by size, so that percentiles can be told.

use crate::clock::Nanos;
use hdrhistogram::Histogram;
use serde::Serialize;

/// The longest that is told apart: 60 s.
const LONGEST: u64 = 60_000_000;

/// Times of one kind.
#[derive(Debug, Clone)]
pub(crate) struct Times(Histogram<u64>);

/// What there is to tell of many times, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Latency {
    /// The shortest.
    pub min: u64,
    /// The sum of all by their number.
    pub mean: f64,
    /// Half are no longer than this.
    pub p50: u64,
    /// 90 of 100 are no longer than this.
    pub p90: u64,
    /// 99 of 100 are no longer than this.
    pub p99: u64,
    /// 999 of 1,000 are no longer than this.
    pub p999: u64,
    /// The longest; what is longer than 60 s counts as 60 s.
    pub max: u64,
}

impl Times {
    pub(crate) fn new() -> Self {
        // From 1 µs to 60 s in three digits: these bounds are always taken.
        Self(Histogram::new_with_bounds(1, LONGEST, 3).unwrap_or_else(|_| unreachable!()))
    }

    #[inline]
    pub(crate) fn add(&mut self, time: Nanos) {
        self.0.saturating_record((time / 1000).max(1));
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.len()
    }

    /// What there is to tell, if anything was timed.
    pub(crate) fn latency(&self) -> Option<Latency> {
        let at = |quantile| self.0.value_at_quantile(quantile).min(self.0.max());
        (!self.0.is_empty()).then(|| Latency {
            min: self.0.min(),
            mean: (self.0.mean() * 10.0).round() / 10.0,
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: self.0.max(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_told_in_microseconds() {
        let mut times = Times::new();
        assert_eq!(times.latency(), None);
        (1..=1000).for_each(|number| times.add(number * 1_000));
        let told = times.latency().unwrap();
        assert_eq!((told.min, told.p50, told.p99, told.p999, told.max), (1, 500, 990, 999, 1000));
        times.add(u64::MAX);
        assert!(times.latency().unwrap().max >= 60_000_000);
    }
}
