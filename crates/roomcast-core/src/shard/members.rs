//! Who is in which room: joins, letting in, leaving.

use super::{Shard, after, say_gap};
use crate::by_room::give_back;
use crate::catchup::Recovered;
use crate::now::Now;
use crate::room::{Held, PendingJoin, Room, RoomMember};
use crate::room_kind::{PresenceKind, RoomKind};
use crate::session::{Membership, Seat};
use roomcast_protocol::command::{Join, PresenceMode};
use roomcast_protocol::push::Member;
use roomcast_protocol::reply::Joined;
use roomcast_protocol::{
    CommandId, ErrorCode, Payload, Position, Refusal, Reply, RoomName, SessionId,
};
use std::sync::Arc;

impl Shard {
    /// Begins a join: the room is read, and the session let in when the answer comes.
    pub(super) fn join(&mut self, index: u32, id: Option<CommandId>, join: Join, now: Now) {
        if let Err(refusal) = self.may_join(index, &join) {
            return self.refuse(index, id, Some(join.room), refusal);
        }
        let room = self.room(&join.room, now);
        let session = &mut self.sessions[index as usize];
        session.in_flight += 1;
        let (key, observer) = (session.key(index), session.identity.observer);
        let held = Vec::new();
        let pending = PendingJoin { session: key, observer, id, join, ticket: None, held };
        let seat = Seat::Pending(self.rooms[room as usize].expect(pending));
        session.rooms.push(Membership { room, seat });
        self.read(room, now);
    }

    /// Whether the session may join; if so, it is counted in the room from here on.
    fn may_join(&self, index: u32, join: &Join) -> Result<(), Refusal> {
        let (config, session) = (&self.engine.config, &self.sessions[index as usize]);
        session.is_granted(join)?;
        if self.membership(index, &join.room).is_some() {
            return Err(Refusal::new(ErrorCode::AlreadyJoined, "this room is joined already"));
        }
        if session.rooms.len() >= session.limits(config).rooms {
            let message = "too many rooms: leave one first";
            return Err(Refusal::new(ErrorCode::Limit, message));
        }
        let kind = self.kind(&join.room);
        check_state(join.state.as_ref(), &kind)?;
        let observer = session.identity.observer;
        if observer || self.engine.census.enter(&join.room, kind.max_members) {
            return Ok(());
        }
        Err(Refusal::new(ErrorCode::Limit, "this room is full"))
    }

    /// The settings of a room: those it has here, or else the configured ones.
    pub(super) fn kind(&self, name: &RoomName) -> Arc<RoomKind> {
        match self.names.get(name) {
            Some(&room) => Arc::clone(&self.rooms[room as usize].kind),
            None => Arc::new(self.engine.config.kind_of(name)),
        }
    }

    /// The room's place on this shard; a new one is subscribed to.
    fn room(&mut self, name: &RoomName, now: Now) -> u32 {
        if let Some(&room) = self.names.get(name) {
            self.rooms[room as usize].empty_since = None;
            return room;
        }
        let kind = self.kind(name);
        self.engine.broker.subscribe(name, &kind, self.id, now);
        let room = self.rooms.insert(Box::new(Room::new(name.clone(), kind))) as u32;
        self.names.insert(name.clone(), room);
        self.stats.rooms.add(1);
        room
    }

    /// Lets a session in: what it missed, and from here on everything.
    pub(super) fn admit(
        &mut self,
        room: u32,
        pending: PendingJoin,
        position: Position,
        recovered: Recovered,
        now: Now,
    ) {
        let PendingJoin { session: key, id, join, held, .. } = pending;
        let place = &mut self.rooms[room as usize];
        let slot = place.members.len() as u32;
        place.members.push(RoomMember { session: key.index, presence: join.presence });
        let session = &mut self.sessions[key.index as usize];
        place.observers += usize::from(session.identity.observer);
        if let Some(membership) = session.membership_mut(room) {
            membership.seat = Seat::Member(slot);
        }
        self.answered_here(key.index);
        self.stats.memberships.add(1);
        self.count_join(&join, &recovered);
        self.enter(room, key.index, &join);
        let (members, count) = self.seen_by(room, join.presence);
        let joined = Joined {
            room: join.room,
            position,
            recovered: recovered.complete,
            reason: recovered.reason,
            messages: recovered.messages,
            members,
            count,
        };
        self.reply(key.index, &Reply::Joined(id, Box::new(joined)));
        self.perform_held(key.index, held, now);
    }

    /// Ends a join that was taken out of its room: it is answered, and all that waited for it.
    pub(super) fn refuse_join(
        &mut self,
        room: u32,
        pending: PendingJoin,
        refusal: Refusal,
        now: Now,
    ) {
        if self.live(pending.session).is_none() {
            return;
        }
        let index = pending.session.index;
        self.leave(index, room, now);
        self.answered_here(index);
        self.refuse(index, pending.id, Some(pending.join.room), refusal);
        self.perform_held(index, pending.held, now);
    }

