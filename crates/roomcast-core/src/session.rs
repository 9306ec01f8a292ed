//! One connection's state in the engine: who it is, where it is, what waits for it.

use crate::access::{Action, Identity, not_granted};
use crate::config::{Config, Limits};
use crate::limits::RateLimit;
use crate::now::{Moment, Now, millis};
use crate::outbox::{Bounds, Outbox};
use crate::shard::Lane;
use roomcast_protocol::command::{Join, PresenceMode};
use roomcast_protocol::dialect::Context;
use roomcast_protocol::{
    CloseCode, Dialect, Refusal, RoomName, SessionId, Timestamp, User, UserId,
};
use smallvec::SmallVec;
use std::sync::Arc;
use std::time::Duration;

/// A session on its shard. The serial number tells it from an earlier one in the same place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionKey {
    /// The place on the shard; small numbers, used again.
    pub index: u32,
    pub(crate) serial: u32,
}

/// What a new session begins with.
#[derive(Debug, Clone)]
pub struct SessionSpec {
    /// The dialect it speaks.
    pub dialect: &'static dyn Dialect,
    /// Who it is.
    pub identity: Arc<Identity>,
    /// The room that a one-room dialect joins at once.
    pub join: Option<RoomName>,
}

/// Why a session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The server closes it with this code.
    Code(CloseCode),
    /// The client said goodbye, or was gone.
    Client,
}

impl Ending {
    /// The reason for logs.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Code(code) => code.reason(),
            Self::Client => "client gone",
        }
    }
}

/// A session's place in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Membership {
    pub(crate) room: u32,
    pub(crate) seat: Seat,
}

/// Where a session stands in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seat {
    /// Its join is on its way; what the room calls it.
    Pending(u32),
    /// Its place among the room's members.
    Member(u32),
}

/// In the order of its fields: a delivery touches what comes first, two lines of the processor's
/// cache, and the rest stays where it is.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Session {
    pub(crate) outbox: Outbox,
    /// Since when the socket has taken nothing of what waits.
    pub(crate) blocked: Option<Moment>,
    /// When it is given up, if what waits is not written by then.
    pub(crate) given_up: Option<Moment>,
    pub(crate) serial: u32,
    /// Where it stands among those with something to write.
    pub(crate) lane: Option<Lane>,
    /// It is being closed; nothing more is taken from it or said to it.
    pub(crate) closing: Option<Ending>,
    /// The slot of its dialect.
    pub(crate) slot: u8,
    pub(crate) dialect: &'static dyn Dialect,
    pub(crate) id: SessionId,
    pub(crate) identity: Arc<Identity>,
    /// Most sessions are in one room: it stands here.
    pub(crate) rooms: SmallVec<[Membership; 1]>,
    /// When the last sign of life came, in milliseconds of uptime.
    pub(crate) heard: u64,
    /// When the first ping went that no sign of life has answered.
    pub(crate) pinged: Option<Moment>,
    pub(crate) rate: RateLimit,
    /// Commands that are not answered yet.
    pub(crate) in_flight: u32,
    /// From the last ping to the sign of life that answered it, in milliseconds.
    pub(crate) rtt: Option<u32>,
    /// When a dialect that always pings does so next.
    pub(crate) next_ping: u64,
    /// When it began, in milliseconds of uptime.
    pub(crate) opened: u64,
    /// When `expiring` is to be said of the present token, until it was.
    pub(crate) notice_at: Option<Timestamp>,
}

impl Session {
    pub(crate) fn new(id: SessionId, serial: u32, spec: SessionSpec, now: Now) -> Self {
        Self {
            outbox: Outbox::default(),
            blocked: None,
            given_up: None,
            serial,
            lane: None,
            closing: None,
            slot: spec.dialect.slot() as u8,
            dialect: spec.dialect,
            id,
            identity: spec.identity,
            rooms: SmallVec::new(),
            heard: now.ms(),
            pinged: None,
            rate: RateLimit::default(),
            in_flight: 0,
            rtt: None,
            next_ping: 0,
            opened: now.ms(),
            notice_at: None,
        }
    }

