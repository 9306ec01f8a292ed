//! The server's own figures, once a second, one message for each.

use super::Feed;
use crate::metrics::resident_bytes;
use roomcast_core::Hub;
use roomcast_transport::Stats;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// Where they are published.
pub(super) const ROOM: &str = "demo:server";
/// What is kept: two and a half minutes, within what a newcomer may ask for.
pub(super) const KEPT: usize = 900;
const EVERY: Duration = Duration::from_secs(1);

/// Publishes for as long as the server runs.
pub(super) async fn publish(feed: Feed, stats: Arc<Stats>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = Counters::read(&feed.hub, &stats);
    loop {
        ticks.tick().await;
        let now = Counters::read(&feed.hub, &stats);
        for (name, value) in now.figures(&last, &feed.hub) {
            feed.publish(name, &json!({ "name": name, "value": value }));
        }
        last = now;
    }
}

/// What only grows, at one moment.
struct Counters {
    at: Instant,
    published: u64,
    delivered: u64,
    sent: u64,
    /// Deliveries by how long they took: the upper bound of each bucket, and how many.
    delivery: Vec<(f64, u64)>,
}

impl Counters {
    fn read(hub: &Hub, stats: &Stats) -> Self {
        let shards = hub.stats().iter();
        Self {
            at: Instant::now(),
            published: shards.clone().map(|shard| shard.published_by_clients.get()).sum::<u64>()
                + hub.published_by_backend(),
            delivered: shards.map(|shard| shard.delivered.get()).sum(),
            sent: stats.sent_bytes(),
            delivery: stats.delivery.snapshot().0,
        }
    }

    /// What the dashboard shows: numbers now, and rates since the last time.
    fn figures(&self, last: &Self, hub: &Hub) -> [(&'static str, f64); 6] {
        let seconds = (self.at - last.at).as_secs_f64();
        let rate =
            |now: u64, then: u64| if seconds > 0.0 { (now - then) as f64 / seconds } else { 0.0 };
        [
            ("connections", hub.sessions() as f64),
            ("published", rate(self.published, last.published)),
            ("delivered", rate(self.delivered, last.delivered)),
            ("sent_bytes", rate(self.sent, last.sent)),
            ("delivery_p99_ms", self.slowest(last, 0.99) * 1_000.0),
            ("memory_bytes", resident_bytes().unwrap_or(0) as f64),
        ]
    }

    /// How long, in seconds, that part of the deliveries since then took at most: the bound of the
    /// bucket in which it ends.
    fn slowest(&self, last: &Self, part: f64) -> f64 {
        let since: Vec<(f64, u64)> = self
            .delivery
            .iter()
            .zip(&last.delivery)
            .map(|((bound, now), (_, then))| (*bound, now - then))
            .collect();
        let all: u64 = since.iter().map(|(_, count)| count).sum();
        let wanted = (all as f64 * part).ceil() as u64;
        let mut seen = 0;
        let bucket = since.iter().find(|(_, count)| {
            seen += count;
            *count > 0 && seen >= wanted
        });
        bucket.map_or(0.0, |(bound, _)| *bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counters(delivery: &[(f64, u64)]) -> Counters {
        let delivery = delivery.to_vec();
        Counters { at: Instant::now(), published: 0, delivered: 0, sent: 0, delivery }
    }

    #[test]
    fn the_slowest_of_a_part_is_where_the_part_ends() {
        let before = counters(&[(1.0, 5), (2.0, 5), (4.0, 5)]);
        let after = counters(&[(1.0, 103), (2.0, 6), (4.0, 6)]);
        assert_eq!(after.slowest(&before, 0.5), 1.0);
        assert_eq!(after.slowest(&before, 0.99), 2.0);
        assert_eq!(after.slowest(&before, 1.0), 4.0);
        assert_eq!(before.slowest(&before, 0.99), 0.0);
    }
}
