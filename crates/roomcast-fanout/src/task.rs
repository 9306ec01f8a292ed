//! The one task that talks to Redis. It owns the link and the rooms that this node hears, and
//! never waits for one thing alone.
//!
//! `rooms` (the table of rooms), `reading` (what to do when some may have missed something),
//! `publishing` (messages on their way to Redis), `arriving` (messages that come from there),
//! `linking` (the life of the link), `presence` (who is where).

mod arriving;
mod linking;
mod presence;
mod publishing;
mod reading;
mod rooms;

use crate::bus::{Bus, BusError, Incoming, News};
use crate::config::Config;
use crate::fanout::Status;
use crate::keys::Keys;
use crate::presence::RedisPresence;
use crate::redis_broker::Shared;
use crate::request::{Done, Request};
use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, ReadyChunks, StreamExt};
use linking::Connection;
use publishing::Outgoing;
use roomcast_protocol::RoomName;
use rooms::Rooms;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, MissedTickBehavior, interval};

/// Requests, news or answers taken at once.
const BATCH: usize = 512;

/// How often what has a deadline is looked at.
const TICK: Duration = Duration::from_millis(50);

/// When to try again what could not be done.
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The news of a link, as many at once as there are.
type NewsChunks = ReadyChunks<Incoming>;

/// What Redis was asked, and in which life of the link.
type Doing = FuturesUnordered<BoxFuture<'static, (u64, Done)>>;

/// The task.
pub(crate) struct Task {
    bus: Arc<dyn Bus>,
    config: Config,
    engine: roomcast_core::Config,
    keys: Keys,
    shared: Arc<Shared>,
    presence: Arc<RedisPresence>,
    started: Instant,
    status: watch::Sender<Status>,
    connection: Connection,
    /// How many links there have been.
    life: u64,
    /// How often in a row the link could not be made.
    failures: u32,
    /// Since when there is no link.
    down_since: Option<Instant>,
    /// Members were told that something does not work.
    told_degraded: bool,
    /// When the link is asked for a sign of life next; none while it is being asked.
    next_ping: Option<Instant>,
    rooms: Rooms,
    /// Rooms whose first members are let in once it is known who else is there.
    held: Vec<RoomName>,
    outgoing: Outgoing,
    doing: Doing,
    closing: Option<(oneshot::Sender<()>, Instant)>,
}

impl Task {
    pub(crate) fn new(
        bus: Arc<dyn Bus>,
        config: Config,
        engine: roomcast_core::Config,
        shared: Arc<Shared>,
        presence: Arc<RedisPresence>,
        status: watch::Sender<Status>,
    ) -> Self {
        Self {
            keys: Keys::new(&config.prefix),
            connection: Connection::connecting(&*bus),
            bus,
            config,
            engine,
            shared,
            presence,
            started: Instant::now(),
            status,
            life: 0,
            failures: 0,
            down_since: Some(Instant::now()),
            told_degraded: false,
            next_ping: None,
            rooms: Rooms::default(),
            held: Vec::new(),
            outgoing: Outgoing::default(),
            doing: Doing::new(),
            closing: None,
        }
    }

    /// Runs until the node goes.
    pub(crate) async fn run(mut self, mut requests: UnboundedReceiver<Request>) {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut batch = Vec::new();
        let presence = Arc::clone(&self.presence);
        while !self.is_done() {
            tokio::select! {
                taken = requests.recv_many(&mut batch, BATCH) => {
                    if taken == 0 {
                        break;
                    }
                    batch.drain(..).for_each(|request| self.request(request));
                }
                // No link is made while something of the one before is still to be answered:
                // what is asked for again keeps its order.
                event = self.connection.next(), if self.connection.link().is_some() || self.doing.is_empty() => {
                    self.connection_event(event);
                }
                Some((life, done)) = self.doing.next(), if !self.doing.is_empty() => {
                    self.done(life, done);
                }
                () = presence.changed().notified() => self.ask_presence(),
                _ = tick.tick() => self.tick(),
            }
            self.subscribe_wanted();
            self.send();
        }
        self.end(requests).await;
    }

