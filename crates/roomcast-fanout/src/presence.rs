//! Presence across nodes: this node's members are written to Redis, and those of the other nodes
//! join the view that its own members have.
//!
//! ```text
//!  shards ── enter, leave ──► LocalPresence (the view) ◄── others' members ── State ◄── answers, records
//!                                    └── what is new of its own ────────────────► └── due: questions
//! ```
//!
//! It is a state machine that is told the time and asks no Redis by itself: whoever has the link
//! takes the questions that are [`RedisPresence::due`], and brings the answers.
//!
//! - A node's own members are in its view at once, with Redis or without. In Redis they stand
//!   under its name, room by room; each change has a number and is told to all on the channel.
//! - A node's lease holds as long as it shows signs of life. When one runs out the others end
//!   what stands under its name, one of them room by room; the node itself, if it comes back,
//!   goes on under another name, so that nothing is taken up again that somebody may end.
//! - What may have been missed is asked for: a roster of the room says what every node has.
//!   It replaces what was known; members who stayed are not told as new.
//! - Where Redis has lost what it knew, nodes that are not in it count as there for one lease
//!   more: they have that time to write their members anew.
//!
//! Read in this order: `ask`, `record`, `lease`, `own`, `others`, `looks`, `state`.

mod ask;
mod lease;
mod looks;
mod others;
mod own;
mod record;
mod state;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use ask::Ask;

use crate::stats::Stats;
use bytes::Bytes;
use record::NodeId;
use roomcast_core::inbox::{InboxSender, ShardId};
use roomcast_core::now::Now;
use roomcast_core::presence::{MemberNews, Roster};
use roomcast_core::room_kind::PresenceKind;
use roomcast_core::{Asker, LocalPresence, PresenceStore};
use roomcast_protocol::push::Member;
use roomcast_protocol::{RoomName, SessionId};
use state::State;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// The presence of a node among others. Shards use it as a [`PresenceStore`]; the other methods
/// are for whoever has the link, one thread at a time.
#[derive(Debug)]
pub(crate) struct RedisPresence {
    view: LocalPresence,
    state: Mutex<State>,
    is_up: AtomicBool,
    changed: Notify,
}

