//! What the broker says: messages to members, in order, and what to do when some are missing.

use super::Shard;
use crate::asker::{Accepted, Answer, Caller};
use crate::catchup::page_of;
use crate::delivery::Delivery;
use crate::inbox::Snapshot;
use crate::now::Now;
use crate::outbox::{Place, Pushed};
use crate::room_kind::Slow;
use roomcast_protocol::command::PresenceMode;
use roomcast_protocol::dialect::MAX_SLOTS;
use roomcast_protocol::push::{GapReason, PresenceChange};
use roomcast_protocol::reply::{Joined, NotRecovered};
use roomcast_protocol::{CloseCode, ErrorCode, Frame, Position, Push, Refusal, Reply, RoomName};
use std::sync::Arc;

/// Most deliveries kept while a room is being read; beyond, the reading is done again.
const MAX_MEANWHILE: usize = 4_096;

impl Shard {
    /// A message came: it is delivered, known already, or a sign that some are missing.
    pub(super) fn message(&mut self, delivery: &Arc<Delivery>, now: Now) {
        let Some(&index) = self.names.get(&delivery.message.room) else { return };
        let room = &mut self.rooms[index as usize];
        let Some(position) = delivery.message.position else {
            return self.deliver(index, delivery, now);
        };
        if room.is_next(position) {
            room.position = Some(position);
            room.heard_of = position.offset;
            if room.reading.is_some() {
                room.meanwhile.push(Arc::clone(delivery));
            }
            if room.meanwhile.len() > MAX_MEANWHILE {
                room.meanwhile.clear();
                room.reading = None;
                self.read(index, now);
            }
            self.deliver(index, delivery, now);
        } else if !room.is_old(position) {
            room.heard_of = room.heard_of.max(position.offset);
            self.stats.repairs.add(u64::from(room.reading.is_none()));
            self.read(index, now);
        }
    }

    /// Messages of the room may be missing: whatever the broker has is read, once more if a
    /// reading is under way, which may have come too soon to find them.
    pub(super) fn lost(&mut self, name: &RoomName, now: Now) {
        let Some(&index) = self.names.get(name) else { return };
        self.rooms[index as usize].doubt = true;
        self.stats.repairs.add(1);
        self.read(index, now);
    }

    /// Brings the room to where the snapshot ends: delivers what was missed, says what is lost.
    /// Where the room stands then.
    pub(super) fn repair(&mut self, index: u32, found: &Snapshot, now: Now) -> Position {
        let room = &mut self.rooms[index as usize];
        let last = *room.position.get_or_insert(found.head);
        if last.epoch != found.head.epoch {
            self.begin_anew(index, found.head);
            return found.head;
        }
        if found.head.offset < last.offset {
            return last;
        }
        room.position = Some(found.head);
        room.heard_of = found.head.offset;
        if found.floor > last.offset {
            self.tell_gap(index, last.offset + 1, found.floor);
        }
        for delivery in &found.messages {
            if delivery.offset() > Some(last.offset) {
                self.deliver(index, delivery, now);
            }
        }
        found.head
    }

    fn tell_gap(&mut self, index: u32, from: u64, to: u64) {
        let name = self.rooms[index as usize].name.clone();
        let gap = Push::Gap { room: name, from, to, reason: GapReason::Broker, repairing: false };
        self.tell_members(index, |shard, session| shard.push(session, &gap));
    }

    /// The room has a new numbering: members are told as if they had joined again.
    fn begin_anew(&mut self, index: u32, head: Position) {
        let room = &mut self.rooms[index as usize];
        room.position = Some(head);
        room.heard_of = head.offset;
        let joined = Joined {
            room: room.name.clone(),
            position: head,
            recovered: false,
            reason: Some(NotRecovered::Epoch),
            messages: Vec::new(),
            members: None,
            count: None,
        };
        let joined = Reply::Joined(None, Box::new(joined));
        self.tell_members(index, |shard, session| shard.reply(session, &joined));
    }

    fn tell_members(&mut self, room: u32, tell: impl Fn(&mut Self, u32)) {
        for place in 0..self.rooms[room as usize].members.len() {
            let session = self.rooms[room as usize].members[place].session;
            tell(self, session);
        }
    }

