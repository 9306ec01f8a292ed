//! The hub: the handle that the rest of a program holds to talk to every shard.

use crate::access::Gatekeeper;
use crate::asker::{Accepted, Answer, Asker};
use crate::broker::{Broker, Publication};
use crate::catchup::page_of;
use crate::census::Census;
use crate::config::Config;
use crate::inbox::{Event, Inbox, InboxSender, inbox};
use crate::inspect::{Listing, Look, RoomEntry, RoomFilter, SessionEntry, SessionFilter, gather};
use crate::local_broker::LocalBroker;
use crate::now::Now;
use crate::presence::{LocalPresence, PresenceStore, Roster};
use crate::random::Random;
use crate::room_kind::{PresenceKind, PublishBy, RoomKind};
use crate::shard::{Engine, Shard};
use crate::stats::{Counter, Stats};
use roomcast_protocol::command::Page;
use roomcast_protocol::{
    CloseCode, Dialect, ErrorCode, Frame, Message, Position, Refusal, RoomName, SessionId, UserId,
};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// Talks to every shard of this node from any thread.
#[derive(Debug, Clone)]
pub struct Hub {
    engine: Arc<Engine>,
    inboxes: Vec<InboxSender>,
    stats: Vec<Arc<Stats>>,
    published: Arc<Counter>,
}

/// A page of a room's history.
#[derive(Debug, Clone)]
pub struct Past {
    /// The last position given out in the room; its epoch is [`Epoch::UNKNOWN`] where there is
    /// no such room.
    ///
    /// [`Epoch::UNKNOWN`]: roomcast_protocol::Epoch::UNKNOWN
    pub head: Position,
    /// The messages, encoded, oldest first.
    pub messages: Vec<Frame>,
    /// Whether there are more in the direction asked for.
    pub more: bool,
}

impl Hub {
    /// A node of its own: a hub, and the shards with their inboxes, one for each worker.
    ///
    /// `seed` must differ from process to process: session ids and epochs come from it.
    #[must_use]
    pub fn local(
        config: Config,
        gatekeeper: Arc<dyn Gatekeeper>,
        shards: usize,
        seed: u64,
    ) -> (Self, Vec<(Shard, Inbox)>) {
        let (dedupe, batch) = (config.dedupe, config.presence_batch);
        Self::new(config, gatekeeper, shards, seed, |inboxes, seed| {
            let broker = LocalBroker::new(inboxes.clone(), seed, dedupe);
            (Arc::new(broker), Arc::new(LocalPresence::new(inboxes, batch)))
        })
    }

    /// A node among others: as [`Hub::local`], but order, history and presence are those of the
    /// broker and the store that `connect` makes. It is given the inboxes of all shards, in their
    /// order, and a seed of its own.
    #[must_use]
    pub fn new(
        config: Config,
        gatekeeper: Arc<dyn Gatekeeper>,
        shards: usize,
        seed: u64,
        connect: impl FnOnce(Vec<InboxSender>, u64) -> (Arc<dyn Broker>, Arc<dyn PresenceStore>),
    ) -> (Self, Vec<(Shard, Inbox)>) {
        let (senders, receivers): (Vec<_>, Vec<_>) =
            (0..shards).map(|_| inbox(config.inbox)).unzip();
        let random = Random::new(seed);
        let (broker, presence) = connect(senders.clone(), random.next());
        let census = Census::default();
        let engine = Arc::new(Engine { config, broker, presence, gatekeeper, census });
        let shards: Vec<(Shard, Inbox)> = receivers
            .into_iter()
            .enumerate()
            .map(|(id, inbox)| (Shard::new(id, Arc::clone(&engine), random.next()), inbox))
            .collect();
        let stats = shards.iter().map(|(shard, _)| shard.stats()).collect();
        let hub = Self { engine, inboxes: senders, stats, published: Arc::default() };
        (hub, shards)
    }

