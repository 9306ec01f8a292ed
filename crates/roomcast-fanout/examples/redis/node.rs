//! A node without sockets: a fan-out, and inboxes that this program empties in place of shards.

use anyhow::{Context as _, Result, bail, ensure};
use roomcast_core::broker::{CatchUp, Publication};
use roomcast_core::inbox::ShardId;
use roomcast_core::{
    Answer, Asker, Broker, Event, Hub, Identity, Inbox, NoTokens, Now, RoomKind, SessionKey,
    SessionSpec, asker,
};
use roomcast_fanout::fanout::Status;
use roomcast_fanout::{Fanout, RedisUrl, Stats};
use roomcast_protocol::dialect::native;
use roomcast_protocol::{Message, Payload, RoomName, Timestamp, User, UserId};
use roomcast_testbed::Redis;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// How long any one step may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes of a payload.
const PAYLOAD: usize = 128;

/// A node.
pub(crate) struct Node {
    pub(crate) fanout: Fanout,
    broker: Arc<dyn Broker>,
    pub(crate) inboxes: Vec<Inbox>,
    kind: Arc<RoomKind>,
    session: SessionKey,
    message: Message,
}

impl Node {
    /// A node of so many shards, connected.
    pub(crate) async fn start(redis: &Redis, shards: usize) -> Result<Self> {
        static SEEDS: AtomicU64 = AtomicU64::new(1);
        let seed = SEEDS.fetch_add(1, Ordering::Relaxed);
        let engine = roomcast_core::Config::default();
        let settings = roomcast_fanout::Config::new(RedisUrl::new(&redis.url())?);
        let mut fanout = None;
        let gatekeeper = Arc::new(NoTokens);
        let (_, parts) = Hub::new(engine.clone(), gatekeeper, shards, seed, |inboxes, seed| {
            let started = Fanout::start(settings, &engine, inboxes, seed).expect("a thread");
            let parts = (started.broker(), started.presence());
            fanout = Some(started);
            parts
        });
        let (mut shards, inboxes): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
        let fanout = fanout.context("the hub asks for a broker")?;
        let node = Self {
            broker: fanout.broker(),
            fanout,
            inboxes,
            kind: Arc::default(),
            session: shards[0].open(somebody(), Now::default()),
            message: message()?,
        };
        node.is_up().await?;
        Ok(node)
    }

    /// Waits for a link.
    pub(crate) async fn is_up(&self) -> Result<()> {
        let mut status = self.fanout.status();
        let up = status.wait_for(|status| *status == Status::Up);
        tokio::time::timeout(PATIENCE, up).await.context("no link to Redis")??;
        Ok(())
    }

    pub(crate) fn stats(&self) -> Arc<Stats> {
        self.fanout.stats()
    }

    pub(crate) fn subscribe(&self, room: &RoomName, shard: ShardId) {
        self.broker.subscribe(room, &self.kind, shard, Now::default());
    }

    /// Reads the room, as a shard does that has members in it.
    pub(crate) fn catch_up(&self, room: &RoomName, shard: ShardId) {
        let want = CatchUp { since: None, last: 0 };
        self.broker.catch_up(room, shard, 1, want, Now::default());
    }

    /// Publishes for a session of the first shard, which is answered.
    pub(crate) fn publish(&self, room: &RoomName) {
        let publication = Publication {
            message: Message { room: room.clone(), timestamp: wall(), ..self.message.clone() },
            ephemeral: false,
            skip: None,
            from_backend: false,
        };
        let caller = asker::Caller { shard: 0, session: self.session, id: None };
        self.broker.publish(publication, &self.kind, Asker::Session(caller), Now::default());
    }

    /// What the first shard is told next, as much at once as there is.
    pub(crate) async fn events(&mut self, events: &mut Vec<Event>) -> Result<()> {
        let told = self.inboxes[0].recv_many(events, 512);
        let count = tokio::time::timeout(PATIENCE, told).await.context("nothing comes any more")?;
        ensure!(count > 0, "the fan-out has ended");
        Ok(())
    }

    /// Subscribes the first shard to the rooms and reads each, until all were read.
    pub(crate) async fn join(&mut self, rooms: &[RoomName]) -> Result<()> {
        for room in rooms {
            self.subscribe(room, 0);
            self.catch_up(room, 0);
        }
        let (mut read, mut events) = (0, Vec::new());
        while read < rooms.len() {
            self.events(&mut events).await?;
            for event in events.drain(..) {
                match event {
                    Event::CaughtUp { snapshot, .. } => _ = snapshot.context("not read")?,
                    other => bail!("{other:?} while rooms are read"),
                }
                read += 1;
            }
        }
        Ok(())
    }
}

/// Rooms with names of their own.
pub(crate) fn rooms(name: &str, count: usize) -> Result<Vec<RoomName>> {
    (0..count).map(|number| Ok(RoomName::new(&format!("{name}:{number}"))?)).collect()
}

/// Whether an answer says that a message was published.
pub(crate) fn is_accepted(answer: &Answer) -> bool {
    matches!(answer, Answer::Accepted(_))
}

fn somebody() -> SessionSpec {
    let identity = Arc::new(Identity::observer());
    SessionSpec { dialect: &native::NATIVE, identity, join: None }
}

fn message() -> Result<Message> {
    Ok(Message {
        room: RoomName::new("bench")?,
        position: None,
        event: None,
        user: Some(User { id: Some(UserId::new("ann")?), name: Some("Ann".into()) }),
        data: Payload::of(&"x".repeat(PAYLOAD - 2)),
        timestamp: wall(),
        message_id: None,
        key: None,
    })
}

fn wall() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
