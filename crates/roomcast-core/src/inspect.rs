//! What the hub asks the shards about themselves: rooms and sessions by page.
//!
//! A shard looks at a bounded number of places at a time and does its other work between; what
//! changes meanwhile may be seen or not, everything else exactly once.

use crate::inbox::{Event, InboxSender};
use roomcast_protocol::{RoomName, SessionId, User, UserId};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// Which rooms are wanted, in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RoomFilter {
    /// Their names begin with this.
    pub prefix: String,
    /// Their names come after this one.
    pub after: Option<String>,
    /// At most so many.
    pub limit: usize,
}

/// Which sessions are wanted, in the order of their ids.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SessionFilter {
    /// They belong to this user.
    pub user: Option<UserId>,
    /// Their ids come after this one.
    pub after: Option<SessionId>,
    /// At most so many.
    pub limit: usize,
}

/// A part of what was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing<T> {
    /// What was found, in order.
    pub entries: Vec<T>,
    /// There is more after the last one.
    pub more: bool,
}

/// A room that has members, or somebody on the way in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomEntry {
    /// Its name.
    pub room: RoomName,
    /// How many they are on this node.
    pub members: usize,
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionEntry {
    /// Its id.
    pub session: SessionId,
    /// Who it is, as far as known.
    pub user: Option<User>,
    /// It is an operator looking in.
    pub observer: bool,
    /// The dialect it speaks.
    pub dialect: &'static str,
    /// How long it has been there.
    pub connected: Duration,
    /// Some of the rooms that it is in, at most [`SessionEntry::MAX_ROOMS`].
    pub rooms: Vec<RoomName>,
    /// How many they all are.
    pub rooms_count: usize,
    /// Bytes that wait for it.
    pub outbox_bytes: usize,
    /// From the last ping to the sign of life that answered it.
    pub rtt: Option<Duration>,
}

impl SessionEntry {
    /// Most rooms that one entry names.
    pub const MAX_ROOMS: usize = 20;
}

/// What a shard is asked about itself.
#[derive(Debug)]
pub enum Look {
    /// For rooms.
    Rooms(Arc<RoomFilter>, Step<RoomName, usize>),
    /// For sessions.
    Sessions(Arc<SessionFilter>, Step<SessionId, SessionEntry>),
}

/// One step of a look over a shard's places.
#[derive(Debug)]
pub struct Step<K, T> {
    /// The place to begin at.
    pub(crate) from: usize,
    /// Where the answer goes.
    pub(crate) answer: oneshot::Sender<Part<K, T>>,
}

/// What one step found: the first ones in order.
#[derive(Debug)]
pub(crate) struct Part<K, T> {
    pub(crate) found: Vec<(K, T)>,
    /// Where the next step begins; none after the last place.
    pub(crate) next: Option<usize>,
}

fn ask<K, T>(
    inbox: &InboxSender,
    from: usize,
    look: impl Fn(Step<K, T>) -> Look,
) -> (&InboxSender, oneshot::Receiver<Part<K, T>>) {
    let (answer, part) = oneshot::channel();
    inbox.push(Event::Look(look(Step { from, answer })));
    (inbox, part)
}

/// Asks every shard, step by step, and keeps the first ones in order. Where two shards know the
/// same one, it is merged. A shard that is gone has nothing.
pub(crate) async fn gather<K: Ord, T>(
    inboxes: &[InboxSender],
    limit: usize,
    look: impl Fn(Step<K, T>) -> Look,
    merge: impl Fn(&mut T, T),
) -> (Vec<(K, T)>, bool) {
    let mut all = BTreeMap::new();
    let mut places: Vec<(&InboxSender, usize)> = inboxes.iter().map(|inbox| (inbox, 0)).collect();
    while !places.is_empty() {
        // All are asked before the first answers: they look at the same time.
        let asked: Vec<_> = places.drain(..).map(|(inbox, from)| ask(inbox, from, &look)).collect();
        for (inbox, part) in asked {
            let Ok(Part { found, next }) = part.await else { continue };
            places.extend(next.map(|next| (inbox, next)));
            for (key, entry) in found {
                match all.get_mut(&key) {
                    Some(known) => merge(known, entry),
                    None => _ = all.insert(key, entry),
                }
            }
            // One more than wanted says that there is more.
            while all.len() > limit.saturating_add(1) {
                all.pop_last();
            }
        }
    }
    let more = all.len() > limit;
    (all.into_iter().take(limit).collect(), more)
}
