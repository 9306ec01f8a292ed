//! Who is in which room: a store that gathers changes and tells them in batches.

use crate::inbox::{Event, InboxSender, ShardId};
use crate::now::{Now, millis};
use crate::room_kind::PresenceKind;
use crate::striped::{STRIPES, Striped};
use roomcast_protocol::push::{Member, PresenceChange};
use roomcast_protocol::{Payload, RoomName, SessionId, User};
use std::collections::HashMap;
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

    /// Who is in the room now.
    fn roster(&self, room: &RoomName) -> Roster;

    /// How many rooms it keeps something of.
    fn rooms(&self) -> usize;

    /// Tells what changed, where the last time is long enough ago. Called by one shard.
    fn flush(&self, now: Now);
}

/// The presence of one node, in memory.
#[derive(Debug)]
pub struct LocalPresence {
    rooms: Striped<Crowd>,
    changed: Mutex<Vec<RoomName>>,
    inboxes: Vec<InboxSender>,
    batch: Duration,
    flushed: AtomicU64,
}

#[derive(Debug, Default)]
struct Crowd {
    /// Most members that are told as a list; none where only their number ever is.
    up_to: Option<usize>,
    members: HashMap<SessionId, Member>,
    /// How many of the members, and of those who watch, are on which shard.
    shards: HashMap<ShardId, usize>,
    change: PresenceChange,
    has_changed: bool,
    /// Some member was last told only the count.
    told_count: bool,
}

impl LocalPresence {
    /// Presence for the shards behind these inboxes; changes are gathered for `batch`.
    #[must_use]
    pub fn new(inboxes: Vec<InboxSender>, batch: Duration) -> Self {
        Self {
            rooms: Striped::default(),
            changed: Mutex::default(),
            inboxes,
            batch,
            flushed: AtomicU64::new(0),
        }
    }

    fn change(&self, room: &RoomName, apply: impl FnOnce(&mut Crowd)) {
        let mut stripe = self.rooms.of(room);
        let crowd = stripe.entry(room.clone()).or_default();
        apply(crowd);
        if !std::mem::replace(&mut crowd.has_changed, true) {
            lock(&self.changed).push(room.clone());
        }
    }

    fn tell(&self, room: &RoomName) {
        let mut stripe = self.rooms.of(room);
        let Some(crowd) = stripe.get_mut(room) else { return };
        let change = Arc::new(crowd.take_change());
        for &shard in crowd.shards.keys() {
            if let Some(inbox) = self.inboxes.get(shard) {
                let change = Arc::clone(&change);
                inbox.push(Event::Presence { room: room.clone(), change });
            }
        }
        if crowd.shards.is_empty() {
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
            crowd.members.insert(member.session, member.clone());
            crowd.change.left.retain(|gone| gone.session != member.session);
            crowd.change.joined.push(member);
        });
    }

    fn leave(&self, room: &RoomName, session: SessionId, shard: ShardId) {
        self.change(room, |crowd| crowd.leave(session, shard));
    }

    fn watch(&self, room: &RoomName, kind: PresenceKind, shard: ShardId) {
        // Nothing has changed for the members, so nobody is told.
        self.rooms.of(room).entry(room.clone()).or_default().come(kind, shard);
    }

    fn unwatch(&self, room: &RoomName, shard: ShardId) {
        let mut stripe = self.rooms.of(room);
        let Some(crowd) = stripe.get_mut(room) else { return };
        crowd.go(shard);
        if crowd.shards.is_empty() && !crowd.has_changed {
            stripe.remove(room);
        }
    }

    fn update(&self, room: &RoomName, session: SessionId, news: MemberNews) {
        self.change(room, |crowd| crowd.update(session, news));
    }

    fn roster(&self, room: &RoomName) -> Roster {
        let mut stripe = self.rooms.of(room);
        let Some(crowd) = stripe.get_mut(room) else { return Roster::default() };
        let roster = crowd.roster();
        // Who is given only the count must be given the list when there is one again.
        crowd.told_count |= roster.members.is_none();
        roster
    }

    fn rooms(&self) -> usize {
        (0..STRIPES).map(|turn| self.rooms.stripe(turn).len()).sum()
    }

    fn flush(&self, now: Now) {
        let flushed = self.flushed.load(Ordering::Relaxed);
        if now.ms() < flushed.saturating_add(millis(self.batch)) {
            return;
        }
        let changed = std::mem::take(&mut *lock(&self.changed));
        if !changed.is_empty() {
            self.flushed.store(now.ms(), Ordering::Relaxed);
        }
        changed.iter().for_each(|room| self.tell(room));
    }
}

impl Crowd {
    /// One more on the shard wants to hear of changes.
    fn come(&mut self, kind: PresenceKind, shard: ShardId) {
        self.up_to = if let PresenceKind::Full { up_to } = kind { Some(up_to) } else { None };
        *self.shards.entry(shard).or_default() += 1;
    }

    /// One less does.
    fn go(&mut self, shard: ShardId) {
        let Some(count) = self.shards.get_mut(&shard) else { return };
        *count -= 1;
        if *count == 0 {
            self.shards.remove(&shard);
        }
    }

    fn leave(&mut self, session: SessionId, shard: ShardId) {
        let Some(member) = self.members.remove(&session) else { return };
        self.go(shard);
        // Told even if nobody heard of the joining: a snapshot may have held it.
        self.change.joined.retain(|other| other.session != session);
        self.change.changed.retain(|other| other.session != session);
        self.change.left.push(member);
    }

    fn update(&mut self, session: SessionId, news: MemberNews) {
        let Some(member) = self.members.get_mut(&session) else { return };
        match news {
            MemberNews::State(state) => member.state = Some(state),
            MemberNews::User(user) => member.user = Some(user),
        }
        self.change.changed.retain(|other| other.session != session);
        self.change.changed.push(member.clone());
    }

    fn roster(&self) -> Roster {
        let count = self.members.len();
        let as_list = self.up_to.is_some_and(|up_to| count <= up_to);
        let members = as_list.then(|| self.members.values().cloned().collect());
        Roster { members, count }
    }

    fn take_change(&mut self) -> PresenceChange {
        self.has_changed = false;
        let mut change = std::mem::take(&mut self.change);
        let roster = self.roster();
        change.count = roster.count;
        change.only_count = roster.members.is_none();
        if std::mem::replace(&mut self.told_count, change.only_count) && !change.only_count {
            change.members = roster.members;
        }
        change
    }
}