impl RedisPresence {
    /// Presence for the shards behind these inboxes, told in batches. `seed` must differ from
    /// process to process.
    pub(crate) fn new(
        inboxes: Vec<InboxSender>,
        batch: Duration,
        lease: Duration,
        seed: u64,
        stats: Arc<Stats>,
    ) -> Self {
        let lease = u64::try_from(lease.as_millis()).unwrap_or(u64::MAX);
        Self {
            view: LocalPresence::new(inboxes.clone(), batch).shared(),
            state: Mutex::new(State::new(NodeId::first(seed), lease, inboxes, stats)),
            is_up: AtomicBool::new(false),
            changed: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something to the state, and wakes whoever waits for [`RedisPresence::changed`] if
    /// there is something to ask then.
    fn with<T>(&self, act: impl FnOnce(&mut State, &LocalPresence) -> T) -> T {
        let mut state = self.state();
        let done = act(&mut state, &self.view);
        if state.has_more() {
            self.changed.notify_one();
        }
        done
    }

    /// Woken when there is something new to be asked. Signs of life are due without it: see
    /// [`RedisPresence::due`].
    pub(crate) fn changed(&self) -> &Notify {
        &self.changed
    }

    /// There is a link. Everything is written anew; rooms are asked for as they are
    /// [`RedisPresence::subscribed`] again.
    pub(crate) fn link_up(&self) {
        let mut state = self.state();
        state.link_up(&self.view);
        self.is_up.store(true, Ordering::Release);
    }

    /// The link is gone: what was asked is answered no more. Others' members stay as known.
    pub(crate) fn link_down(&self) {
        let mut state = self.state();
        self.is_up.store(false, Ordering::Release);
        state.link_down();
    }

    /// The room's channel is heard from now on, on this link: its roster is asked for. Call it
    /// for every room again after a new link.
    pub(crate) fn subscribed(&self, room: &RoomName, kind: PresenceKind) {
        self.with(|state, _| state.heard(room, kind));
    }

    /// Whether others' members of a room that was [`RedisPresence::subscribed`] are known by now,
    /// so that somebody who joins is told of them at once.
    pub(crate) fn is_known(&self, room: &RoomName) -> bool {
        self.state().is_known(room)
    }

    /// The room's channel is heard no more: others' members of it are forgotten.
    pub(crate) fn unsubscribed(&self, room: &RoomName) {
        self.with(|state, view| state.not_heard(room, view));
    }

    /// So much came at once that some was dropped: all rosters are asked for.
    pub(crate) fn lagged(&self) {
        self.with(|state, _| state.missed());
    }

    /// What is to be asked now, in this order. Call it at least every eighth of a lease and
    /// after [`RedisPresence::changed`]; nothing comes while there is no link.
    pub(crate) fn due(&self, now: Now) -> Vec<Ask> {
        self.state().due(millis(now), &self.view)
    }

    /// The answer to a question, in the order of the questions of each room; none if it failed:
    /// it is asked again. Questions of an earlier link may be answered late or never.
    pub(crate) fn done(&self, ask: Ask, answer: Option<Bytes>, now: Now) {
        self.with(|state, view| state.done(ask, answer, millis(now), view));
    }

    /// A record of presence came on the room's channel; these are the bytes behind the one that
    /// says so.
    pub(crate) fn arrived(&self, room: &RoomName, record: Bytes) {
        self.with(|state, view| state.arrived(room, record, view));
    }

    /// Takes what has changed last, however short the time: the node is about to end. Go on
    /// asking what is due until it [`RedisPresence::is_idle`].
    pub(crate) fn final_flush(&self) {
        self.view.flush_now();
        self.changed.notify_one();
    }

    /// Whether everything was told to Redis, as far as there is a link.
    pub(crate) fn is_idle(&self) -> bool {
        let mut state = self.state();
        state.take_changes(&self.view);
        state.is_idle()
    }

    /// While there is no link nothing is gathered for it: all is written anew with the next.
    fn forget_untold(&self) {
        let state = self.state();
        if !state.is_up {
            for room in self.view.take_untold() {
                _ = self.view.take_outgoing(&room, false, false, usize::MAX);
            }
        }
    }
}

fn millis(now: Now) -> u64 {
    u64::try_from(now.uptime.as_millis()).unwrap_or(u64::MAX)
}

impl PresenceStore for RedisPresence {
    fn enter(&self, room: &RoomName, kind: PresenceKind, member: Member, shard: ShardId) {
        self.view.enter(room, kind, member, shard);
    }

    fn leave(&self, room: &RoomName, session: SessionId, shard: ShardId) {
        self.view.leave(room, session, shard);
    }

    fn watch(&self, room: &RoomName, kind: PresenceKind, shard: ShardId) {
        self.view.watch(room, kind, shard);
    }

    fn unwatch(&self, room: &RoomName, shard: ShardId) {
        self.view.unwatch(room, shard);
    }

    fn update(&self, room: &RoomName, session: SessionId, news: MemberNews) {
        self.view.update(room, session, news);
    }

    fn roster(&self, room: &RoomName) -> Roster {
        self.view.roster(room)
    }

    fn ask(&self, room: &RoomName, kind: PresenceKind, asker: Asker) {
        let unasked = self.with(|state, _| state.look(room, kind, asker));
        if let Some(asker) = unasked {
            self.view.ask(room, kind, asker);
        }
    }

    fn rooms(&self) -> usize {
        self.view.rooms()
    }

    fn flush(&self, now: Now) {
        self.view.flush(now);
        if !self.is_up.load(Ordering::Acquire) {
            self.forget_untold();
        } else if self.view.has_untold() {
            self.changed.notify_one();
        }
    }
}
