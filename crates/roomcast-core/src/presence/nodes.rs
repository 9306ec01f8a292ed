//! Presence across nodes: what the others tell of their members, and what they are told.

use super::{LocalPresence, lock};
use roomcast_protocol::push::Member;
use roomcast_protocol::{RoomName, SessionId};
use std::collections::{HashMap, HashSet};

/// The members that another node has in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteCrowd {
    /// How many they are.
    pub count: usize,
    /// Who they are; none where they are too many to be listed.
    pub members: Option<HashMap<SessionId, Member>>,
}

impl RemoteCrowd {
    /// Nobody.
    #[must_use]
    pub fn empty() -> Self {
        Self { count: 0, members: Some(HashMap::new()) }
    }

    /// These members.
    #[must_use]
    pub fn of(members: Vec<Member>) -> Self {
        let members: HashMap<_, _> =
            members.into_iter().map(|member| (member.session, member)).collect();
        Self { count: members.len(), members: Some(members) }
    }

    /// So many, too many to be listed.
    #[must_use]
    pub fn unlisted(count: usize) -> Self {
        Self { count, members: None }
    }
}

/// What is new of the members that another node has in a room.
#[derive(Debug, Clone, Default)]
pub struct RemoteChange {
    /// How many they are now.
    pub count: usize,
    /// Who came, or has something new of itself.
    pub set: Vec<Member>,
    /// Who went.
    pub gone: Vec<SessionId>,
}

/// What the other nodes are to be told of this node's members of a room.
#[derive(Debug, Clone, Default)]
pub struct Outgoing {
    /// Who came, or has something new of itself.
    pub set: Vec<Member>,
    /// Who went.
    pub gone: Vec<SessionId>,
    /// How many of this node are in the room now.
    pub count: usize,
    /// There is more to tell than was taken: take again.
    pub more: bool,
    /// They are few enough to be told as a list.
    pub is_listed: bool,
    /// Rooms of this kind are told lists while they are small.
    pub has_lists: bool,
    /// All members of this node, where they are listed and were not before.
    pub everyone: Option<Vec<Member>>,
}

impl LocalPresence {
    /// Gathers what other nodes are to be told as well.
    #[must_use]
    pub fn shared(mut self) -> Self {
        self.share = true;
        self
    }

    /// Something is new of the members of another node. Where only their number was known it
    /// stays so until [`LocalPresence::replace_remotes`].
    pub fn remote(&self, room: &RoomName, node: u64, change: RemoteChange) {
        self.change_remote(room, |crowd| crowd.remote(node, change));
    }

    /// These are all members of another node. Who stayed is not told as new.
    pub fn replace_remote(&self, room: &RoomName, node: u64, crowd: RemoteCrowd) {
        self.change_remote(room, |all| all.replace(node, crowd));
    }

    /// The other node has no members in the room any more.
    pub fn remote_gone(&self, room: &RoomName, node: u64) {
        self.change_remote(room, |crowd| crowd.remote_gone(node));
    }

    /// These are all other nodes with members in the room; a node with `None` keeps those that
    /// are known. Differences are told, each once; who stayed is not told as new.
    pub fn replace_remotes(&self, room: &RoomName, nodes: Vec<(u64, Option<RemoteCrowd>)>) {
        self.change_remote(room, |crowd| {
            let gone = crowd.nodes().into_iter();
            let gone: Vec<_> =
                gone.filter(|known| nodes.iter().all(|(node, _)| node != known)).collect();
            let mut is_new = false;
            for node in gone {
                is_new |= crowd.remote_gone(node);
            }
            for (node, now) in nodes {
                is_new |= now.is_some_and(|now| crowd.replace(node, now));
            }
            is_new
        });
    }

    /// Other nodes' members of the room are not heard of any more. Nobody is told.
    pub fn forget_remotes(&self, room: &RoomName) {
        let mut stripe = self.rooms.of(room);
        let Some(crowd) = stripe.get_mut(room) else { return };
        crowd.forget_remotes();
        if crowd.is_over() {
            stripe.remove(room);
        }
    }

    /// Whether there are rooms to be taken by one of the two methods below.
    #[must_use]
    pub fn has_untold(&self) -> bool {
        !lock(&self.untold).is_empty() || !lock(&self.unlisted).is_empty()
    }

    /// The rooms with something to tell other nodes since the last flushes; each until it is taken once.
    #[must_use]
    pub fn take_untold(&self) -> HashSet<RoomName> {
        std::mem::take(&mut *lock(&self.untold))
    }

    /// The rooms that would be told as lists, if the members of all nodes were known.
    #[must_use]
    pub fn take_unlisted(&self) -> HashSet<RoomName> {
        std::mem::take(&mut *lock(&self.unlisted))
    }

    /// What the other nodes are to be told of a room: what is new, or everything `anew`; at most
    /// `most` members at a time. `listed`: they know all members of this node.
    #[must_use]
    pub fn take_outgoing(
        &self,
        room: &RoomName,
        anew: bool,
        listed: bool,
        most: usize,
    ) -> Outgoing {
        let mut stripe = self.rooms.of(room);
        let Some(crowd) = stripe.get_mut(room) else { return Outgoing::default() };
        let outgoing = crowd.take_outgoing(anew, listed, most);
        if crowd.is_over() {
            stripe.remove(room);
        }
        outgoing
    }

    /// The most members that the room is told as a list; none where only their number ever is.
    #[must_use]
    pub fn most_in_lists(&self, room: &RoomName) -> Option<usize> {
        self.rooms.of(room).get(room)?.most_in_lists()
    }

    /// The rooms in which this node has members of its own.
    #[must_use]
    pub fn own_rooms(&self) -> Vec<RoomName> {
        let mut names = Vec::new();
        for turn in 0..crate::striped::STRIPES {
            let stripe = self.rooms.stripe(turn);
            let own = stripe.iter().filter(|(_, crowd)| crowd.has_own());
            names.extend(own.map(|(room, _)| room.clone()));
        }
        names
    }

    /// Tells all that changed at once, however short ago the last time was.
    pub fn flush_now(&self) {
        let changed = std::mem::take(&mut *lock(&self.changed));
        changed.iter().for_each(|room| self.tell(room));
    }
}
