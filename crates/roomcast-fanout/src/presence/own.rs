//! What stands in Redis of this node's own members of one room, and what is to be written next.

use super::ask::Change;
use super::record::{NodeId, encode, encode_member};
use roomcast_core::LocalPresence;
use roomcast_core::presence::Outgoing;
use roomcast_protocol::RoomName;
use std::time::Duration;

/// Most members that are written at once.
const MOST: usize = 1_000;

/// How long this node's members stand in Redis after the last writing: until then they are
/// written again. A node that ended without a word is ended by others long before.
pub(super) const LIFE: Duration = Duration::from_secs(3_600);

/// After so many milliseconds they are written again.
pub(super) const REFRESH: u64 = 1_200_000;

#[derive(Debug, Default)]
pub(super) struct Own {
    /// Something is to be told.
    pub(super) is_dirty: bool,
    /// Everything is to be written, whatever stands there.
    pub(super) is_anew: bool,
    /// A change is on its way.
    pub(super) is_writing: bool,
    /// What stands there, or may.
    written: Option<Written>,
    /// It stands there: Redis has said so.
    is_sure: bool,
}

#[derive(Debug, Clone, Copy)]
struct Written {
    node: NodeId,
    number: u64,
    count: usize,
    /// The other nodes know who.
    is_listed: bool,
    /// When, in milliseconds.
    at: u64,
}

impl Own {
    /// Whether nothing stands there and nothing is to be written.
    pub(super) fn is_over(&self) -> bool {
        self.written.is_none() && !self.is_dirty && !self.is_anew && !self.is_writing
    }

    /// The link is gone: what was on its way may stand there or not.
    pub(super) fn link_changed(&mut self) {
        self.is_sure &= !self.is_writing;
        self.is_writing = false;
        self.is_anew = true;
    }

    /// Whether it has stood there so long that it is to be written again.
    pub(super) fn is_old(&self, now: u64) -> bool {
        self.written.is_some_and(|written| now >= written.at + REFRESH)
    }

    /// The next change, numbered `number`, if there is anything to write.
    pub(super) fn change(
        &mut self,
        room: &RoomName,
        node: NodeId,
        number: u64,
        view: &LocalPresence,
        now: u64,
    ) -> Option<Box<Change>> {
        let is_old = self.is_old(now);
        if self.is_writing || !(self.is_dirty || self.is_anew || is_old) {
            return None;
        }
        let before = self.written.filter(|written| written.node == node);
        let replace = self.is_anew || before.is_none();
        let is_listed = before.is_some_and(|written| written.is_listed);
        let out = view.take_outgoing(room, replace, is_listed, MOST);
        (self.is_dirty, self.is_anew) = (out.more, false);
        let is_update = before.is_some_and(|written| {
            !out.has_lists && written.count == out.count && out.gone.is_empty()
        });
        let is_idle = out.set.is_empty() && out.gone.is_empty() || is_update;
        if out.count == 0 && self.written.is_none() || is_idle && !replace && !is_old {
            return None;
        }
        let earlier = self.written.map(|written| written.node).filter(|&was| was != node);
        let after = before.map_or(0, |written| written.number);
        // A change that nobody is told of has no number of its own.
        let is_quiet = is_idle && !replace;
        let number = if is_quiet { after } else { number };
        let at = Place { room, node, number, earlier, after, replace };
        let change = at.change(out, is_quiet);
        self.is_writing = true;
        let (count, is_listed) = (change.count, change.is_listed);
        self.written = Some(Written { node, number, count, is_listed, at: now });
        Some(Box::new(change))
    }

    /// The change was done, after the one of that number; none if it failed. Returns whether
    /// Redis had lost what stood there.
    pub(super) fn done(&mut self, change: &Change, after: Option<u64>) -> bool {
        self.is_writing = false;
        let Some(after) = after else {
            (self.is_anew, self.is_sure) = (true, false);
            return false;
        };
        let was_sure = std::mem::replace(&mut self.is_sure, true);
        if change.count == 0 {
            self.written = None;
        }
        let is_other = after != change.after;
        self.is_anew |= is_other && !change.replace && change.count > 0;
        is_other && was_sure && change.after != 0
    }
}

/// Where a change stands among others.
struct Place<'a> {
    room: &'a RoomName,
    node: NodeId,
    number: u64,
    earlier: Option<NodeId>,
    after: u64,
    replace: bool,
}

impl Place<'_> {
    fn change(self, out: Outgoing, is_quiet: bool) -> Change {
        let Outgoing { set, gone, count, is_listed, has_lists, everyone, .. } = out;
        let encoded = set.iter().map(|member| {
            let bytes = if has_lists { encode_member(member) } else { bytes::Bytes::new() };
            (member.session, bytes)
        });
        let mut change = Change {
            room: self.room.clone(),
            node: self.node,
            earlier: self.earlier,
            number: self.number,
            after: self.after,
            count,
            life: LIFE,
            replace: self.replace,
            is_listed,
            is_whole: everyone.is_some(),
            set: encoded.collect(),
            gone,
            told: bytes::Bytes::new(),
        };
        if !is_quiet {
            change.told = encode(&change, everyone.as_ref().unwrap_or(&set));
        }
        change
    }
}
