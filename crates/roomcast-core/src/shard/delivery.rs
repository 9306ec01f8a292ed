//! What the broker says: messages to members, in order, and what to do when some are missing.

use super::cast::{Cast, Sum};
use super::{Lane, Shard};
use crate::asker::{Accepted, Answer, Caller};
use crate::catchup::page_of;
use crate::delivery::Delivery;
use crate::now::Now;
use crate::presence::Roster;
use crate::room::Coming;
use crate::room_kind::Slow;
use crate::run::Run;
use roomcast_protocol::command::PresenceMode;
use roomcast_protocol::dialect::MAX_SLOTS;
use roomcast_protocol::push::PresenceChange;
use roomcast_protocol::{CloseCode, Dialect, ErrorCode, Frame, Push, Refusal, Reply, RoomName};
use std::sync::Arc;

/// One thing that many are told: encoded by whoever is told first, once for each dialect.
#[derive(Default)]
struct Once {
    frames: [Option<Option<Frame>>; MAX_SLOTS],
}

impl Once {
    fn frame(
        &mut self,
        dialect: &dyn Dialect,
        encode: impl FnOnce(&dyn Dialect) -> Option<Frame>,
    ) -> Option<Frame> {
        self.frames[dialect.slot()].get_or_insert_with(|| encode(dialect)).clone()
    }
}

impl Shard {
    /// A message came: it is delivered, known already, or a sign that some are missing.
    pub(super) fn message(&mut self, delivery: Arc<Delivery>, now: Now) {
        let Some(&index) = self.names.get(&delivery.message.room) else { return };
        let room = &mut self.rooms[index as usize];
        let Some(position) = delivery.message.position else {
            return self.gather(index, delivery, now);
        };
        let is_next = room.is_next(position);
        if is_next {
            room.position = Some(position);
        } else if room.is_old(position) {
            return;
        } else if room.reading.is_none() {
            self.doubt(index, now);
        }
        self.keep(index, delivery.placed(), now);
        if is_next {
            self.gather(index, delivery, now);
        }
    }

    /// Tells every member something, encoded once for each dialect.
    pub(super) fn tell_members(
        &mut self,
        room: u32,
        encode: impl Fn(&dyn Dialect) -> Option<Frame>,
    ) {
        let mut once = Once::default();
        for place in 0..self.rooms[room as usize].members.len() {
            let session = self.rooms[room as usize].members[place].session;
            self.tell(session, once.frame(self.sessions[session as usize].dialect, &encode));
        }
    }

    /// Tells every session the state of the service, encoded once for each dialect.
    pub(super) fn tell_everyone(&mut self, event: &'static str, text: &'static str) {
        let push = Push::System { room: None, event, text };
        let mut once = Once::default();
        let sessions: Vec<u32> = self.sessions.iter().map(|(index, _)| index as u32).collect();
        for session in sessions {
            let dialect = self.sessions[session as usize].dialect;
            self.tell(session, once.frame(dialect, |dialect| dialect.push(&push)));
        }
    }

    fn tell(&mut self, session: u32, frame: Option<Frame>) {
        if let Some(frame) = frame {
            self.push_frame(session, frame);
        }
    }

    /// Puts the message behind those of the room that go to its members together.
    pub(super) fn gather(&mut self, index: u32, delivery: Arc<Delivery>, now: Now) {
        let weight = delivery.weight();
        if self.rooms[index as usize].coming.bytes + weight > Run::MOST {
            self.deliver(index, now);
        }
        let coming = &mut self.rooms[index as usize].coming;
        if coming.messages.is_empty() {
            self.gathering.push(index);
        }
        coming.messages.push(delivery);
        coming.bytes += weight;
    }

    /// Puts what was gathered into the outbox of every member: the hot path.
    pub(super) fn deliver(&mut self, index: u32, now: Now) {
        let Coming { messages, .. } = std::mem::take(&mut self.rooms[index as usize].coming);
        if messages.is_empty() {
            return;
        }
        let lane = if self.is_large(index) { Lane::Bulk } else { Lane::Prompt };
        let room = &self.rooms[index as usize];
        let mut cast = Cast::new(index, room.kind.slow, &messages);
        let (mut sum, mut bytes) = (Sum::default(), 0u64);
        for member in &room.members {
            let session = &mut self.sessions[member.session as usize];
            let before = session.outbox.bytes() as u64;
            let fits = cast.to(session, &self.engine.config, &mut sum);
            bytes = bytes.wrapping_add((session.outbox.bytes() as u64).wrapping_sub(before));
            if !fits {
                self.sweeper.overflowed.push(session.key(member.session));
            } else if session.blocked.is_none() && !session.outbox.is_empty() {
                self.lanes.add(session, member.session, lane);
            }
        }
        messages.iter().for_each(|message| self.lanes.carries(lane, message.accepted));
        self.stats.outbox_bytes.add_alone(bytes);
        self.count(&sum, messages.len(), room.kind.slow);
        self.close_overflowed(now);
    }

    fn count(&self, sum: &Sum, messages: usize, slow: Slow) {
        self.stats.delivered.add_alone(sum.delivered);
        self.stats
            .fanout_size
            .observe_many(sum.delivered as f64 / messages as f64, messages as u64);
        match slow {
            Slow::Latest => self.stats.dropped_conflated.add(sum.dropped),
            _ => self.stats.dropped_slow.add(sum.dropped),
        }
    }

    /// Closes those whose outbox found no room.
    pub(super) fn close_overflowed(&mut self, now: Now) {
        while let Some(key) = self.sweeper.overflowed.pop() {
            self.close(key, CloseCode::TooSlow, now);
        }
    }

    /// The session of a command that was answered, if it is still there.
    pub(super) fn answered(&mut self, caller: &Caller) -> Option<u32> {
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
            Answer::Roster(Roster { members, count }) => {
                self.reply(index, &Reply::Presence { id, room, members, count });
            }
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
        let (mut lists, mut counts) = (Once::default(), Once::default());
        for place in 0..self.rooms[index as usize].members.len() {
            let member = self.rooms[index as usize].members[place];
            if member.presence == PresenceMode::None {
                continue;
            }
            let only_count = member.presence == PresenceMode::Count;
            let dialect = self.sessions[member.session as usize].dialect;
            let once = if only_count { &mut counts } else { &mut lists };
            let frame = once.frame(dialect, |dialect| {
                let (room, change) = (name.clone(), Arc::clone(change));
                dialect.push(&Push::Presence { room, change, only_count })
            });
            self.tell(member.session, frame);
        }
    }
}
