//! The broker: the one place where a room's messages get their order.

use crate::asker::Asker;
use crate::dedupe::Name;
use crate::inbox::ShardId;
use crate::now::Now;
use crate::room_kind::RoomKind;
use roomcast_protocol::command::Page;
use roomcast_protocol::{Message, RoomName, SessionId};
use std::fmt::Debug;
use std::sync::Arc;

/// A message to be put in its place.
#[derive(Debug)]
pub struct Publication {
    /// The message, still without a position.
    pub message: Message,
    /// It skips the history and gets no position.
    pub ephemeral: bool,
    /// The publisher's session, if it wants no copy.
    pub skip: Option<SessionId>,
    /// The backend publishes it: its `message_id`s are its own, and no rate bounds it.
    pub from_backend: bool,
}

/// What a shard wants to read of a room in order to catch up or to let members in: everything
/// after `since`, and at least the `last` newest messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CatchUp {
    /// Everything after this offset; none means nothing.
    pub since: Option<u64>,
    /// At least so many of the newest.
    pub last: u32,
}

impl Publication {
    /// What its publisher calls it, if anything.
    pub(crate) fn name(&self) -> Option<Name> {
        Name::of(&self.message, self.from_backend)
    }
}

impl CatchUp {
    /// What serves both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let since = match (self.since, other.since) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        Self { since, last: self.last.max(other.last) }
    }
}

/// Puts messages in order, keeps their history and brings them to every shard with members.
///
/// Every method only enqueues or does bounded work under a short lock; answers come through the
/// shards' inboxes, or by [`Asker::tell`], never before the method has returned.
///
/// Messages and answers may overtake each other: a shard puts them in order by their positions. An
/// epoch may change while a room is live, and whether offsets go on is said by
/// [`Snapshot::lineage`](crate::inbox::Snapshot::lineage). A broker owes a shard this much:
/// - two messages of a room never have the same epoch and offset, and offsets have no holes;
/// - a reading finds at least what the shard was told of the room before it asked;
/// - a message that the shard may not get, and an epoch that it may not hear of, is followed by
///   [`Event::Lost`](crate::inbox::Event::Lost);
/// - every reading is answered once, if only by the word that the room cannot be read now.
pub trait Broker: Send + Sync + Debug {
    /// The shard wants the room's messages from now on.
    fn subscribe(&self, room: &RoomName, kind: &Arc<RoomKind>, shard: ShardId, now: Now);

    /// The shard has no members in the room any more.
    fn unsubscribe(&self, room: &RoomName, shard: ShardId, now: Now);

    /// Publishes in a room of that kind; the answer is [`Answer::Accepted`](crate::asker::Answer::Accepted), which a session
    /// may also hear with the message
    /// ([`InboxSender::push_message`](crate::inbox::InboxSender::push_message)), or
    /// [`Answer::Refused`](crate::asker::Answer::Refused).
    fn publish(&self, publication: Publication, kind: &Arc<RoomKind>, asker: Asker, now: Now);

    /// Reads for a shard; the answer is [`Event::CaughtUp`](crate::inbox::Event::CaughtUp).
    fn catch_up(&self, room: &RoomName, shard: ShardId, ticket: u32, want: CatchUp, now: Now);

    /// Reads a page; the answer is [`Answer::Page`](crate::asker::Answer::Page).
    fn page(&self, room: &RoomName, asker: Asker, page: Page, limit: u32, now: Now);

    /// Forgets what is past its time. Called every few milliseconds by one shard.
    fn sweep(&self, now: Now);

    /// Bytes of history kept in this process.
    fn history_bytes(&self) -> u64;
}