    fn perform_held(&mut self, index: u32, held: Vec<Held>, now: Now) {
        for (id, command) in held {
            self.answered_here(index);
            self.perform_in_turn(index, id, command, now);
        }
    }

    fn count_join(&self, join: &Join, recovered: &Recovered) {
        self.stats.joins.add(1);
        if recovered.complete {
            self.stats.recoveries.add(1);
        } else if join.since.is_some() {
            self.stats.recoveries_failed.add(1);
        }
    }

    fn enter(&self, room: u32, index: u32, join: &Join) {
        let (room, session) = (&self.rooms[room as usize], &self.sessions[index as usize]);
        if room.kind.presence == PresenceKind::None {
            return;
        }
        if session.identity.observer {
            return self.engine.presence.watch(&room.name, room.kind.presence, self.id);
        }
        let member = Member {
            session: session.id,
            user: session.user().cloned(),
            state: join.state.clone(),
        };
        self.engine.presence.enter(&room.name, room.kind.presence, member, self.id);
    }

    /// What a member that asked for it is told of the others.
    fn seen_by(&self, room: u32, mode: PresenceMode) -> (Option<Arc<[Member]>>, Option<usize>) {
        let room = &self.rooms[room as usize];
        if mode == PresenceMode::None || room.kind.presence == PresenceKind::None {
            return (None, None);
        }
        let roster = self.engine.presence.roster(&room.name);
        (roster.members.filter(|_| mode == PresenceMode::Full), Some(roster.count))
    }

    /// The session leaves the room, if it is in it.
    pub(super) fn leave(&mut self, index: u32, room: u32, now: Now) {
        let session = &mut self.sessions[index as usize];
        let Some(place) = session.rooms.iter().position(|at| at.room == room) else { return };
        let membership = session.rooms.remove(place);
        session.rooms.shrink_to_fit();
        let before = session.outbox.bytes();
        let (rooms, dialect) = (&self.rooms, session.dialect);
        session.outbox.forget_places(room, |gap| say_gap(rooms, dialect, gap));
        self.stats.outbox_bytes.add((session.outbox.bytes() - before) as u64);
        let (id, observer) = (session.id, session.identity.observer);
        match membership.seat {
            Seat::Member(slot) => {
                self.remove_member(room, slot);
                self.rooms[room as usize].observers -= usize::from(observer);
                self.leave_presence(room, id, observer);
            }
            Seat::Pending(join) => _ = self.rooms[room as usize].pending.remove(&join),
        }
        let linger = after(now, self.engine.config.linger);
        let place = &mut self.rooms[room as usize];
        if place.is_empty() {
            place.empty_since = Some(now.ms());
            self.sweeper.lingering.push_back((linger, room));
        }
        if !observer {
            self.engine.census.leave(&self.rooms[room as usize].name);
        }
    }

    fn leave_presence(&self, room: u32, session: SessionId, observer: bool) {
        let room = &self.rooms[room as usize];
        match room.kind.presence {
            PresenceKind::None => {}
            _ if observer => self.engine.presence.unwatch(&room.name, self.id),
            _ => self.engine.presence.leave(&room.name, session, self.id),
        }
    }

    fn remove_member(&mut self, room: u32, slot: u32) {
        let members = &mut self.rooms[room as usize].members;
        members.swap_remove(slot as usize);
        self.stats.memberships.sub(1);
        let Some(moved) = members.get(slot as usize) else { return };
        let session = &mut self.sessions[moved.session as usize];
        if let Some(membership) = session.membership_mut(room) {
            membership.seat = Seat::Member(slot);
        }
    }

    pub(super) fn leave_all(&mut self, index: u32, now: Now) {
        while let Some(membership) = self.sessions[index as usize].rooms.last() {
            self.leave(index, membership.room, now);
        }
    }

    /// A room that nobody has come back to is forgotten here.
    pub(super) fn forget_room(&mut self, index: u32, now: Now) {
        let Some(room) = self.rooms.get(index as usize) else { return };
        let linger = crate::now::millis(self.engine.config.linger);
        let over = room.empty_since.is_some_and(|since| since.saturating_add(linger) <= now.ms());
        if !over || !room.is_empty() {
            return;
        }
        let room = self.rooms.remove(index as usize);
        self.names.remove(&room.name);
        give_back(&mut self.names);
        self.stats.rooms.sub(1);
        self.engine.broker.unsubscribe(&room.name, self.id, now);
    }
}

/// Largest presence state in bytes: a list of everyone's must fit into one frame.
const MAX_STATE: usize = 4 * 1024;

/// Whether a member may say that much of itself.
pub(super) fn check_state(state: Option<&Payload>, kind: &RoomKind) -> Result<(), Refusal> {
    let most = kind.max_message.min(MAX_STATE);
    if state.is_none_or(|state| state.len() <= most) {
        return Ok(());
    }
    Err(Refusal::new(ErrorCode::TooLarge, format!("a state may have {most} bytes in this room")))
}
