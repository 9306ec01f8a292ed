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
    Ok(vec![
        Count {
            what: "allocations a delivery, one message at a time",
            is: apiece(&few, &many, 1),
            most: 0.0,
        },
        Count {
            what: "allocations a delivery, 32 messages at once",
            is: apiece(&few_bursts, &many_bursts, BURST),
            most: 0.0,
        },
        Count { what: "encodings a message", is: many.encodings as f64 / ROUNDS as f64, most: 1.0 },
        Count {
            what: "writes a member for one message",
            is: many.writes as f64 / bursts,
            most: 1.0,
        },
        Count {
            what: "writes a member for 32 messages at once",
            is: many_bursts.writes as f64 / bursts,
            most: 1.0,
        },
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
