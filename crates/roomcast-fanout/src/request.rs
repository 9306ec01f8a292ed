//! What the shards' side asks of the task, and what the task does about it.

use crate::bus::{Append, BusError, Found, Outcome};
use crate::presence::Ask;
use bytes::Bytes;
use roomcast_core::broker::CatchUp;
use roomcast_core::inbox::ShardId;
use roomcast_core::{Asker, RoomKind};
use roomcast_protocol::RoomName;
use roomcast_protocol::command::Page;
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// What is asked.
#[derive(Debug)]
pub(crate) enum Request {
    /// A shard has members in a room.
    Subscribe(RoomName, Arc<RoomKind>, ShardId),
    /// It has none any more.
    Unsubscribe(RoomName, ShardId),
    /// A message is published.
    Publish(Publish),
    /// A shard reads a room.
    CatchUp(RoomName, ShardId, u32, CatchUp),
    /// Somebody reads a page.
    Page(RoomName, Asker, Page, u32),
    /// The node goes: tell Redis what is to be told, then say so.
    Close(oneshot::Sender<()>),
}

/// A message on its way to Redis, and who waits for the answer.
#[derive(Debug)]
pub(crate) struct Publish {
    pub(crate) append: Append,
    pub(crate) asker: Asker,
    /// Its place among all that were asked for.
    pub(crate) serial: u64,
    /// How many links ended while it was under way.
    pub(crate) lost: u32,
}

/// A shard that waits for a room to be read.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) shard: ShardId,
    pub(crate) ticket: u32,
    pub(crate) want: CatchUp,
    /// When it waits no longer.
    pub(crate) until: Instant,
}

/// Something that Redis was asked and that is answered now.
#[derive(Debug)]
pub(crate) enum Done {
    Appended(Vec<Publish>, Instant, Result<Vec<Outcome>, BusError>),
    Page(RoomName, Asker, Page, Result<Found, BusError>),
    Read(RoomName, Vec<Waiting>, Result<Found, BusError>),
    Subscribed(Vec<(RoomName, u64)>, Result<(), BusError>),
    Unsubscribed(Result<(), BusError>),
    Checked(Vec<RoomName>, Result<Vec<bool>, BusError>),
    Ping(Result<(), BusError>),
    Presence(Box<Ask>, Result<Bytes, BusError>),
}
