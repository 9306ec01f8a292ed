//! Who is in which room: a store that gathers changes and tells them in batches.

mod crowd;
mod gathered;
mod nodes;
#[cfg(test)]
mod tests;

pub use nodes::{Outgoing, RemoteChange, RemoteCrowd};

use crate::asker::{Answer, Asker};
use crate::inbox::{Event, InboxSender, ShardId};
use crate::now::{Now, millis};
use crate::room_kind::PresenceKind;
use crate::striped::{STRIPES, Striped};
use crowd::Crowd;
use roomcast_protocol::push::Member;
use roomcast_protocol::{Payload, RoomName, SessionId, User};
use std::collections::HashSet;
use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Who is in a room, as one member is told it.
#[derive(Debug, Clone, Default)]
pub struct Roster {
    /// The members; none in a room that is too large for lists.
    pub members: Option<Arc<[Member]>>,
    /// How many they are.
    pub count: usize,
}

/// What is new of a member.
#[derive(Debug, Clone)]
pub enum MemberNews {
    /// What it says of itself.
    State(Payload),
    /// What its token says of it: another name.
    User(User),
}

/// Keeps who is in which room. Methods only do bounded work under a short lock; changes come
/// back through the shards' inboxes as [`Event::Presence`].
pub trait PresenceStore: Send + Sync + Debug {
    /// The session is in the room.
    fn enter(&self, room: &RoomName, kind: PresenceKind, member: Member, shard: ShardId);

    /// The session is no longer in the room.
    fn leave(&self, room: &RoomName, session: SessionId, shard: ShardId);

    /// Somebody on the shard looks at the room from outside: the shard is told its changes.
    fn watch(&self, room: &RoomName, kind: PresenceKind, shard: ShardId);

    /// Somebody who looked does so no longer.
    fn unwatch(&self, room: &RoomName, shard: ShardId);

    /// Something is new of the session.
    fn update(&self, room: &RoomName, session: SessionId, news: MemberNews);

    /// Who is in the room now, as the shards of its members are told.
    fn roster(&self, room: &RoomName) -> Roster;

    /// Who is in a room in which nobody here need be; the answer is
    /// [`Answer::Roster`], or a refusal where it cannot be known now.
    fn ask(&self, room: &RoomName, kind: PresenceKind, asker: Asker);

    /// How many rooms it keeps something of.
    fn rooms(&self) -> usize;

    /// Tells what changed, where the last time is long enough ago. Called by one shard.
    fn flush(&self, now: Now);
}

/// The presence of one node, in memory, and what it knows of the members of other nodes.
///
/// Its own members are authoritative here and at once in the view; other nodes' members come in
/// by [`LocalPresence::remote`] and the like. A node is named by a number that stays the same
/// while its process runs.
#[derive(Debug)]
pub struct LocalPresence {
    rooms: Striped<Crowd>,
    changed: Mutex<Vec<RoomName>>,
    /// Whether other nodes are to be told.
    share: bool,
    untold: Mutex<HashSet<RoomName>>,
    unlisted: Mutex<HashSet<RoomName>>,
    inboxes: Vec<InboxSender>,
    batch: Duration,
    flushed: AtomicU64,
}

impl LocalPresence {
    /// Presence for the shards behind these inboxes; changes are gathered for `batch`.
    #[must_use]
    pub fn new(inboxes: Vec<InboxSender>, batch: Duration) -> Self {
        Self {
            rooms: Striped::default(),
            changed: Mutex::default(),
            share: false,
            untold: Mutex::default(),
            unlisted: Mutex::default(),
            inboxes,
            batch,
            flushed: AtomicU64::new(0),
        }
    }

    fn change(&self, room: &RoomName, apply: impl FnOnce(&mut Crowd)) {
        self.change_remote(room, |crowd| {
            apply(crowd);
            true
        });
    }

    /// Changes the room; it is told if `apply` says that something is new.
    fn change_remote(&self, room: &RoomName, apply: impl FnOnce(&mut Crowd) -> bool) {
        let mut stripe = self.rooms.of(room);
        let crowd = stripe.entry(room.clone()).or_default();
        let is_new = apply(crowd);
        if is_new && !std::mem::replace(&mut crowd.has_changed, true) {
            lock(&self.changed).push(room.clone());
        }
        if crowd.is_over() {
            stripe.remove(room);
        }
    }

    fn tell(&self, room: &RoomName) {
        let mut stripe = self.rooms.of(room);
        let Some(crowd) = stripe.get_mut(room) else { return };
        if let Some(change) = crowd.take_change().map(Arc::new) {
            for inbox in crowd.shards.keys().filter_map(|&shard| self.inboxes.get(shard)) {
                let change = Arc::clone(&change);
                inbox.push(Event::Presence { room: room.clone(), change });
            }
        }
        if crowd.has_untold() {
            lock(&self.untold).insert(room.clone());
        }
        if crowd.wants_lists() {
            lock(&self.unlisted).insert(room.clone());
        }
        if crowd.is_over() {
            stripe.remove(room);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl PresenceStore for LocalPresence {
    fn enter(&self, room: &RoomName, kind: PresenceKind, member: Member, shard: ShardId) {
        self.change(room, |crowd| {
            crowd.come(kind, shard);
            crowd.enter(member, self.share);
        });
    }

    fn leave(&self, room: &RoomName, session: SessionId, shard: ShardId) {
        self.change(room, |crowd| crowd.leave(session, shard, self.share));
    }

    fn watch(&self, room: &RoomName, kind: PresenceKind, shard: ShardId) {
        // Nothing has changed for the members, so nobody is told.
        self.rooms.of(room).entry(room.clone()).or_default().come(kind, shard);
    }

    fn unwatch(&self, room: &RoomName, shard: ShardId) {
        let mut stripe = self.rooms.of(room);
        let Some(crowd) = stripe.get_mut(room) else { return };
        crowd.go(shard);
        if crowd.is_over() {
            stripe.remove(room);
        }
    }

    fn update(&self, room: &RoomName, session: SessionId, news: MemberNews) {
        self.change(room, |crowd| crowd.update(session, news, self.share));
    }

    fn roster(&self, room: &RoomName) -> Roster {
        let mut stripe = self.rooms.of(room);
        let Some(crowd) = stripe.get_mut(room) else { return Roster::default() };
        let roster = crowd.roster();
        // Who is given only the count must be given the list when there is one again.
        crowd.told_count |= roster.members.is_none();
        roster
    }

    fn ask(&self, room: &RoomName, kind: PresenceKind, asker: Asker) {
        let mut roster = self.roster(room);
        if roster.count == 0 && matches!(kind, PresenceKind::Full { .. }) {
            // Where nobody is, nothing is kept.
            roster.members = Some(Arc::new([]));
        }
        asker.tell(&self.inboxes, room, Answer::Roster(roster));
    }

    fn rooms(&self) -> usize {
        (0..STRIPES).map(|turn| self.rooms.stripe(turn).len()).sum()
    }

    fn flush(&self, now: Now) {
        let flushed = self.flushed.load(Ordering::Relaxed);
        if now.ms() < flushed.saturating_add(millis(self.batch)) {
            return;
        }
        if !lock(&self.changed).is_empty() {
            self.flushed.store(now.ms(), Ordering::Relaxed);
        }
        self.flush_now();
    }
}
