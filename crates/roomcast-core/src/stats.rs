//! Plain counters of what the engine did; whoever serves metrics renders them.

use crate::session::Ending;
use roomcast_protocol::CloseCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A number that only its shard changes and anyone reads.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Counts so many more.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// Takes so many away.
    pub fn sub(&self, less: u64) {
        self.0.fetch_sub(less, Ordering::Relaxed);
    }

    /// Makes it that number.
    pub fn set(&self, number: u64) {
        self.0.store(number, Ordering::Relaxed);
    }

    /// The number now.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How values are spread over buckets whose bounds double.
#[derive(Debug)]
pub struct Histogram {
    /// The upper bound of the first bucket.
    first: f64,
    buckets: [AtomicU64; Self::BUCKETS],
    /// In units of `first / 1000`, so that it can be counted in whole numbers.
    sum: AtomicU64,
}

impl Histogram {
    /// How many buckets there are; the last takes everything beyond the others.
    pub const BUCKETS: usize = 20;

    /// A histogram whose first bucket ends at `first`, the second at twice that, and so on.
    #[must_use]
    pub fn new(first: f64) -> Self {
        Self { first, buckets: Default::default(), sum: AtomicU64::new(0) }
    }

    /// Counts a value.
    pub fn observe(&self, value: f64) {
        self.observe_many(value, 1);
    }

    /// Counts a value so many times.
    pub fn observe_many(&self, value: f64, times: u64) {
        let steps = (value / self.first).max(1.0).log2().ceil() as usize;
        self.buckets[steps.min(Self::BUCKETS - 1)].fetch_add(times, Ordering::Relaxed);
        let thousandths = (value / self.first * 1_000.0) as u64;
        self.sum.fetch_add(thousandths.wrapping_mul(times), Ordering::Relaxed);
    }

    /// Counts a duration in seconds.
    pub fn observe_duration(&self, value: Duration) {
        self.observe(value.as_secs_f64());
    }

    /// Each bucket's upper bound and how many values it holds, and the sum of all values.
    #[must_use]
    pub fn snapshot(&self) -> (Vec<(f64, u64)>, f64) {
        let bound = |index: usize| {
            if index + 1 == Self::BUCKETS {
                f64::INFINITY
            } else {
                self.first * f64::exp2(index as f64)
            }
        };
        let counts = self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed));
        let buckets = counts.enumerate().map(|(index, count)| (bound(index), count)).collect();
        (buckets, self.sum.load(Ordering::Relaxed) as f64 / 1_000.0 * self.first)
    }
}

macro_rules! stats {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What one shard has done and holds.
        #[derive(Debug)]
        pub struct Stats {
            $($(#[$doc])* pub $name: Counter,)*
            /// Sessions closed, by the code's place in [`CloseCode::ALL`]; the last counts
            /// clients that went by themselves.
            pub closed: [Counter; CloseCode::ALL.len() + 1],
            /// Members that one message was delivered to.
            pub fanout_size: Histogram,
            /// From a ping to the next sign of life.
            pub heartbeat_rtt: Histogram,
        }

        impl Default for Stats {
            fn default() -> Self {
                Self {
                    $($name: Counter::default(),)*
                    closed: Default::default(),
                    fanout_size: Histogram::new(1.0),
                    heartbeat_rtt: Histogram::new(0.001),
                }
            }
        }
    };
}

stats! {
    /// Sessions opened.
    opened,
    /// Sessions now.
    sessions,
    /// Rooms with members now.
    rooms,
    /// Memberships now.
    memberships,
    /// Messages accepted from clients.
    published_by_clients,
    /// Messages put into outboxes.
    delivered,
    /// Messages dropped for slow members of rooms that skip.
    dropped_slow,
    /// Messages replaced by newer ones of the same key.
    dropped_conflated,
    /// Commands that were read.
    commands,
    /// Commands refused because there were too many.
    rate_limited,
    /// Commands refused for another reason.
    refused,
    /// Joins that gave a room.
    joins,
    /// Joins that gave everything missed.
    recoveries,
    /// Joins that could not give everything missed.
    recoveries_failed,
    /// Times a room had to read what the shard missed.
    repairs,
    /// Bytes that wait for clients now.
    outbox_bytes,
}

impl Stats {
    pub(crate) fn count_closed(&self, ending: Ending) {
        let place = match ending {
            Ending::Code(code) => CloseCode::ALL.iter().position(|other| *other == code),
            Ending::Client => None,
        };
        self.closed[place.unwrap_or(CloseCode::ALL.len())].add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_falls_into_the_bucket_whose_bound_it_does_not_pass() {
        let histogram = Histogram::new(1.0);
        for value in [0.5, 1.0, 1.5, 2.0, 4.1, 1e12] {
            histogram.observe(value);
        }
        let (buckets, _) = histogram.snapshot();
        let counts: Vec<u64> = buckets.iter().map(|(_, count)| *count).collect();
        assert_eq!(counts[..4], [2, 2, 0, 1]);
        assert_eq!(counts[19], 1);
        assert_eq!(buckets[3].0, 8.0);
    }
}
