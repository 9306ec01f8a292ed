//! What the link to other nodes did. A node that is alone has none of these, so that an alert on
//! `roomcast_broker_up == 0` is not for it.

use super::Page;
use crate::link::LinkView;
use roomcast_core::stats::Counter;
use roomcast_fanout::Stats;
use std::fmt;

pub(super) fn encode(link: &LinkView, page: &mut Page<'_>) -> fmt::Result {
    page.gauge("roomcast_broker_up", "1 while Redis is there", u64::from(link.is_up()))?;
    // Taken apart, so that nothing new in it is forgotten here.
    let Stats {
        links,
        links_lost,
        rooms,
        published,
        batches,
        refused,
        received,
        lagged,
        missed,
        reads,
        reaped,
        queue_bytes,
        round_trip,
    } = &*link.stats;
    let counters = [
        ("links", "Links to Redis made", links),
        ("links_lost", "Links to Redis that broke", links_lost),
        ("published", "Messages given to Redis", published),
        ("batches", "Batches that messages were given to Redis in", batches),
        ("refused", "Messages that could not be given to Redis", refused),
        ("received", "Messages that came from Redis", received),
        ("lagged", "Times so much came from Redis at once that some was dropped", lagged),
        ("missed", "Rooms found to have missed something", missed),
        ("reads", "Readings of rooms' logs in Redis", reads),
        ("reaped", "Departures told for nodes that showed no sign of life", reaped),
    ];
    write(page, &counters)?;
    page.gauge("roomcast_broker_rooms", "Rooms heard from Redis", rooms.get())?;
    let waiting = queue_bytes.get();
    page.gauge("roomcast_broker_queue_bytes", "Bytes that wait for Redis", waiting)?;
    page.histogram(ROUND_TRIP, "From a batch given to Redis until done", &[round_trip.snapshot()])
}

const ROUND_TRIP: &str = "roomcast_broker_round_trip_seconds";

fn write(page: &mut Page<'_>, counters: &[(&str, &str, &Counter)]) -> fmt::Result {
    counters.iter().try_for_each(|(name, help, counter)| {
        page.counter(&format!("roomcast_broker_{name}"), help, counter.get())
    })
}
