//! What a session asks: whether it may, and whom to ask.

use super::members::check_state;
use super::{Shard, sweep};
use crate::access::{Action, not_granted};
use crate::asker::{Asker, Caller};
use crate::broker::Publication;
use crate::now::Now;
use crate::presence::MemberNews;
use crate::room::PendingJoin;
use crate::room_kind::{PresenceKind, PublishBy};
use crate::session::{Membership, Seat, Session};
use roomcast_protocol::command::{Page, PresenceMode, Publish, Token};
use roomcast_protocol::{
    Command, CommandId, ErrorCode, Message, Payload, Refusal, Reply, RoomName, User, UserId,
};
use std::collections::btree_map::Entry;
use std::sync::Arc;

/// As many rooms of a session are looked through one by one.
const FEW_ROOMS: usize = 4;

impl Shard {
    /// A command of a session: counted against its limits, then done, or held for a join.
    pub(crate) fn command(
        &mut self,
        index: u32,
        id: Option<CommandId>,
        command: Command,
        now: Now,
    ) {
        self.stats.commands.add_alone(1);
        if let Err(refusal) = self.may_ask(index, &command, now) {
            let room = room_of(&command).cloned();
            return self.refuse(index, id, room, refusal);
        }
        self.perform_in_turn(index, id, command, now);
    }

    /// Does what was asked, or keeps it for when the join that it must wait for is done.
    pub(super) fn perform_in_turn(
        &mut self,
        index: u32,
        id: Option<CommandId>,
        command: Command,
        now: Now,
    ) {
        match self.held_by(index, &command) {
            Some(join) => {
                join.held.push((id, command));
                self.sessions[index as usize].in_flight += 1;
            }
            None => self.perform(index, id, command, now),
        }
    }

    fn may_ask(&mut self, index: u32, command: &Command, now: Now) -> Result<(), Refusal> {
        let session = &mut self.sessions[index as usize];
        let limits = *session.limits(&self.engine.config);
        session.rate.take(now, limits.commands_per_second, limits.burst).map_err(|wait| {
            self.stats.rate_limited.add(1);
            Refusal {
                code: ErrorCode::RateLimited,
                message: format!("{} commands a second are allowed", limits.commands_per_second),
                retry_after: Some(wait),
            }
        })?;
        let is_refresh = matches!(command, Command::Refresh { .. });
        if session.is_expired(now) && !is_refresh {
            let message = "the token has expired: send `refresh` with a fresh one";
            return Err(Refusal::new(ErrorCode::TokenExpired, message));
        }
        if session.in_flight >= limits.in_flight {
            let message = "too many commands without an answer: wait for some";
            return Err(Refusal::new(ErrorCode::RateLimited, message));
        }
        Ok(())
    }

    /// The join that the command must wait for: a session's commands for a room keep their order.
    fn held_by(&mut self, index: u32, command: &Command) -> Option<&mut PendingJoin> {
        let Membership { room, seat: Seat::Pending(join) } =
            self.membership(index, room_of(command)?)?
        else {
            return None;
        };
        self.rooms[room as usize].pending.get_mut(&join)
    }

    fn perform(&mut self, index: u32, id: Option<CommandId>, command: Command, now: Now) {
        match command {
            Command::Join(join) => self.join(index, id, join, now),
            Command::Leave { room } => self.leave_named(index, id, room, now),
            Command::Publish(publish) => self.publish(index, id, publish, now),
            Command::History { room, limit, page } => {
                self.history(index, id, room, page, limit, now);
            }
            Command::Presence { room } => self.presence(index, id, room),
            Command::State { room, data } => self.state(index, id, room, data),
            Command::Refresh { token } => self.refresh(index, id, &token, now),
        }
    }

    fn leave_named(&mut self, index: u32, id: Option<CommandId>, name: RoomName, now: Now) {
        match self.joined_room(index, &name) {
            Ok(room) => {
                self.leave(index, room, now);
                self.reply(index, &Reply::Left(id, name, None));
            }
            Err(refusal) => self.refuse(index, id, Some(name), refusal),
        }
    }