    /// Puts a message into the outbox of every member: the hot path.
    fn deliver(&mut self, index: u32, delivery: &Delivery, now: Now) {
        let (room, config) = (&self.rooms[index as usize], &self.engine.config);
        let place = Place { room: index, offset: delivery.offset(), key: delivery.key };
        let (mut delivered, mut bytes, mut dropped) = (0u64, 0u64, 0u64);
        for member in &room.members {
            let session = &mut self.sessions[member.session as usize];
            if delivery.skip == Some(session.id) {
                continue;
            }
            let before = session.outbox.bytes();
            let frame = delivery.frame(session.dialect);
            let bounds = session.bounds(config);
            let pushed = session.outbox.push_message(frame, place, room.kind.slow, bounds);
            bytes = bytes.wrapping_add((session.outbox.bytes() as u64).wrapping_sub(before as u64));
            let Pushed::Waits { dropped: more } = pushed else {
                self.sweeper.overflowed.push(session.key(member.session));
                continue;
            };
            dropped += more;
            delivered += 1;
            if session.blocked.is_none() && !std::mem::replace(&mut session.ready, true) {
                self.ready.push_back(member.session);
            }
        }
        self.stats.outbox_bytes.add(bytes);
        self.stats.delivered.add(delivered);
        self.stats.fanout_size.observe(delivered as f64);
        match room.kind.slow {
            Slow::Latest => self.stats.dropped_conflated.add(dropped),
            _ => self.stats.dropped_slow.add(dropped),
        }
        self.close_overflowed(now);
    }

    /// Closes those whose outbox found no room.
    pub(super) fn close_overflowed(&mut self, now: Now) {
        while let Some(key) = self.sweeper.overflowed.pop() {
            self.close(key, CloseCode::TooSlow, now);
        }
    }

    /// The session of a command that was answered, if it is still there.
    fn answered(&mut self, caller: &Caller) -> Option<u32> {
        self.live(caller.session)?;
        self.answered_here(caller.session.index);
        Some(caller.session.index)
    }

    /// One command of the session waits no longer.
    pub(super) fn answered_here(&mut self, index: u32) {
        let session = &mut self.sessions[index as usize];
        session.in_flight = session.in_flight.saturating_sub(1);
    }

    /// The broker answers a command.
    pub(super) fn answer(&mut self, caller: Caller, room: RoomName, answer: Answer) {
        let Some(index) = self.answered(&caller) else { return };
        let id = caller.id;
        match answer {
            Answer::Accepted(Accepted { position, duplicate }) => {
                if let Some(id) = id {
                    self.reply(index, &Reply::Ack { id, room, position, duplicate });
                }
            }
            Answer::Refused(refusal) => self.refuse(index, id, Some(room), refusal),
            Answer::Page(page, found) => {
                let session = &self.sessions[index as usize];
                let limit = session.recovery(&self.engine.config);
                if limit == 0 {
                    // A page has one message at least: so many of them would overflow.
                    let message = "much waits for you already: read it, then ask again";
                    let refusal = Refusal::new(ErrorCode::RateLimited, message);
                    return self.refuse(index, id, Some(room), refusal);
                }
                let (messages, more) = page_of(&found, page, session.dialect, limit);
                self.reply(index, &Reply::History { id, room, messages, more });
            }
        }
    }

    /// The members of a room changed: those who asked are told, encoded once for each dialect.
    pub(super) fn presence_changed(&mut self, name: &RoomName, change: &Arc<PresenceChange>) {
        let Some(&index) = self.names.get(name) else { return };
        let mut frames: [[Option<Option<Frame>>; 2]; MAX_SLOTS] = Default::default();
        for place in 0..self.rooms[index as usize].members.len() {
            let member = self.rooms[index as usize].members[place];
            if member.presence == PresenceMode::None {
                continue;
            }
            let only_count = member.presence == PresenceMode::Count;
            let dialect = self.sessions[member.session as usize].dialect;
            let frame = frames[dialect.slot()][usize::from(only_count)].get_or_insert_with(|| {
                let (room, change) = (name.clone(), Arc::clone(change));
                dialect.push(&Push::Presence { room, change, only_count })
            });
            if let Some(frame) = frame.clone() {
                self.push_frame(member.session, frame);
            }
        }
    }
}
