//! The broker that shards talk to: everything becomes a request to the task.

use crate::envelope::encode;
use crate::request::{Publish, Request};
use crate::stats::Stats;
use crate::task::RETRY_AFTER;
use bytes::Bytes;
use roomcast_core::broker::{CatchUp, Publication};
use roomcast_core::inbox::{Event, InboxSender, ShardId};
use roomcast_core::{Answer, Asker, Broker, Now, RoomKind};
use roomcast_protocol::command::Page;
use roomcast_protocol::{ErrorCode, Message, Refusal, RoomName};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::mpsc::error::SendError;

/// What the shards' side and the task share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) inboxes: Vec<InboxSender>,
    pub(crate) stats: Arc<Stats>,
    /// Redis has been away for longer than a moment: nothing is taken.
    pub(crate) is_away: AtomicBool,
    /// Most bytes of messages that may wait to be given to Redis.
    pub(crate) limit: usize,
}

impl Shared {
    /// Refuses what an asker wanted of a room.
    pub(crate) fn refuse(&self, asker: Asker, room: &RoomName, why: &str) {
        asker.tell(&self.inboxes, room, Answer::Refused(unavailable(why)));
    }
}

/// Redis cannot do it now.
pub(crate) fn unavailable(why: &str) -> Refusal {
    Refusal { retry_after: Some(RETRY_AFTER), ..Refusal::new(ErrorCode::Unavailable, why) }
}

/// Order, history and delivery over all nodes of a Redis.
#[derive(Debug)]
pub(crate) struct RedisBroker {
    shared: Arc<Shared>,
    requests: UnboundedSender<Request>,
}

impl RedisBroker {
    pub(crate) fn new(shared: Arc<Shared>, requests: UnboundedSender<Request>) -> Self {
        Self { shared, requests }
    }

    /// Asks the task; where it is gone, whoever waits for an answer is told so.
    fn ask(&self, request: Request) {
        const GONE: &str = "the node goes: ask another one";
        let Err(SendError(request)) = self.requests.send(request) else { return };
        match request {
            Request::Publish(Publish { append, asker, .. }) => {
                self.shared.stats.queue_bytes.sub(append.body.len() as u64);
                self.shared.refuse(asker, &append.room, GONE);
            }
            Request::Page(room, asker, ..) => self.shared.refuse(asker, &room, GONE),
            Request::CatchUp(room, shard, ticket, _) => {
                if let Some(inbox) = self.shared.inboxes.get(shard) {
                    inbox.push(Event::CaughtUp { room, ticket, snapshot: None });
                }
            }
            Request::Subscribe(..) | Request::Unsubscribe(..) | Request::Close(_) => {}
        }
    }

    /// Whether so much more may wait, and if so it is counted.
    fn has_room(&self, bytes: usize) -> bool {
        let waiting = &self.shared.stats.queue_bytes;
        let has_room = waiting.get() as usize + bytes <= self.shared.limit;
        if has_room {
            waiting.add(bytes as u64);
        }
        has_room
    }
}

impl Broker for RedisBroker {
    fn subscribe(&self, room: &RoomName, kind: &Arc<RoomKind>, shard: ShardId, _: Now) {
        self.ask(Request::Subscribe(room.clone(), Arc::clone(kind), shard));
    }

    fn unsubscribe(&self, room: &RoomName, shard: ShardId, _: Now) {
        self.ask(Request::Unsubscribe(room.clone(), shard));
    }

    fn publish(&self, publication: Publication, kind: &Arc<RoomKind>, asker: Asker, _: Now) {
        let Publication { message, ephemeral, skip, from_backend } = publication;
        let kind = Arc::clone(kind);
        let name = name_of(&message, from_backend);
        let body: Bytes = encode(&message, skip);
        let room = message.room;
        if self.shared.is_away.load(Ordering::Relaxed) {
            self.shared.stats.refused.add(1);
            return self.shared.refuse(asker, &room, "Redis is away: nothing was stored");
        }
        if !self.has_room(body.len()) {
            self.shared.stats.refused.add(1);
            let why = "Redis is slower than what is published: nothing was stored";
            return self.shared.refuse(asker, &room, why);
        }
        let append = crate::bus::Append { room, kind, ephemeral, from_backend, name, body };
        self.ask(Request::Publish(Publish { append, asker, serial: 0, lost: 0 }));
    }

    fn catch_up(&self, room: &RoomName, shard: ShardId, ticket: u32, want: CatchUp, _: Now) {
        self.ask(Request::CatchUp(room.clone(), shard, ticket, want));
    }

    fn page(&self, room: &RoomName, asker: Asker, page: Page, limit: u32, _: Now) {
        if self.shared.is_away.load(Ordering::Relaxed) {
            return self.shared.refuse(asker, room, "Redis is away");
        }
        self.ask(Request::Page(room.clone(), asker, page, limit));
    }

    fn sweep(&self, _: Now) {
        // Redis forgets by itself.
    }

    fn history_bytes(&self) -> u64 {
        0
    }
}

/// What the publisher calls the message. Names of different users differ.
fn name_of(message: &Message, from_backend: bool) -> Option<String> {
    let id = message.message_id.as_ref()?;
    let user = message.user.as_ref().and_then(|user| user.id.as_ref());
    Some(match user {
        Some(user) if !from_backend => format!("{} {user} {id}", user.as_str().len()),
        _ => format!("- {id}"),
    })
}