    fn publish(&mut self, index: u32, id: Option<CommandId>, publish: Publish, now: Now) {
        let room = match self.may_publish(index, &publish) {
            Ok(room) => room,
            Err(refusal) => return self.refuse(index, id, Some(publish.room), refusal),
        };
        let session = &mut self.sessions[index as usize];
        session.in_flight += 1;
        let caller = Caller { shard: self.id, session: session.key(index), id };
        let message = Message {
            user: author(session, publish.claimed_name),
            room: publish.room,
            position: None,
            event: publish.event,
            data: publish.data,
            timestamp: now.wall,
            message_id: publish.message_id,
            key: publish.key,
        };
        let publication = Publication {
            message,
            ephemeral: publish.ephemeral,
            skip: (!publish.echo).then_some(session.id),
            from_backend: false,
        };
        self.stats.published_by_clients.add_alone(1);
        let kind = &self.rooms[room as usize].kind;
        self.engine.broker.publish(publication, kind, Asker::Session(caller), now);
    }

    fn may_publish(&self, index: u32, publish: &Publish) -> Result<u32, Refusal> {
        let identity = &self.sessions[index as usize].identity;
        let room = self.joined_room(index, &publish.room)?;
        identity.is_seen()?;
        if !identity.grants.allows(&publish.room, Action::Publish) {
            return Err(not_granted(Action::Publish));
        }
        let kind = &self.rooms[room as usize].kind;
        if kind.publish != PublishBy::Members {
            let message = "only the backend publishes in this room";
            return Err(Refusal::new(ErrorCode::Forbidden, message));
        }
        kind.check_size(&publish.data)?;
        Ok(room)
    }

    fn history(
        &mut self,
        index: u32,
        id: Option<CommandId>,
        room: RoomName,
        page: Page,
        limit: u32,
        now: Now,
    ) {
        if !self.sessions[index as usize].identity.grants.allows(&room, Action::History) {
            return self.refuse(index, id, Some(room), not_granted(Action::History));
        }
        let session = &mut self.sessions[index as usize];
        session.in_flight += 1;
        let caller = Caller { shard: self.id, session: session.key(index), id };
        self.engine.broker.page(&room, Asker::Session(caller), page, limit, now);
    }

    fn presence(&mut self, index: u32, id: Option<CommandId>, room: RoomName) {
        if !self.sessions[index as usize].identity.grants.allows(&room, Action::Presence) {
            return self.refuse(index, id, Some(room), not_granted(Action::Presence));
        }
        let kind = self.kind(&room).presence;
        if kind == PresenceKind::None {
            let refusal = Refusal::new(ErrorCode::Forbidden, "this room keeps no presence");
            return self.refuse(index, id, Some(room), refusal);
        }
        let session = &mut self.sessions[index as usize];
        session.in_flight += 1;
        let caller = Caller { shard: self.id, session: session.key(index), id };
        self.engine.presence.ask(&room, kind, Asker::Session(caller));
    }

    fn state(&mut self, index: u32, id: Option<CommandId>, name: RoomName, data: Payload) {
        let room = match self.joined_room(index, &name) {
            Ok(room) => room,
            Err(refusal) => return self.refuse(index, id, Some(name), refusal),
        };
        let (kind, session) = (&self.rooms[room as usize].kind, &self.sessions[index as usize]);
        if let Err(refusal) =
            session.identity.is_seen().and_then(|()| check_state(Some(&data), kind))
        {
            return self.refuse(index, id, Some(name), refusal);
        }
        self.engine.presence.update(&name, session.id, MemberNews::State(data));
        if let Some(id) = id {
            self.reply(index, &Reply::Ack { id, room: name, position: None, duplicate: false });
        }
    }