    /// Whether the node goes and nothing is left to be told, or there is no time for it.
    fn is_done(&self) -> bool {
        let Some((_, until)) = &self.closing else { return false };
        let told_all = self.doing.is_empty() && self.outgoing.is_empty() && self.presence.is_idle();
        told_all || Instant::now() >= *until || self.connection.link().is_none()
    }

    /// Tells everyone who still waits that there will be no answer, also those whose requests
    /// nobody has looked at.
    async fn end(mut self, mut requests: UnboundedReceiver<Request>) {
        requests.close();
        while let Some(request) = requests.recv().await {
            self.request(request);
        }
        self.lost("the node goes");
        while let Some((life, done)) = self.doing.next().await {
            self.done(life, done);
        }
        self.refuse_outgoing();
        self.give_up_waiting(None);
        if let Some((answer, _)) = self.closing.take() {
            // Who asked may wait no longer.
            _ = answer.send(());
        }
    }

    fn request(&mut self, request: Request) {
        match request {
            Request::Subscribe(room, kind, shard) => {
                self.rooms.subscribe(room, kind, shard);
                self.shared.stats.rooms.set(self.rooms.len() as u64);
            }
            Request::Unsubscribe(room, shard) => {
                if self.rooms.unsubscribe(&room, shard) {
                    self.presence.unsubscribed(&room);
                }
                self.shared.stats.rooms.set(self.rooms.len() as u64);
            }
            Request::Publish(publish) => self.outgoing.publish(publish),
            Request::CatchUp(room, shard, ticket, want) => {
                self.catch_up(&room, shard, ticket, want);
            }
            Request::Page(room, asker, page, limit) => {
                self.outgoing.page(room, asker, page, limit);
            }
            Request::Close(answer) => {
                self.presence.final_flush();
                self.closing = Some((answer, Instant::now() + self.config.timeout));
            }
        }
    }

    /// Redis has answered, in that life of the link.
    fn done(&mut self, life: u64, done: Done) {
        let is_current = life == self.life;
        let error = match done {
            Done::Appended(batch, asked, result) => self.appended(batch, asked, result),
            Done::Page(room, asker, page, result) => {
                self.one_less();
                self.page_read(&room, asker, page, result)
            }
            Done::Read(room, served, result) => self.was_read(&room, served, result),
            Done::Presence(ask, result) => self.presence_done(*ask, result),
            // An earlier link's: all rooms are asked for anew.
            _ if !is_current => None,
            Done::Subscribed(rooms, result) => {
                result.map(|()| self.subscribed(&rooms)).map_err(over).err()
            }
            Done::Checked(rooms, result) => self.checked(&rooms, result),
            Done::Unsubscribed(result) => result.map_err(over).err(),
            Done::Ping(result) => {
                self.next_ping = Some(Instant::now() + self.config.ping);
                if result.is_ok() {
                    self.failures = 0;
                }
                result.map_err(over).err()
            }
        };
        match error {
            Some(BusError::Lost(why)) if is_current => self.lost(&why),
            Some(BusError::Refused(why)) => tracing::warn!(why, "Redis refused"),
            _ => {}
        }
    }

    /// Asks the link for something and keeps the answer's place.
    fn doing(&self, answer: impl Future<Output = Done> + Send + 'static) {
        let life = self.life;
        self.doing.push(Box::pin(async move { (life, answer.await) }));
    }

    fn news(&mut self, news: Vec<News>) {
        for news in news {
            match news {
                News::Push(channel, bytes) => self.arrived(&channel, bytes),
                News::Lagged(count) => self.lagged(count),
                News::Ended(why) => return self.lost(&why),
            }
        }
    }

    fn tick(&mut self) {
        let now = Instant::now();
        self.ping_if_due(now);
        self.keep_alive(now);
        self.give_up_waiting(Some(now));
        self.notice_away(now);
        self.ask_presence();
        self.read_held();
    }
}

/// A link that is refused this is of no use.
#[expect(clippy::needless_pass_by_value, reason = "what `map_err` takes")]
fn over(error: BusError) -> BusError {
    BusError::Lost(error.to_string())
}
