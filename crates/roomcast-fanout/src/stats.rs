//! Plain counters of what the fan-out did; whoever serves metrics renders them.

use roomcast_core::stats::{Counter, Histogram};

/// What the fan-out of one node has done and holds.
#[derive(Debug)]
pub struct Stats {
    /// Links to Redis that were made.
    pub links: Counter,
    /// Links that broke.
    pub links_lost: Counter,
    /// Rooms whose channel is heard now.
    pub rooms: Counter,
    /// Messages given to Redis.
    pub published: Counter,
    /// Batches they were given in.
    pub batches: Counter,
    /// Messages refused because Redis was away, refused them, or too many waited.
    pub refused: Counter,
    /// Messages that came from Redis.
    pub received: Counter,
    /// Times that so much came at once that some was dropped, and everything was checked.
    pub lagged: Counter,
    /// Rooms found to have missed something after the link was made, or too much came at once.
    pub missed: Counter,
    /// Readings of a room's log.
    pub reads: Counter,
    /// Nodes whose presence this node ended, room by room.
    pub reaped: Counter,
    /// Bytes of messages that wait to be given to Redis now.
    pub queue_bytes: Counter,
    /// From giving a batch to Redis until it was done, in seconds.
    pub round_trip: Histogram,
}

impl Default for Stats {
    fn default() -> Self {
        Self {
            links: Counter::default(),
            links_lost: Counter::default(),
            rooms: Counter::default(),
            published: Counter::default(),
            batches: Counter::default(),
            refused: Counter::default(),
            received: Counter::default(),
            lagged: Counter::default(),
            missed: Counter::default(),
            reads: Counter::default(),
            reaped: Counter::default(),
            queue_bytes: Counter::default(),
            round_trip: Histogram::new(0.000_1),
        }
    }
}
