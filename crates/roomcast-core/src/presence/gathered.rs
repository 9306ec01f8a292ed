//! What changed among the members of a room and was not told yet.

use roomcast_protocol::SessionId;
use roomcast_protocol::push::{Member, PresenceChange};
use std::collections::{BTreeMap, HashMap};

/// Differences, at most one of each list for a session; the last one counts. A member that came
/// and went is told as one that left: a snapshot taken meanwhile may have held it.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    joined: List,
    left: List,
    changed: List,
    turns: u64,
}

impl Gathered {
    pub(super) fn join(&mut self, member: Member) {
        self.left.remove(member.session);
        self.turns += 1;
        self.joined.put(member, self.turns);
    }

    pub(super) fn leave(&mut self, member: Member) {
        self.joined.remove(member.session);
        self.changed.remove(member.session);
        self.turns += 1;
        self.left.put(member, self.turns);
    }

    pub(super) fn change(&mut self, member: Member) {
        self.turns += 1;
        self.changed.put(member, self.turns);
    }

    /// How often something was put into it.
    pub(super) fn turns(&self) -> u64 {
        self.turns
    }

    pub(super) fn is_empty(&self) -> bool {
        [&self.joined, &self.left, &self.changed].iter().all(|list| list.members.is_empty())
    }

    /// As it is told, in the order in which it happened.
    pub(super) fn into_change(self) -> PresenceChange {
        PresenceChange {
            joined: self.joined.into_vec(),
            left: self.left.into_vec(),
            changed: self.changed.into_vec(),
            ..PresenceChange::default()
        }
    }
}

/// Members in the order in which they were put in, found by session.
#[derive(Debug, Default)]
struct List {
    members: BTreeMap<u64, Member>,
    turns: HashMap<SessionId, u64>,
}

impl List {
    fn put(&mut self, member: Member, turn: u64) {
        if let Some(before) = self.turns.insert(member.session, turn) {
            self.members.remove(&before);
        }
        self.members.insert(turn, member);
    }

    fn remove(&mut self, session: SessionId) {
        if let Some(turn) = self.turns.remove(&session) {
            self.members.remove(&turn);
        }
    }

    fn into_vec(self) -> Vec<Member> {
        self.members.into_values().collect()
    }
}