    /// The settings of the engine.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.engine.config
    }

    /// Publishes as the backend: no grant is asked for, the room's kind still counts, but for its
    /// rate. The message's position is the broker's to give.
    ///
    /// It is on its way when this returns; the future says what became of it and may be dropped.
    ///
    /// # Errors
    /// The future's [`Refusal`] says why nothing was published.
    pub fn publish(
        &self,
        message: Message,
        ephemeral: bool,
        now: Now,
    ) -> impl Future<Output = Result<Accepted, Refusal>> + Send + use<> {
        let (asker, answer) = Asker::backend();
        let kind = Arc::new(self.engine.config.kind_of(&message.room));
        match may_publish(&kind, &message) {
            Ok(()) => {
                self.published.add(1);
                let publication =
                    Publication { message, ephemeral, skip: None, from_backend: true };
                self.engine.broker.publish(publication, &kind, asker, now);
            }
            Err(refusal) => asker.tell(&self.inboxes, &message.room, Answer::Refused(refusal)),
        }
        async move {
            match answer.await {
                Ok(Answer::Accepted(accepted)) => Ok(accepted),
                other => Err(refusal_of(other)),
            }
        }
    }

    /// Reads a page of a room's history, in that dialect, as much of it as one answer may hold.
    ///
    /// # Errors
    /// The future's [`Refusal`] says why it could not be read.
    pub fn history(
        &self,
        room: &RoomName,
        page: Page,
        limit: u32,
        dialect: &'static dyn Dialect,
        now: Now,
    ) -> impl Future<Output = Result<Past, Refusal>> + Send + use<> {
        let (asker, answer) = Asker::backend();
        self.engine.broker.page(room, asker, page, limit, now);
        let most = self.engine.config.recovery;
        async move {
            match answer.await {
                Ok(Answer::Page(page, found)) => {
                    let (messages, more) = page_of(&found, page, dialect, most);
                    Ok(Past { head: found.head, messages, more })
                }
                other => Err(refusal_of(other)),
            }
        }
    }

    /// The rooms that have members, or somebody on the way in, by name.
    pub async fn list_rooms(&self, filter: RoomFilter) -> Listing<RoomEntry> {
        let (limit, filter) = (filter.limit, Arc::new(filter));
        let look = |step| Look::Rooms(Arc::clone(&filter), step);
        let merge = |members: &mut usize, more| *members += more;
        let (found, more) = gather(&self.inboxes, limit, look, merge).await;
        let entries = found.into_iter().map(|(room, members)| RoomEntry { room, members });
        Listing { entries: entries.collect(), more }
    }

    /// The sessions, by id.
    pub async fn list_sessions(&self, filter: SessionFilter) -> Listing<SessionEntry> {
        let (limit, filter) = (filter.limit, Arc::new(filter));
        let look = |step| Look::Sessions(Arc::clone(&filter), step);
        let (found, more) = gather(&self.inboxes, limit, look, |_, _| ()).await;
        Listing { entries: found.into_iter().map(|(_, entry)| entry).collect(), more }
    }

    /// How many rooms have somebody in them.
    #[must_use]
    pub fn rooms(&self) -> usize {
        self.engine.census.rooms()
    }

    /// How many are in the room, those on their way into it too.
    #[must_use]
    pub fn members(&self, room: &RoomName) -> usize {
        self.engine.census.count(room)
    }

    /// How many rooms the presence store keeps something of: none where nobody is left, but for
    /// what is still to be told.
    #[must_use]
    pub fn rooms_with_presence(&self) -> usize {
        self.engine.presence.rooms()
    }

    /// Who is in the room, on whichever node; of one whose kind keeps no presence, how many are
    /// on this one.
    ///
    /// # Errors
    /// The future's [`Refusal`] says why it cannot be known now.
    pub fn roster(
        &self,
        room: &RoomName,
    ) -> impl Future<Output = Result<Roster, Refusal>> + Send + use<> {
        let (asker, answer) = Asker::backend();
        match self.engine.config.kind_of(room).presence {
            PresenceKind::None => {
                let roster = Roster { members: None, count: self.members(room) };
                asker.tell(&self.inboxes, room, Answer::Roster(roster));
            }
            kind => self.engine.presence.ask(room, kind, asker),
        }
        async move {
            match answer.await {
                Ok(Answer::Roster(roster)) => Ok(roster),
                other => Err(refusal_of(other)),
            }
        }
    }

    /// Closes every session of a user, or only this one of them, with that code; the future says
    /// how many they were and may be dropped.
    pub fn disconnect(
        &self,
        user: &UserId,
        only: Option<SessionId>,
        code: CloseCode,
    ) -> impl Future<Output = usize> + Send + use<> {
        let tell = |inbox: &InboxSender| {
            let (answer, closed) = oneshot::channel();
            inbox.push(Event::Disconnect { user: user.clone(), only, code, answer });
            closed
        };
        let shards: Vec<_> = self.inboxes.iter().map(tell).collect();
        async move {
            let mut closed = 0;
            for shard in shards {
                // A shard that is gone has no sessions.
                closed += shard.await.unwrap_or(0);
            }
            closed
        }
    }

    /// Sends every client away, each at a moment of its own within the window.
    pub fn drain(&self, window: Duration) {
        for inbox in &self.inboxes {
            inbox.push(Event::Drain { window });
        }
    }

    /// The shards' counters.
    #[must_use]
    pub fn stats(&self) -> &[Arc<Stats>] {
        &self.stats
    }

    /// Sessions now.
    #[must_use]
    pub fn sessions(&self) -> u64 {
        self.stats.iter().map(|stats| stats.sessions.get()).sum()
    }

    /// Messages that the backend published.
    #[must_use]
    pub fn published_by_backend(&self) -> u64 {
        self.published.get()
    }

    /// Bytes of history kept in this process.
    #[must_use]
    pub fn history_bytes(&self) -> u64 {
        self.engine.broker.history_bytes()
    }

    /// What judges tokens.
    #[must_use]
    pub fn gatekeeper(&self) -> &Arc<dyn Gatekeeper> {
        &self.engine.gatekeeper
    }
}

/// Whether a room of the kind takes the backend's message.
fn may_publish(kind: &RoomKind, message: &Message) -> Result<(), Refusal> {
    if kind.publish == PublishBy::None {
        let message = "nobody publishes in this room";
        return Err(Refusal::new(ErrorCode::Forbidden, message));
    }
    kind.check_size(&message.data)
}

/// Why there is no other answer. A broker that is gone gives none.
fn refusal_of<E>(answer: Result<Answer, E>) -> Refusal {
    match answer {
        Ok(Answer::Refused(refusal)) => refusal,
        _ => Refusal::new(ErrorCode::Unavailable, "the rooms did not answer: try again"),
    }
}
