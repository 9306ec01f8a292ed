//! Reading a room: for the joins that wait, and for the members where messages may be missing.

use super::{Shard, say_gap};
use crate::catchup::{recover, splice};
use crate::delivery::{Delivery, Placed};
use crate::inbox::Snapshot;
use crate::now::Now;
use crate::room::PendingJoin;
use roomcast_protocol::push::GapReason;
use roomcast_protocol::reply::{Joined, NotRecovered};
use roomcast_protocol::{CloseCode, ErrorCode, Position, Push, Refusal, Reply, RoomName};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most messages kept while a room is being read; beyond, the reading is done again.
const MAX_MEANWHILE: usize = 4_096;

impl Shard {
    /// Messages of the room may be missing: whatever the broker has is read, once more if a
    /// reading is under way, which may have come too soon to find them.
    pub(super) fn lost(&mut self, name: &RoomName, now: Now) {
        if let Some(&index) = self.names.get(name) {
            self.doubt(index, now);
        }
    }

    pub(super) fn doubt(&mut self, index: u32, now: Now) {
        self.rooms[index as usize].doubt = true;
        self.stats.repairs.add(1);
        self.read(index, now);
    }

    /// Reads the room for everyone who waits, unless a reading is under way: those who come
    /// meanwhile share the next one.
    pub(super) fn read(&mut self, index: u32, now: Now) {
        let room = &mut self.rooms[index as usize];
        if room.reading.is_some() {
            return;
        }
        let Some(want) = room.wants() else { return };
        room.doubt = false;
        self.next_ticket = self.next_ticket.wrapping_add(1);
        room.reading = Some(self.next_ticket);
        for pending in room.pending.values_mut() {
            pending.ticket = Some(self.next_ticket);
        }
        let name = room.name.clone();
        self.engine.broker.catch_up(&name, self.id, self.next_ticket, want, now);
    }

    /// While a reading is under way, keeps a message for when it comes back.
    pub(super) fn keep(&mut self, index: u32, message: &Arc<Placed>, now: Now) {
        let room = &mut self.rooms[index as usize];
        if room.reading.is_none() {
            return;
        }
        room.meanwhile.push(Arc::clone(message));
        if room.meanwhile.len() > MAX_MEANWHILE {
            room.meanwhile.clear();
            room.reading = None;
            room.doubt = true;
            self.read(index, now);
        }
    }

    /// A reading came back: the members get what they missed, those who wait are let in.
    pub(super) fn caught_up(
        &mut self,
        name: &RoomName,
        ticket: u32,
        found: Option<Snapshot>,
        now: Now,
    ) {
        let Some(&index) = self.names.get(name) else { return };
        let room = &mut self.rooms[index as usize];
        if room.reading != Some(ticket) {
            return;
        }
        room.reading = None;
        let meanwhile = std::mem::take(&mut room.meanwhile);
        let served = room.served_by(ticket);
        let found = found.and_then(|found| self.bring_to(index, found, meanwhile, now));
        match found {
            Some(found) => self.let_in(index, served, &found, now),
            None => self.send_back(index, served, now),
        }
    }

    /// Brings the room to where the snapshot and what came meanwhile end. What there is to know of
    /// it then; nothing if it ends before what was delivered here already.
    fn bring_to(
        &mut self,
        index: u32,
        mut found: Snapshot,
        meanwhile: Vec<Arc<Placed>>,
        now: Now,
    ) -> Option<Snapshot> {
        let read_to = found.head;
        let all_fit = splice(&mut found, meanwhile);
        self.rooms[index as usize].doubt |= !all_fit;
        self.repair(index, &found, read_to, now);
        (self.rooms[index as usize].position == Some(found.head)).then_some(found)
    }