    /// A fresh token for the same user: from now on its grants count.
    fn refresh(&mut self, index: u32, id: Option<CommandId>, token: &Token, now: Now) {
        let identity = match self.engine.gatekeeper.admit(token, now.wall) {
            Ok(identity) => identity,
            Err(denied) => {
                let refusal = Refusal::new(ErrorCode::Unauthorized, denied.to_string());
                return self.refuse(index, id, None, refusal);
            }
        };
        let session = &mut self.sessions[index as usize];
        let user_id = |user: Option<&User>| user.and_then(|user| user.id.clone());
        let (old, new): (Option<UserId>, _) =
            (user_id(session.user()), user_id(identity.user.as_ref()));
        if old != new || session.identity.observer != identity.observer {
            let message = "the token is another user's: open a connection of its own";
            let refusal = Refusal::new(ErrorCode::Unauthorized, message);
            return self.refuse(index, id, None, refusal);
        }
        let expires_in = identity.expires_at.map(|end| sweep::until(end, now));
        let is_renamed = session.identity.user != identity.user;
        session.admit(Arc::new(identity), self.engine.config.expiry.notice, now);
        self.reply(index, &Reply::Refreshed { id, expires_in });
        self.leave_forbidden(index, now);
        if is_renamed {
            self.rename(index);
        }
    }

    /// Tells the rooms of the session what the present token calls its user.
    fn rename(&self, index: u32) {
        let session = &self.sessions[index as usize];
        let Some(user) = session.user() else { return };
        let is_in = |membership: &&Membership| matches!(membership.seat, Seat::Member(_));
        for membership in session.rooms.iter().filter(is_in) {
            let room = &self.rooms[membership.room as usize];
            if room.kind.presence != PresenceKind::None {
                let news = MemberNews::User(user.clone());
                self.engine.presence.update(&room.name, session.id, news);
            }
        }
    }

    /// Leaves the rooms that the present grants no longer allow, and is told nothing more of
    /// presence where they do not allow that.
    fn leave_forbidden(&mut self, index: u32, now: Now) {
        for membership in self.sessions[index as usize].rooms.clone() {
            let Membership { room, seat } = membership;
            let slot = match seat {
                Seat::Member(slot) => slot,
                Seat::Pending(join) => {
                    self.give_up_join(index, room, join, now);
                    continue;
                }
            };
            let session = &self.sessions[index as usize];
            let place = &mut self.rooms[room as usize];
            let member = &mut place.members[slot as usize];
            if !session.identity.grants.allows(&place.name, Action::Join) {
                let name = place.name.clone();
                self.leave(index, room, now);
                self.reply(index, &Reply::Left(None, name, Some(ErrorCode::Forbidden)));
            } else if !session.may_watch(&place.name, member.presence) {
                member.presence = PresenceMode::None;
            }
        }
    }

    /// Ends a join on its way if it is no longer granted.
    fn give_up_join(&mut self, index: u32, room: u32, join: u32, now: Now) {
        let pending = &mut self.rooms[room as usize].pending;
        let Entry::Occupied(theirs) = pending.entry(join) else { return };
        let granted = self.sessions[index as usize].is_granted(&theirs.get().join);
        let Err(refusal) = granted else { return };
        let pending = theirs.remove();
        self.refuse_join(room, pending, refusal, now);
    }

    /// The place of a room that the session is in.
    fn joined_room(&self, index: u32, name: &RoomName) -> Result<u32, Refusal> {
        let room = self.membership(index, name).map(|membership| membership.room);
        room.ok_or_else(|| Refusal::new(ErrorCode::NotJoined, "join this room first"))
    }

    /// Where the session stands in the room. Of few rooms it is found sooner than by its hash.
    pub(super) fn membership(&self, index: u32, name: &RoomName) -> Option<Membership> {
        let session = &self.sessions[index as usize];
        if session.rooms.len() <= FEW_ROOMS {
            let is_it = |other: &&Membership| self.rooms[other.room as usize].name == *name;
            return session.rooms.iter().find(is_it).copied();
        }
        session.membership(*self.names.get(name)?).copied()
    }
}

/// Who published: the token's user, or without one what the client calls itself.
fn author(session: &Session, claimed_name: Option<String>) -> Option<User> {
    session
        .user()
        .cloned()
        .or_else(|| claimed_name.map(|name| User { id: None, name: Some(name.into()) }))
}

fn room_of(command: &Command) -> Option<&RoomName> {
    match command {
        Command::Join(join) => Some(&join.room),
        Command::Publish(publish) => Some(&publish.room),
        Command::Leave { room }
        | Command::History { room, .. }
        | Command::Presence { room }
        | Command::State { room, .. } => Some(room),
        Command::Refresh { .. } => None,
    }
}
