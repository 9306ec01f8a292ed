//! A room on one shard: its members here, how far it has delivered, who waits to be let in.

use crate::broker::CatchUp;
use crate::delivery::{Delivery, Placed};
use crate::room_kind::RoomKind;
use crate::session::SessionKey;
use roomcast_protocol::command::{Join, PresenceMode};
use roomcast_protocol::{Command, CommandId, Position, RoomName};
use smallvec::SmallVec;
use std::collections::BTreeMap;
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
    /// Messages may be missing after `position`: the room must be read, once more if it is being read.
    pub(crate) doubt: bool,
    /// Joins on their way, in the order in which they came.
    pub(crate) pending: BTreeMap<u32, PendingJoin>,
    /// What the next one of them is called.
    next_join: u32,
    /// The reading that is under way.
    pub(crate) reading: Option<u32>,
    /// What came while a reading is under way, delivered or not: it goes behind the snapshot.
    pub(crate) meanwhile: Vec<Arc<Placed>>,
    /// Messages in their order that go to the members together, at the end of what is handled now.
    pub(crate) coming: Coming,
    /// Events of it that are held.
    pub(crate) held: u32,
    /// Since when it has had no members, in milliseconds of uptime.
    pub(crate) empty_since: Option<u64>,
}

/// Messages on their way to the members.
#[derive(Debug, Default)]
pub(crate) struct Coming {
    pub(crate) messages: SmallVec<[Arc<Delivery>; 2]>,
    pub(crate) bytes: usize,
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
    pub(crate) held: Vec<Held>,
}

/// A command that waits for a join.
pub(crate) type Held = (Option<CommandId>, Command);

impl Room {
    pub(crate) fn new(name: RoomName, kind: Arc<RoomKind>) -> Self {
        Self {
            name,
            kind,
            members: Vec::new(),
            observers: 0,
            position: None,
            doubt: false,
            pending: BTreeMap::new(),
            next_join: 0,
            reading: None,
            meanwhile: Vec::new(),
            coming: Coming::default(),
            held: 0,
            empty_since: None,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty() && self.pending.is_empty()
    }

    /// How many count: members, and those on their way in, as in the census.
    pub(crate) fn counted(&self) -> usize {
        let coming = self.pending.values().filter(|pending| !pending.observer).count();
        self.members.len() - self.observers + coming
    }

    /// A join is on its way from here on; what it is called.
    pub(crate) fn expect(&mut self, join: PendingJoin) -> u32 {
        let serial = self.next_join;
        self.next_join = serial.wrapping_add(1);
        self.pending.insert(serial, join);
        serial
    }

    /// Takes out the joins that the reading serves, in the order in which they came.
    pub(crate) fn served_by(&mut self, ticket: u32) -> BTreeMap<u32, PendingJoin> {
        let pending = std::mem::take(&mut self.pending).into_iter();
        let (served, later) = pending.partition(|(_, join)| join.ticket == Some(ticket));
        self.pending = later;
        served
    }

    /// What the next reading must give, if one is needed: to those who wait what they asked for,
    /// and always to the members what they may miss, as the room will stand where it ends.
    pub(crate) fn wants(&self) -> Option<CatchUp> {
        if !self.doubt && self.pending.is_empty() {
            return None;
        }
        let members =
            self.position.map(|position| CatchUp { since: Some(position.offset), last: 0 });
        let joins = self.pending.values().map(|pending| pending_wants(&pending.join));
        members.into_iter().chain(joins).reduce(CatchUp::and)
    }

    /// Whether a message is the next one, to be delivered now.
    pub(crate) fn is_next(&self, position: Position) -> bool {
        self.position.is_some_and(|last| is_after(last, position))
    }

    /// Whether a message was delivered here already.
    pub(crate) fn is_old(&self, position: Position) -> bool {
        self.position
            .is_some_and(|last| last.epoch == position.epoch && position.offset <= last.offset)
    }
}

/// Whether the second position is the one after the first.
pub(crate) fn is_after(last: Position, next: Position) -> bool {
    last.epoch == next.epoch && last.offset.checked_add(1) == Some(next.offset)
}

fn pending_wants(join: &Join) -> CatchUp {
    CatchUp { since: join.since.map(|since| since.offset), last: join.rewind }
}

#[cfg(test)]
mod tests {
    use super::*;
    use roomcast_protocol::Epoch;

    fn room() -> Room {
        Room::new(RoomName::new("tea").unwrap(), Arc::new(RoomKind::default()))
    }

    #[test]
    fn only_the_next_message_of_the_same_epoch_is_next() {
        let mut room = room();
        let at = |epoch, offset| Position { epoch: Epoch(epoch), offset };
        assert!(!room.is_next(at(1, 1)) && !room.is_old(at(1, 1)));
        room.position = Some(at(1, 5));
        let judged = [at(1, 5), at(1, 6), at(1, 7), at(2, 5), at(2, 6)]
            .map(|position| (room.is_old(position), room.is_next(position)));
        let neither = (false, false);
        assert_eq!(judged, [(true, false), (false, true), neither, neither, neither]);
        room.position = Some(at(1, u64::MAX));
        assert!(!room.is_next(at(1, 0)));
    }

    #[test]
    fn joins_are_served_in_the_order_in_which_they_came() {
        let mut room = room();
        let mut expect = |ticket, index| {
            let join = Join {
                room: RoomName::new("tea").unwrap(),
                since: None,
                rewind: 0,
                presence: PresenceMode::None,
                state: None,
            };
            let session = SessionKey { index, serial: 0 };
            let (observer, held) = (false, Vec::new());
            room.expect(PendingJoin { session, observer, id: None, join, ticket, held })
        };
        let joins = [expect(Some(7), 3), expect(Some(7), 1), expect(None, 2), expect(Some(7), 0)];
        room.pending.remove(&joins[1]);
        let served: Vec<u32> = room.served_by(7).into_values().map(|j| j.session.index).collect();
        assert_eq!((served, room.pending.len()), (vec![3, 0], 1));
    }
}
