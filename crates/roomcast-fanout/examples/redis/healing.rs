//! 10,000 rooms after Redis was killed, stood still for some seconds and came back.
//!
//! The clock begins with the first `PING` that the new server answers. A room is well again when
//! its shard was told that it lost something, has read it, and was given a position in the epoch
//! that began then: from there on it delivers what comes. All are well when the last room is,
//! and a message published in that one then was delivered.

use crate::machine::Machine;
use crate::node::{Node, PATIENCE, is_accepted, rooms};
use crate::table::Table;
use anyhow::{Context as _, Result, bail, ensure};
use roomcast_core::Event;
use roomcast_fanout::fanout::Status;
use roomcast_protocol::{Epoch, RoomName};
use roomcast_testbed::{Connection, Redis};
use std::collections::{HashMap, HashSet};
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

const ROOMS: usize = 10_000;
/// How long there is no Redis: long enough for a node to try ever more seldom.
const AWAY: Duration = Duration::from_secs(3);

pub(crate) async fn measure(machine: &Machine, table: &mut Table) -> Result<()> {
    for keeps in [true, false] {
        let mut redis = machine.redis(keeps)?;
        let mut node = Node::start(&redis, 1).await?;
        let rooms = rooms("tea", ROOMS)?;
        let start = Instant::now();
        node.join(&rooms).await?;
        let data = if keeps { "with its data" } else { "empty" };
        if !keeps {
            table.fact("10,000 rooms subscribed to and read at first", "s", seconds(start));
        }
        let mut healing = Healing { epochs: HashMap::new(), well: HashSet::new() };
        healing.publish_in_all(&mut node, &rooms).await?;
        redis.kill()?;
        let (up, answers) = (watch_up(&node), come_back(*machine, redis, keeps));
        let (last, all_well) = healing.wait(&mut node).await?;
        healing.hear(&mut node, &last).await?;
        let heard = Instant::now();
        let (redis, first_answer) = answers.await??;
        let since = |at: Instant| at.saturating_duration_since(first_answer).as_secs_f64();
        let name = |what: &str| format!("10,000 rooms, Redis comes back {data}: {what}");
        table.fact(&name("the link is made"), "s", since(up.await?));
        table.fact(&name("the last room is read"), "s", since(all_well));
        table.fact(&name("a message in it is delivered"), "s", since(heard));
        node.fanout.close().await;
        drop(redis);
    }
    Ok(())
}

fn seconds(start: Instant) -> f64 {
    start.elapsed().as_secs_f64()
}

struct Healing {
    /// The epoch of each room before.
    epochs: HashMap<RoomName, Epoch>,
    /// Rooms that are in a later one.
    well: HashSet<RoomName>,
}

impl Healing {
    /// One message in each room, delivered and answered.
    async fn publish_in_all(&mut self, node: &mut Node, rooms: &[RoomName]) -> Result<()> {
        rooms.iter().for_each(|room| node.publish(room));
        let (mut answered, mut events) = (0, Vec::new());
        while self.epochs.len() < rooms.len() || answered < rooms.len() {
            node.events(&mut events).await?;
            for event in events.drain(..) {
                match event {
                    Event::Message { delivery, .. } => {
                        let position = delivery.message.position.context("no position")?;
                        self.epochs.insert(delivery.message.room.clone(), position.epoch);
                    }
                    Event::Answer { answer, .. } if is_accepted(&answer) => answered += 1,
                    other => bail!("{other:?} before anything is wrong"),
                }
            }
        }
        Ok(())
    }

    /// Does what shards do until every room is in a later epoch: the last one, and when that was.
    async fn wait(&mut self, node: &mut Node) -> Result<(RoomName, Instant)> {
        let mut events = Vec::new();
        loop {
            node.events(&mut events).await?;
            for event in events.drain(..) {
                match event {
                    Event::Lost(room) => node.catch_up(&room, 0),
                    Event::CaughtUp { room, snapshot: Some(snapshot), .. } => {
                        if self.epochs.get(&room) != Some(&snapshot.head.epoch) {
                            self.well.insert(room.clone());
                        }
                        if self.well.len() == self.epochs.len() {
                            return Ok((room, Instant::now()));
                        }
                    }
                    Event::CaughtUp { .. } | Event::System { .. } => {}
                    other => bail!("{other:?} while rooms are read"),
                }
            }
        }
    }

    /// Publishes in the room until it is heard there.
    async fn hear(&self, node: &mut Node, room: &RoomName) -> Result<()> {
        let mut events = Vec::new();
        node.publish(room);
        loop {
            node.events(&mut events).await?;
            for event in events.drain(..) {
                match event {
                    Event::Message { delivery, .. } => {
                        ensure!(delivery.message.room == *room, "of another room");
                        return Ok(());
                    }
                    Event::Answer { answer, .. } => ensure!(is_accepted(&answer), "{answer:?}"),
                    _ => {}
                }
            }
        }
    }
}

/// When the node has a link again.
fn watch_up(node: &Node) -> oneshot::Receiver<Instant> {
    let mut status = node.fanout.status();
    let (sender, receiver) = oneshot::channel();
    tokio::spawn(async move {
        // Whoever measures sees that nothing was sent.
        let down = status.wait_for(|status| *status != Status::Up).await.map(|_| ());
        let up = status.wait_for(|status| *status == Status::Up).await.map(|_| ());
        if down.and(up).is_ok() {
            _ = sender.send(Instant::now());
        }
    });
    receiver
}

/// Starts Redis anew after a while, on its core: it, and when it first answered.
fn come_back(
    machine: Machine,
    mut redis: Redis,
    keeps: bool,
) -> oneshot::Receiver<Result<(Redis, Instant)>> {
    let (sender, receiver) = oneshot::channel();
    thread::spawn(move || {
        thread::sleep(AWAY);
        let port = redis.port();
        let answered = thread::spawn(move || first_answer(port));
        let come = machine.as_redis().and_then(|()| redis.restart(keeps));
        let answered = answered.join().unwrap_or_else(|_| bail!("no answer"));
        // Whoever measures has given up if nobody hears this.
        _ = sender.send(come.and(answered).map(|at| (redis, at)));
    });
    receiver
}

/// Asks every half millisecond until there is an answer.
fn first_answer(port: u16) -> Result<Instant> {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        let ask = |mut connection: Connection| connection.ask(&["PING"]);
        let answer = Connection::open(port, PATIENCE).and_then(ask);
        if answer.is_ok_and(|answer| answer.text() == Some("PONG")) {
            return Ok(Instant::now());
        }
        thread::sleep(Duration::from_micros(500));
    }
    bail!("Redis did not answer again")
}
