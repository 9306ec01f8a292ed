//! A room on one shard: its members here, how far it has delivered, who waits to be let in.

use crate::broker::CatchUp;
use crate::delivery::Delivery;
use crate::room_kind::RoomKind;
use crate::session::SessionKey;
use roomcast_protocol::command::{Join, PresenceMode};
use roomcast_protocol::{Command, CommandId, Position, RoomName};
use std::sync::Arc;

#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) name: RoomName,
    pub(crate) kind: Arc<RoomKind>,
    pub(crate) members: Vec<RoomMember>,
    /// How many of the members only look and do not count.
    pub(crate) observers: usize,
    /// The last position delivered here; none until the broker first told it.
    pub(crate) position: Option<Position>,
    /// The greatest offset heard of; beyond `position`, something is missing.
    pub(crate) heard_of: u64,
    /// Messages may be missing that were not heard of: the room must be read once more.
    pub(crate) doubt: bool,
    pub(crate) pending: Vec<PendingJoin>,
    /// The reading that is under way.
    pub(crate) reading: Option<u32>,
    /// What was delivered while a reading is under way: it comes after the snapshot.
    pub(crate) meanwhile: Vec<Arc<Delivery>>,
    /// Since when it has had no members, in milliseconds of uptime.
    pub(crate) empty_since: Option<u64>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct RoomMember {
    pub(crate) session: u32,
    pub(crate) presence: PresenceMode,
}

/// A join on its way: the room is being read for it.
#[derive(Debug)]
pub(crate) struct PendingJoin {
    pub(crate) session: SessionKey,
    /// It only looks and will not count.
    pub(crate) observer: bool,
    pub(crate) id: Option<CommandId>,
    pub(crate) join: Join,
    /// The reading that serves it; none until it begins.
    pub(crate) ticket: Option<u32>,
    /// What the session asked of the room since: done in order, after the join.
    pub(crate) held: Vec<(Option<CommandId>, Command)>,
}

impl Room {
    pub(crate) fn new(name: RoomName, kind: Arc<RoomKind>) -> Self {
        Self {
            name,
            kind,
            members: Vec::new(),
            observers: 0,
            position: None,
            heard_of: 0,
            doubt: false,
            pending: Vec::new(),
            reading: None,
            meanwhile: Vec::new(),
            empty_since: None,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty() && self.pending.is_empty()
    }

    /// How many count: members, and those on their way in, as in the census.
    pub(crate) fn counted(&self) -> usize {
        let coming = self.pending.iter().filter(|pending| !pending.observer).count();
        self.members.len() - self.observers + coming
    }

    /// Whether messages are missing between what was delivered and what was heard of.
    pub(crate) fn is_behind(&self) -> bool {
        self.position.is_some_and(|position| position.offset < self.heard_of)
    }

    /// What the next reading must give, if one is needed: to those who wait what they asked for,
    /// and always to the members what they may miss, as the room will stand where it ends.
    pub(crate) fn wants(&self) -> Option<CatchUp> {
        if !self.doubt && !self.is_behind() && self.pending.is_empty() {
            return None;
        }
        let members =
            self.position.map(|position| CatchUp { since: Some(position.offset), last: 0 });
        let joins = self.pending.iter().map(|pending| pending_wants(&pending.join));
        members.into_iter().chain(joins).reduce(CatchUp::and)
    }

    /// Whether a message is the next one, to be delivered now.
    pub(crate) fn is_next(&self, position: Position) -> bool {
        self.position.is_some_and(|last| {
            last.epoch == position.epoch && last.offset + 1 == position.offset && !self.is_behind()
        })
    }

    /// Whether a message was delivered here already.
    pub(crate) fn is_old(&self, position: Position) -> bool {
        self.position
            .is_some_and(|last| last.epoch == position.epoch && position.offset <= last.offset)
    }
}

fn pending_wants(join: &Join) -> CatchUp {
    CatchUp { since: join.since.map(|since| since.offset), last: join.rewind }
}