    /// Brings the room to where the snapshot ends: delivers what was missed, says what is lost.
    /// `read_to` is how far the broker read.
    fn repair(&mut self, index: u32, found: &Snapshot, read_to: Position, now: Now) {
        let room = &mut self.rooms[index as usize];
        let last = room.position.unwrap_or(read_to);
        if last.epoch == found.head.epoch && last.offset > found.head.offset {
            return;
        }
        room.position = Some(found.head);
        let mut known = last.offset;
        if !found.reaches(last) {
            known = read_to.offset;
            self.begin_anew(index, read_to);
        } else if last.epoch != found.head.epoch {
            self.go_on(index, Position { offset: known, ..found.head });
        }
        if found.floor > known {
            self.tell_gap(index, known + 1, found.floor);
        }
        for message in &found.messages {
            if message.offset() > Some(known) {
                let delivery = Delivery::again(Arc::clone(message));
                self.gather(index, Arc::new(delivery), now);
            }
        }
        self.deliver(index, now);
    }

    fn tell_gap(&mut self, index: u32, from: u64, to: u64) {
        let room = self.rooms[index as usize].name.clone();
        let gap = Push::Gap { room, from, to, reason: GapReason::Broker, repairing: false };
        self.tell_members(index, |dialect| dialect.push(&gap));
    }

    /// The room's numbering goes on under another epoch: members are told, and miss nothing.
    fn go_on(&mut self, index: u32, position: Position) {
        self.tell_joined(index, position, None);
    }

    /// The room has a new numbering: members are told as if they had joined again.
    fn begin_anew(&mut self, index: u32, head: Position) {
        self.forget_places(index);
        self.tell_joined(index, head, Some(NotRecovered::Epoch));
    }

    fn tell_joined(&mut self, index: u32, position: Position, reason: Option<NotRecovered>) {
        let joined = Joined {
            room: self.rooms[index as usize].name.clone(),
            position,
            recovered: reason.is_none(),
            reason,
            messages: Vec::new(),
            members: None,
            count: None,
        };
        let joined = Reply::Joined(None, Box::new(joined));
        self.tell_members(index, |dialect| dialect.reply(&joined));
    }

    /// What waits for members goes out as it is: offsets before and after are not to be joined.
    fn forget_places(&mut self, index: u32) {
        for member in &self.rooms[index as usize].members {
            let session = &mut self.sessions[member.session as usize];
            let before = session.outbox.bytes();
            let (rooms, dialect) = (&self.rooms, session.dialect);
            session.outbox.forget_places(index, |gap| say_gap(rooms, dialect, gap));
            self.stats.outbox_bytes.add((session.outbox.bytes() - before) as u64);
        }
    }

    /// Lets in those whom the reading serves, and reads on for those who came later.
    fn let_in(
        &mut self,
        index: u32,
        served: BTreeMap<u32, PendingJoin>,
        found: &Snapshot,
        now: Now,
    ) {
        for pending in served.into_values() {
            let Some(session) = self.live(pending.session) else { continue };
            let (dialect, limit) = (session.dialect, session.recovery(&self.engine.config));
            let recovered = recover(&pending.join, found, dialect, limit);
            self.admit(index, pending, found.head, recovered, now);
        }
        self.read(index, now);
    }

    /// The room could not be read: members stay, those whom the reading was to serve are refused.
    /// It is read again for those who came later, or if messages were lost meanwhile; otherwise
    /// when there is a new sign, or this would go round and round.
    fn send_back(&mut self, index: u32, served: BTreeMap<u32, PendingJoin>, now: Now) {
        let room = &mut self.rooms[index as usize];
        let is_due = std::mem::replace(&mut room.doubt, true) || !room.pending.is_empty();
        for pending in served.into_values() {
            let message = "this room cannot be read now: try again";
            let refusal = Refusal::new(ErrorCode::Unavailable, message);
            let key = pending.session;
            self.refuse_join(index, pending, refusal, now);
            if self.live(key).is_some_and(|session| session.dialect.has_one_room()) {
                // It cannot ask again but by coming back.
                self.close(key, CloseCode::StateLost, now);
            }
        }
        if is_due {
            self.read(index, now);
        }
    }
}
