//! What the fan-out asks of Redis, in words of rooms: the seam to the client library, and to the
//! stub that tests put in its place.

use crate::envelope::Record;
use crate::presence::Ask;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use roomcast_core::RoomKind;
use roomcast_protocol::{Position, RoomName};
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

/// Makes links.
pub(crate) trait Bus: Send + Sync + Debug {
    /// Connects. What comes on the channels comes out of the stream; its end is the end of the
    /// link.
    fn connect(&self) -> Connecting;
}

/// A link that is being made, and what will come on its channels.
pub(crate) type Connecting = Answer<(Arc<dyn Link>, Incoming)>;

/// What comes on the channels of a link.
pub(crate) type Incoming = BoxStream<'static, News>;

/// What happens on a link.
#[derive(Debug)]
pub(crate) enum News {
    /// Something was published on a channel.
    Push(Bytes, Bytes),
    /// So much came at once that some was dropped.
    Lagged(u64),
    /// The link has ended, and why.
    Ended(String),
}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BusError {
    /// The link is at its end. What was asked for may be done or not.
    #[error("{0}")]
    Lost(String),
    /// Redis refused it.
    #[error("Redis refused: {0}")]
    Refused(String),
}

/// One life of the connections to Redis. It is whole or it is over: whoever sees an error of the
/// kind [`BusError::Lost`] drops it and connects anew.
///
/// What is asked of one room is done in the order asked.
pub(crate) trait Link: Send + Sync + Debug {
    /// Which server the room is on; only what is for one of them goes into one batch.
    fn lane(&self, room: &RoomName) -> u16;

    /// Publishes, in order. One outcome for each.
    fn append(&self, batch: Vec<Append>) -> Answer<Vec<Outcome>>;

    /// Reads a part of a room's log.
    fn read(&self, read: Read) -> Answer<Found>;

    /// Which of the rooms must be read: they are not where the node heard them last.
    fn check(&self, heard: Vec<Heard>) -> Answer<Vec<bool>>;

    /// Hears the rooms from now on: once it is answered nothing of them is missed.
    fn subscribe(&self, rooms: Vec<RoomName>) -> Answer<()>;

    /// Hears the rooms no more.
    fn unsubscribe(&self, rooms: Vec<RoomName>) -> Answer<()>;

    /// Asks what presence asks.
    fn presence(&self, ask: &Ask) -> Answer<Bytes>;

    /// Asks every connection for a sign of life.
    fn ping(&self) -> Answer<()>;
}

/// What a link answers, later.
pub(crate) type Answer<T> = BoxFuture<'static, Result<T, BusError>>;

/// A message to publish.
#[derive(Debug, Clone)]
pub(crate) struct Append {
    pub(crate) room: RoomName,
    pub(crate) kind: Arc<RoomKind>,
    pub(crate) ephemeral: bool,
    pub(crate) from_backend: bool,
    /// What the publisher calls it, made different for each scope of names.
    pub(crate) name: Option<String>,
    pub(crate) body: Bytes,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It stands there; ephemeral ones have no place.
    Accepted { position: Option<Position>, duplicate: bool },
    /// The room's members have published too much: wait so long.
    TooMany(Duration),
}

/// Which part of a room's log.
#[derive(Debug, Clone)]
pub(crate) struct Read {
    pub(crate) room: RoomName,
    pub(crate) life: Duration,
    pub(crate) part: Part,
}

/// A part of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// After an offset, if there is one, and at least so many of the newest. This begins the
    /// life of a room that has none.
    CatchUp { since: Option<u64>, last: u32 },
    /// The newest.
    Latest(u32),
    /// The newest before an offset.
    Before(u64, u32),
    /// The oldest after an offset.
    After(u64, u32),
}

/// What a log holds.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// The last position given out; [`roomcast_protocol::Epoch::UNKNOWN`] where there is no such room.
    pub(crate) head: Position,
    /// Offsets up to this one are kept no more.
    pub(crate) floor: u64,
    /// There is more in the direction asked for.
    pub(crate) more: bool,
    /// Earlier epochs that this one goes on with, and where each ended.
    pub(crate) lineage: Vec<Position>,
    /// The messages, oldest first.
    pub(crate) records: Vec<Record>,
}

/// How far a node has heard a room.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) room: RoomName,
    pub(crate) life: Duration,
    pub(crate) last: Position,
}
