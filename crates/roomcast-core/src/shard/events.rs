//! What a shard is told: messages are gathered for each room and delivered together, everything
//! else is done in turn. What concerns a room keeps its order; rooms do not wait for each other.

use super::Shard;
use crate::asker::{Ack, Answer, Caller};
use crate::delivery::Delivery;
use crate::inbox::Event;
use crate::now::Now;
use roomcast_protocol::RoomName;
use std::collections::VecDeque;

/// Events of large rooms that wait until the members of large rooms have been written to: what
/// comes meanwhile goes to them together.
#[derive(Debug, Default)]
pub(super) struct Held {
    events: VecDeque<Event>,
    /// Bytes of messages among them.
    bytes: usize,
}

impl Held {
    pub(super) fn is_any(&self) -> bool {
        !self.events.is_empty()
    }

    fn push(&mut self, event: Event) {
        self.bytes += event.weight();
        self.events.push_back(event);
    }

    fn pop(&mut self) -> Option<Event> {
        let event = self.events.pop_front()?;
        self.bytes -= event.weight();
        Some(event)
    }
}

impl Shard {
    /// Brokers, the presence store or the hub said something. Of messages hand in no more at once
    /// than [`Config::outbox`](crate::Config::outbox) bytes, or members that read in time are
    /// taken for slow; and write to those of [`Lane::Prompt`](super::Lane) before handing in more.
    pub fn handle(&mut self, events: impl IntoIterator<Item = Event>, now: Now) {
        self.release(now);
        for event in events {
            match event.room().and_then(|room| self.holds(room)) {
                Some(room) => {
                    self.rooms[room as usize].held += 1;
                    self.held.push(event);
                }
                None => self.take(event, now),
            }
        }
        self.deliver_all(now);
    }

    /// Whether held events may be handled now: hand in more, or nothing.
    #[must_use]
    pub fn may_resume(&self) -> bool {
        self.held.is_any() && !self.lanes.has_bulk()
    }

    /// Whether so much is held that nothing more should be handed in.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.held.bytes > self.engine.config.inbox / 2
    }

    /// The room, if its events have to wait.
    fn holds(&self, name: &RoomName) -> Option<u32> {
        if !self.lanes.has_bulk() && !self.held.is_any() {
            return None;
        }
        let index = *self.names.get(name)?;
        let room = &self.rooms[index as usize];
        let waits = room.held > 0 || (self.lanes.has_bulk() && self.is_large(index));
        waits.then_some(index)
    }

    pub(super) fn is_large(&self, room: u32) -> bool {
        self.rooms[room as usize].members.len() > self.engine.config.large_room
    }

    /// Takes up what was held, once everyone has been written to: an outbox of it.
    fn release(&mut self, now: Now) {
        let (most, mut weight) = (self.engine.config.outbox / 2, 0);
        while !self.lanes.has_bulk() && weight <= most {
            let Some(event) = self.held.pop() else { break };
            weight += event.weight();
            if let Some(&room) = event.room().and_then(|room| self.names.get(room)) {
                let room = &mut self.rooms[room as usize];
                room.held = room.held.saturating_sub(1);
            }
            self.take(event, now);
        }
        self.deliver_all(now);
    }

    fn take(&mut self, event: Event, now: Now) {
        if !may_batch(&event) {
            self.deliver_all(now);
        }
        match event {
            Event::Message { delivery, publisher } => {
                if let Some(publisher) = publisher {
                    self.accepted(&delivery, publisher);
                }
                self.message(delivery, now);
            }
            Event::Answer { caller, room, answer: Answer::Accepted(accepted) } => {
                self.acks.push(Ack { caller, room, accepted });
            }
            Event::Answer { caller, room, answer } => self.answer(caller, room, answer),
            Event::Lost(room) => self.lost(&room, now),
            Event::CaughtUp { room, ticket, snapshot } => {
                self.caught_up(&room, ticket, snapshot, now);
            }
            Event::System { event, text } => self.tell_everyone(event, text),
            Event::Presence { room, change } => self.presence_changed(&room, &change),
            Event::Disconnect { user, only, code, answer } => {
                // Who asked may wait no longer.
                _ = answer.send(self.disconnect(&user, only, code, now));
            }
            Event::Look(look) => self.look(look, now),
            Event::Drain { window } => self.drain(window, now),
        }
    }

    /// The publisher of a message hears behind it that it was accepted, if it wants a reply.
    fn accepted(&mut self, delivery: &Delivery, publisher: Caller) {
        if publisher.id.is_some() {
            self.acks.push(Ack::of(delivery, publisher));
        } else {
            self.answered(&publisher);
        }
    }

    /// Delivers what was gathered, in all rooms; the publishers' acks come behind.
    fn deliver_all(&mut self, now: Now) {
        let mut rooms = std::mem::take(&mut self.gathering);
        rooms.drain(..).for_each(|room| self.deliver(room, now));
        self.gathering = rooms;
        let mut acks = std::mem::take(&mut self.acks);
        for Ack { caller, room, accepted } in acks.drain(..) {
            self.answer(caller, room, Answer::Accepted(accepted));
        }
        self.acks = acks;
    }
}

/// Whether messages before and behind the event may go to the members together. An ack may come
/// behind newer messages.
fn may_batch(event: &Event) -> bool {
    matches!(event, Event::Message { .. } | Event::Answer { answer: Answer::Accepted(_), .. })
}