    pub(crate) fn key(&self, index: u32) -> SessionKey {
        SessionKey { index, serial: self.serial }
    }

    pub(crate) fn membership(&self, room: u32) -> Option<&Membership> {
        self.rooms.iter().find(|membership| membership.room == room)
    }

    pub(crate) fn membership_mut(&mut self, room: u32) -> Option<&mut Membership> {
        self.rooms.iter_mut().find(|membership| membership.room == room)
    }

    pub(crate) fn user(&self) -> Option<&User> {
        self.identity.user.as_ref()
    }

    /// Whether it belongs to the user, as a token said.
    pub(crate) fn is_of(&self, user: &UserId) -> bool {
        self.user().is_some_and(|other| other.id.as_ref() == Some(user))
    }

    pub(crate) fn context<'a>(&'a self, room: Option<&'a RoomName>) -> Context<'a> {
        Context { room, user: self.user() }
    }

    /// How much may wait for it: an outbox of messages beside one recovery. While its socket has
    /// taken all so far it is not slow, and a burst may take up the whole.
    pub(crate) fn bounds(&self, config: &Config) -> Bounds {
        let all = config.backlog();
        Bounds { messages: self.blocked.map_or(all, |_| config.outbox), all }
    }

    /// Bytes of messages that one answer may hold now: one recovery, less what waits already.
    /// Who comes back to many rooms at once is given some of them whole and told of the others.
    pub(crate) fn recovery(&self, config: &Config) -> usize {
        config.recovery.saturating_sub(self.outbox.bytes())
    }

    pub(crate) fn limits<'a>(&'a self, config: &'a Config) -> &'a Limits {
        self.identity.limits.as_deref().unwrap_or(&config.limits)
    }

    /// Whether the present grants allow the join, or why not.
    pub(crate) fn is_granted(&self, join: &Join) -> Result<(), Refusal> {
        if !self.identity.grants.allows(&join.room, Action::Join) {
            return Err(not_granted(Action::Join));
        }
        if !self.may_watch(&join.room, join.presence) {
            return Err(not_granted(Action::Presence));
        }
        Ok(())
    }

    /// Whether it may be told so much of the room's presence.
    pub(crate) fn may_watch(&self, room: &RoomName, presence: PresenceMode) -> bool {
        presence == PresenceMode::None
            || presence == self.dialect.implied_presence()
            || self.identity.grants.allows(room, Action::Presence)
    }

    /// Has this identity from now on. `expiring` comes `notice` before its end, or at half of what is
    /// left now if that is later: a token that lasts no longer than the notice is not expiring all along.
    pub(crate) fn admit(&mut self, identity: Arc<Identity>, notice: Duration, now: Now) {
        self.notice_at = identity.expires_at.map(|end| {
            let left = end.as_millis().saturating_sub(now.wall.as_millis());
            let notice = i64::try_from(millis(notice)).unwrap_or(i64::MAX);
            Timestamp::from_millis(end.as_millis().saturating_sub(notice.min(left / 2)))
        });
        self.identity = identity;
    }

    /// Whether the token's time is over at that moment.
    pub(crate) fn is_expired(&self, now: Now) -> bool {
        self.identity.expires_at.is_some_and(|end| end <= now.wall)
    }
}

#[cfg(test)]
mod tests {
    use super::Session;
    use std::mem::offset_of;

    #[test]
    fn a_delivery_touches_two_lines_of_the_cache() {
        let last = [
            offset_of!(Session, blocked),
            offset_of!(Session, given_up),
            offset_of!(Session, serial),
            offset_of!(Session, lane),
            offset_of!(Session, closing),
            offset_of!(Session, slot),
        ];
        assert!(last.into_iter().all(|offset| offset < 2 * 64), "{last:?}");
    }
}
