//! What is counted inside this process: allocations, encodings and writes.

use crate::client::Members;
use crate::server::Server;
use crate::{ALLOCATOR, Count};
use anyhow::Result;
use roomcast_core::Delivery;

/// Few members and many: what is the same for both is no cost of a delivery.
const FEW: usize = 10;
const MANY: usize = 210;
/// Messages of a burst, which are to go to each member in one write.
const BURST: usize = 32;
const ROUNDS: usize = 100;
/// An allocation for every delivery would be 1. More members take more turns of the worker, and
/// those an allocation now and then.
const NONE: f64 = 0.02;
/// A burst may come in two reads, and the worker tells its writes a turn later.
const STRAY: f64 = 0.1;

/// What so many members cost.
struct Cost {
    allocations: usize,
    encodings: u64,
    writes: u64,
}

pub(crate) fn count() -> Result<Vec<Count>> {
    let (few, many) = (cost(FEW, 1)?, cost(MANY, 1)?);
    let (few_bursts, many_bursts) = (cost(FEW, BURST)?, cost(MANY, BURST)?);
    let apiece = |few: &Cost, many: &Cost, burst: usize| {
        let deliveries = (MANY - FEW) * ROUNDS * burst;
        (many.allocations as f64 - few.allocations as f64).max(0.0) / deliveries as f64
    };
    let bursts = (MANY * ROUNDS) as f64;
    let count = |what, is, most| Count { what, is, most };
    let alone = apiece(&few, &many, 1);
    let together = apiece(&few_bursts, &many_bursts, BURST);
    let encodings = many.encodings as f64 / ROUNDS as f64;
    let (one, burst) = (many.writes as f64 / bursts, many_bursts.writes as f64 / bursts);
    Ok(vec![
        count("allocations a delivery, one message at a time", alone, NONE),
        count("allocations a delivery, 32 messages at once", together, NONE),
        count("encodings a message", encodings, 1.0),
        count("writes a member for one message", one, 1.0 + STRAY),
        count("writes a member for 32 messages at once", burst, 1.0 + STRAY),
    ])
}

/// What a hundred bursts of so many messages cost a room of so many.
fn cost(members: usize, burst: usize) -> Result<Cost> {
    let server = Server::start()?;
    let mut room = Members::join(server.addr, members)?;
    // What is made once and kept is no cost of a message.
    (0..ROUNDS).try_for_each(|_| room.publish(burst))?;
    let (allocations, encoded, writes) =
        (ALLOCATOR.stats().allocations, Delivery::encoded(), server.stats.writes());
    (0..ROUNDS).try_for_each(|_| room.publish(burst))?;
    Ok(Cost {
        allocations: ALLOCATOR.stats().allocations - allocations,
        encodings: Delivery::encoded() - encoded,
        writes: server.stats.writes() - writes,
    })
}
