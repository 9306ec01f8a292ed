//! Messages on their way to Redis: in order, in batches, a few batches at a time.

use super::Task;
use crate::bus::{BusError, Outcome};
use crate::redis_broker::{Shared, unavailable};
use crate::request::{Done, Publish};
use roomcast_core::{Accepted, Answer, Asker};
use roomcast_protocol::command::Page;
use roomcast_protocol::{ErrorCode, Refusal, RoomName};
use std::collections::VecDeque;
use tokio::time::Instant;

/// Batches and pages that Redis is asked for at the same time. While that many are under way the
/// next batch grows.
const WINDOW: usize = 4;
/// Most messages in a batch, and most bytes unless it is one message. What a batch costs once for
/// each of its rooms is shared by more messages the larger it is; but Redis does nothing else
/// while it works on one: some milliseconds for the largest.
const MESSAGES: usize = 512;
const BYTES: usize = 256 << 10;

/// Links that may end while a message is under way; then it may be what ends them.
const LINKS: u32 = 3;

/// What waits to be given to Redis.
#[derive(Default)]
pub(super) struct Outgoing {
    queue: VecDeque<Item>,
    under_way: usize,
    /// Messages so far.
    serial: u64,
}

enum Item {
    Publish(Publish),
    Page(RoomName, Asker, Page, u32),
}

impl Outgoing {
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub(super) fn publish(&mut self, publish: Publish) {
        self.serial += 1;
        self.queue.push_back(Item::Publish(Publish { serial: self.serial, ..publish }));
    }

    /// A message is to be given to Redis again, before all that came after it.
    fn publish_again(&mut self, publish: Publish) {
        let is_later =
            |item: &Item| matches!(item, Item::Publish(other) if other.serial > publish.serial);
        let place = self.queue.iter().position(is_later).unwrap_or(self.queue.len());
        self.queue.insert(place, Item::Publish(publish));
    }

    pub(super) fn page(&mut self, room: RoomName, asker: Asker, page: Page, limit: u32) {
        self.queue.push_back(Item::Page(room, asker, page, limit));
    }

    /// The messages at the front that may go together.
    fn take_batch(&mut self, lane: impl Fn(&RoomName) -> u16) -> Vec<Publish> {
        let (mut batch, mut bytes, mut batch_lane) = (Vec::new(), 0, None);
        while let Some(Item::Publish(next)) = self.queue.front() {
            let lane = lane(&next.append.room);
            bytes += next.append.body.len();
            let is_full = batch.len() >= MESSAGES || (bytes > BYTES && !batch.is_empty());
            if is_full || *batch_lane.get_or_insert(lane) != lane {
                break;
            }
            if let Some(Item::Publish(next)) = self.queue.pop_front() {
                batch.push(next);
            }
        }
        batch
    }
}

impl Task {
    /// Gives Redis what waits, as much as may be under way.
    pub(super) fn send(&mut self) {
        while self.outgoing.under_way < WINDOW
            && let Some(link) = self.connection.link().cloned()
        {
            let batch = self.outgoing.take_batch(|room| link.lane(room));
            if batch.is_empty() {
                let Some(Item::Page(room, asker, page, limit)) = self.outgoing.queue.pop_front()
                else {
                    return;
                };
                self.outgoing.under_way += 1;
                self.read_page(room, asker, page, limit);
                continue;
            }
            self.outgoing.under_way += 1;
            self.shared.stats.batches.add(1);
            let answer = link.append(batch.iter().map(|one| one.append.clone()).collect());
            let asked = Instant::now();
            self.doing(async move { Done::Appended(batch, asked, answer.await) });
        }
    }

    /// One of those under way is done.
    pub(super) fn one_less(&mut self) {
        self.outgoing.under_way -= 1;
    }

    pub(super) fn appended(
        &mut self,
        batch: Vec<Publish>,
        asked: Instant,
        result: Result<Vec<Outcome>, BusError>,
    ) -> Option<BusError> {
        self.one_less();
        self.shared.stats.round_trip.observe_duration(asked.elapsed());
        match result {
            Ok(outcomes) => {
                self.shared.stats.published.add(batch.len() as u64);
                for (publish, outcome) in batch.into_iter().zip(outcomes) {
                    answer(&self.shared, publish, answer_of(outcome));
                }
                None
            }
            Err(error) => {
                self.not_appended(batch, &error);
                Some(error)
            }
        }
    }

    /// Where the link broke, a message may be stored or not: what has a name is given to Redis
    /// again, which then finds out; of the rest the publisher must hear.
    fn not_appended(&mut self, batch: Vec<Publish>, error: &BusError) {
        let why = match error {
            BusError::Lost(_) => "Redis went away: whether the message was stored is not known",
            BusError::Refused(_) => "Redis refused the message: nothing was stored",
        };
        let is_lost = matches!(error, BusError::Lost(_));
        for mut publish in batch.into_iter().rev() {
            publish.lost += 1;
            if is_lost && publish.append.name.is_some() && publish.lost < LINKS {
                self.outgoing.publish_again(publish);
            } else {
                refuse(&self.shared, publish, why);
            }
        }
    }

    /// Redis is away: nothing waits for it.
    pub(super) fn refuse_outgoing(&mut self) {
        for item in std::mem::take(&mut self.outgoing.queue) {
            match item {
                Item::Publish(publish) => refuse(&self.shared, publish, "Redis is away"),
                Item::Page(room, asker, ..) => self.shared.refuse(asker, &room, "Redis is away"),
            }
        }
    }
}

fn refuse(shared: &Shared, publish: Publish, why: &str) {
    shared.stats.refused.add(1);
    answer(shared, publish, Answer::Refused(unavailable(why)));
}

fn answer(shared: &Shared, publish: Publish, answer: Answer) {
    shared.stats.queue_bytes.sub(publish.append.body.len() as u64);
    publish.asker.tell(&shared.inboxes, &publish.append.room, answer);
}

fn answer_of(outcome: Outcome) -> Answer {
    match outcome {
        Outcome::Accepted { position, duplicate } => {
            Answer::Accepted(Accepted { position, duplicate })
        }
        Outcome::TooMany(wait) => Answer::Refused(Refusal {
            code: ErrorCode::RateLimited,
            message: "the members of this room publish too much".into(),
            retry_after: Some(wait),
        }),
    }
}
