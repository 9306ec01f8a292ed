//! The handle: starts the thread that talks to Redis, and says how that goes.

use crate::bus::Bus;
use crate::config::Config;
use crate::fred_bus::FredBus;
use crate::presence::RedisPresence;
use crate::redis_broker::{RedisBroker, Shared};
use crate::request::Request;
use crate::stats::Stats;
use crate::task::Task;
use roomcast_core::inbox::InboxSender;
use roomcast_core::{Broker, PresenceStore};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::{oneshot, watch};

/// Why the fan-out could not begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The system refused a thread.
    #[error("the system refused a thread: {0}")]
    Thread(#[from] std::io::Error),
}

/// How the link to Redis is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// There is one.
    Up,
    /// There is none, for this reason; it is tried again and again.
    Down(String),
}

/// The fan-out of one node. While it is there, its thread runs.
#[derive(Debug)]
pub struct Fanout {
    broker: Arc<dyn Broker>,
    presence: Arc<dyn PresenceStore>,
    stats: Arc<Stats>,
    status: watch::Receiver<Status>,
    requests: UnboundedSender<Request>,
}

impl Fanout {
    /// Starts the fan-out for the shards behind these inboxes; it connects by itself. `seed`
    /// must differ from process to process: the node's id and epochs come from it.
    ///
    /// # Errors
    /// [`StartError`] says what is in the way.
    pub fn start(
        config: Config,
        engine: &roomcast_core::Config,
        inboxes: Vec<InboxSender>,
        seed: u64,
    ) -> Result<Self, StartError> {
        // The client library must never wait behind a room, nor a room behind it.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let bus = FredBus::new(&config, engine, seed);
        let (fanout, run) = Self::over(Arc::new(bus), config, engine, inboxes, seed);
        let run = move || runtime.block_on(run);
        thread::Builder::new().name("roomcast-redis".into()).spawn(run)?;
        Ok(fanout)
    }

    /// The fan-out over that bus, and what is to be run for it.
    pub(crate) fn over(
        bus: Arc<dyn Bus>,
        config: Config,
        engine: &roomcast_core::Config,
        inboxes: Vec<InboxSender>,
        seed: u64,
    ) -> (Self, impl Future<Output = ()> + Send + use<>) {
        let stats: Arc<Stats> = Arc::default();
        let presence = Arc::new(RedisPresence::new(
            inboxes.clone(),
            engine.presence_batch,
            config.lease,
            seed,
            Arc::clone(&stats),
        ));
        let shared = Arc::new(Shared {
            inboxes,
            stats: Arc::clone(&stats),
            is_away: AtomicBool::new(false),
            limit: config.queue,
        });
        let (requests, asked) = unbounded_channel();
        let (said, status) = watch::channel(Status::Down("not connected yet".into()));
        let engine = engine.clone();
        let broker = Arc::new(RedisBroker::new(Arc::clone(&shared), requests.clone()));
        let store = Arc::clone(&presence);
        let run = async move {
            Task::new(bus, config, engine, shared, store, said).run(asked).await;
        };
        (Self { broker, presence, stats, status, requests }, run)
    }

    /// The broker of the node.
    #[must_use]
    pub fn broker(&self) -> Arc<dyn Broker> {
        Arc::clone(&self.broker)
    }

    /// The presence of the node.
    #[must_use]
    pub fn presence(&self) -> Arc<dyn PresenceStore> {
        Arc::clone(&self.presence)
    }

    /// What it did.
    #[must_use]
    pub fn stats(&self) -> Arc<Stats> {
        Arc::clone(&self.stats)
    }

    /// How the link is, now and as it changes.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// Tells Redis who left, then ends the thread. Call it when the last session has ended; it
    /// takes at most twice the configured `timeout`. Who asks for something later is refused.
    pub async fn close(self) {
        let (answer, closed) = oneshot::channel();
        if self.requests.send(Request::Close(answer)).is_ok() {
            // A task that has ended says nothing more.
            _ = closed.await;
        }
    }
}
