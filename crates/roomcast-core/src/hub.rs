//! The hub: the handle that the rest of a program holds to talk to every shard.

use crate::access::Gatekeeper;
use crate::broker::Publication;
use crate::census::Census;
use crate::config::Config;
use crate::inbox::{Event, Inbox, InboxSender, inbox};
use crate::local_broker::LocalBroker;
use crate::now::Now;
use crate::presence::LocalPresence;
use crate::random::Random;
use crate::shard::{Engine, Shard};
use crate::stats::{Counter, Stats};
use roomcast_protocol::{CloseCode, Message, RoomName, SessionId, UserId};
use std::sync::Arc;
use std::time::Duration;

/// Talks to every shard of this node from any thread.
#[derive(Debug, Clone)]
pub struct Hub {
    engine: Arc<Engine>,
    inboxes: Vec<InboxSender>,
    stats: Vec<Arc<Stats>>,
    published: Arc<Counter>,
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
        let (senders, receivers): (Vec<_>, Vec<_>) =
            (0..shards).map(|_| inbox(config.inbox)).unzip();
        let random = Random::new(seed);
        let broker = LocalBroker::new(senders.clone(), random.next(), config.dedupe);
        let presence = LocalPresence::new(senders.clone(), config.presence_batch);
        let engine = Arc::new(Engine {
            config,
            broker: Arc::new(broker),
            presence: Arc::new(presence),
            gatekeeper,
            census: Census::default(),
        });
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

    /// Publishes as the backend: no grant is asked for, the room's kind still counts.
    /// The message's position is the broker's to give.
    pub fn publish(&self, message: Message, ephemeral: bool, skip: Option<SessionId>, now: Now) {
        let kind = Arc::new(self.engine.config.kind_of(&message.room));
        self.published.add(1);
        let publication = Publication { message, kind, ephemeral, skip, asker: None };
        self.engine.broker.publish(publication, now);
    }

    /// Sessions of this node in the room: what nobody hears need not be made.
    #[must_use]
    pub fn members(&self, room: &RoomName) -> usize {
        self.engine.census.count(room)
    }

    /// Closes every session of a user with that code.
    pub fn disconnect(&self, user: &UserId, code: CloseCode) {
        for inbox in &self.inboxes {
            inbox.push(Event::Disconnect { user: user.clone(), code });
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
