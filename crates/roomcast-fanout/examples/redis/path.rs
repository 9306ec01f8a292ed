//! One node's way through Redis: from publishing to delivery, and to the answer.

use crate::machine::{Machine, Start};
use crate::node::{Node, is_accepted, rooms};
use crate::table::{Sample, Table, sample};
use anyhow::{Result, bail, ensure};
use roomcast_core::Event;
use roomcast_protocol::RoomName;
use roomcast_testbed::Redis;
use std::time::{Duration, Instant};

/// Name, rooms, messages in flight, messages.
const RUNS: [(&str, usize, usize, usize); 4] = [
    ("node: one room, 4,096 in flight", 1, 4_096, 400_000),
    ("node: 100 rooms, 4,096 in flight", 100, 4_096, 400_000),
    ("node: one room, window 64", 1, 64, 200_000),
    ("node: one room, one in flight", 1, 1, 10_000),
];

pub(crate) async fn measure(machine: &Machine, table: &mut Table) -> Result<()> {
    for (name, count, in_flight, messages) in RUNS {
        let redis = machine.redis(false)?;
        let mut node = Node::start(&redis, 1).await?;
        let rooms = rooms("tea", count)?;
        node.join(&rooms).await?;
        // What happens once only, happens before.
        flow(&redis, &mut node, &rooms, in_flight, messages / 20).await?;
        let before = node.stats().batches.get();
        let measured = flow(&redis, &mut node, &rooms, in_flight, messages).await?;
        table.row(name, measured);
        let batch = messages as f64 / (node.stats().batches.get() - before) as f64;
        table.fact(&format!("{name}: messages in a batch"), "", batch);
        node.fanout.close().await;
    }
    Ok(())
}

/// Publishes so many messages, with so many not yet delivered and answered.
pub(crate) async fn flow(
    redis: &Redis,
    node: &mut Node,
    rooms: &[RoomName],
    in_flight: usize,
    messages: usize,
) -> Result<Sample> {
    let mut flow = Flow::default();
    let mut events = Vec::new();
    let start = Start::now(redis)?;
    while flow.done() < messages {
        while flow.sent.len() < messages && flow.sent.len() - flow.done() < in_flight {
            let room = &rooms[flow.sent.len() % rooms.len()];
            flow.sent.push(Instant::now());
            node.publish(room);
        }
        node.events(&mut events).await?;
        events.drain(..).try_for_each(|event| flow.take(&event))?;
    }
    let spent = start.spent(redis)?;
    if rooms.len() > 1 {
        // Those of different rooms may overtake each other.
        return Ok(sample(messages, spent, &mut [], &mut []));
    }
    Ok(sample(messages, spent, &mut flow.heard, &mut flow.answered))
}

/// Messages of one room are delivered and answered in the order they were published.
#[derive(Default)]
struct Flow {
    sent: Vec<Instant>,
    heard: Vec<Duration>,
    answered: Vec<Duration>,
}

impl Flow {
    fn done(&self) -> usize {
        self.heard.len().min(self.answered.len())
    }

    fn take(&mut self, event: &Event) -> Result<()> {
        match event {
            Event::Message { .. } => self.heard.push(self.sent[self.heard.len()].elapsed()),
            Event::Answer { answer, .. } => {
                ensure!(is_accepted(answer), "{answer:?}");
                self.answered.push(self.sent[self.answered.len()].elapsed());
            }
            // A look after the room may find messages that are on their way.
            Event::Lost(_) => {}
            other => bail!("{other:?} while nothing is wrong"),
        }
        Ok(())
    }
}
