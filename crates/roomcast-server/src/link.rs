//! The link to other nodes: the fan-out over Redis, what the log says of it, and when a node
//! without it is of no use.

use crate::config::Settings;
use crate::config::settings::Redis;
use crate::config::value::Span;
use roomcast_core::inbox::Inbox;
use roomcast_core::{Broker, Gatekeeper, Hub, LocalBroker, LocalPresence, PresenceStore, Shard};
use roomcast_fanout::fanout::Status;
use roomcast_fanout::{Fanout, RedisUrl, StartError, Stats};
use std::future::{Future, pending};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Why a node that needs Redis did not start.
#[derive(Debug, thiserror::Error)]
#[error("Redis at {url} could not be reached within {}: {reason}", Span(*wait))]
pub struct NoRedis {
    /// Where it should be.
    url: RedisUrl,
    /// How long was waited for it.
    wait: Duration,
    /// What came of the last try.
    reason: String,
}

impl NoRedis {
    /// What mends it.
    pub(crate) const HELP: &str = "see that it runs, that this machine may reach it, and that \
        `redis.url` is right: user, password, `rediss://` only where it speaks TLS, \
        `redis-cluster://` only for a cluster; with `redis.required = false` the server starts \
        without it";
}

/// The link to other nodes; closed without a word to them when it is dropped.
#[derive(Debug)]
pub(crate) struct Link {
    fanout: Fanout,
    redis: Redis,
    /// Writes into the log how the link is.
    watching: Option<Watching>,
    /// That its thread ends is no news from now on.
    closing: Arc<AtomicBool>,
}

/// A task that ends with its owner.
#[derive(Debug)]
struct Watching(JoinHandle<()>);

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What is seen of a link from outside.
#[derive(Debug, Clone)]
pub(crate) struct LinkView {
    status: watch::Receiver<Status>,
    /// Whether the node is of no use without it.
    required: bool,
    /// What it did.
    pub(crate) stats: Arc<Stats>,
}

/// The hub of a node with its shards, and its link to the others if it has any.
type Node = (Hub, Vec<(Shard, Inbox)>, Option<Link>);

/// A node that is alone, or one among others if the settings say where Redis is.
pub(crate) fn node(
    settings: &Settings,
    gatekeeper: Arc<dyn Gatekeeper>,
    shards: usize,
    seed: u64,
) -> Result<Node, StartError> {
    let engine = settings.engine.clone();
    let Some(redis) = &settings.redis else {
        let (hub, shards) = Hub::local(engine, gatekeeper, shards, seed);
        return Ok((hub, shards, None));
    };
    let mut started = None;
    let (hub, shards) = Hub::new(engine, gatekeeper, shards, seed, |inboxes, seed| {
        let engine = &settings.engine;
        match Fanout::start(redis.fanout.clone(), engine, inboxes.clone(), seed) {
            Ok(fanout) => {
                let parts = (fanout.broker(), fanout.presence());
                started = Some(Ok(fanout));
                parts
            }
            Err(error) => {
                started = Some(Err(error));
                // The hub that takes these goes before anybody meets it.
                let broker: Arc<dyn Broker> =
                    Arc::new(LocalBroker::new(inboxes.clone(), seed, engine.dedupe));
                let presence: Arc<dyn PresenceStore> =
                    Arc::new(LocalPresence::new(inboxes, engine.presence_batch));
                (broker, presence)
            }
        }
    });
    let link = started.transpose()?.map(|fanout| Link::new(fanout, redis.clone()));
    Ok((hub, shards, link))
}

impl Link {
    fn new(fanout: Fanout, redis: Redis) -> Self {
        Self { fanout, redis, watching: None, closing: Arc::default() }
    }

    /// Waits until Redis is there, if the node is of no use without it; from then on the log
    /// says how the link is.
    pub(crate) async fn begin(&mut self, admin: Option<SocketAddr>) -> Result<(), NoRedis> {
        let Redis { fanout, required, wait } = &self.redis;
        let admin = admin.map(tracing::field::display);
        tracing::info!(redis = %fanout.url, required, admin, "connecting to Redis");
        if *required {
            let came = timeout(*wait, until_up(self.fanout.status())).await;
            if came.is_err() {
                let reason = reason(&self.fanout.status().borrow());
                return Err(NoRedis { url: fanout.url.clone(), wait: *wait, reason });
            }
        }
        let watching = watch(self.fanout.status(), fanout.timeout);
        self.watching = Some(Watching(tokio::spawn(watching)));
        Ok(())
    }

    pub(crate) fn view(&self) -> LinkView {
        let (status, stats) = (self.fanout.status(), self.fanout.stats());
        LinkView { status, required: self.redis.required, stats }
    }

    /// Waits until the thread of the link has ended by itself, which is a defect of it.
    pub(crate) fn broken(&self) -> impl Future<Output = ()> + Send + use<> {
        let (mut status, closing) = (self.fanout.status(), Arc::clone(&self.closing));
        async move {
            while status.changed().await.is_ok() {}
            if closing.load(Ordering::Relaxed) {
                pending::<()>().await;
            }
        }
    }

    /// Tells the other nodes who left, and ends the link.
    pub(crate) async fn close(self) {
        drop(self.watching);
        self.closing.store(true, Ordering::Relaxed);
        self.fanout.close().await;
    }
}

impl LinkView {
    /// One of a node whose Redis is away.
    #[cfg(test)]
    pub(crate) fn down(reason: &str, required: bool) -> Self {
        let (_, status) = watch::channel(Status::Down(reason.to_owned()));
        Self { status, required, stats: Arc::default() }
    }

    pub(crate) fn is_up(&self) -> bool {
        is_up(&self.status.borrow())
    }

    /// Why the node is of no use now, if it is of none.
    pub(crate) fn trouble(&self) -> Option<String> {
        let status = self.status.borrow();
        (self.required && !is_up(&status)).then(|| reason(&status))
    }
}

/// Waits for the link. One whose thread has ended never comes.
async fn until_up(mut status: watch::Receiver<Status>) {
    if status.wait_for(is_up).await.is_err() {
        pending::<()>().await;
    }
}

fn is_up(status: &Status) -> bool {
    *status == Status::Up
}

/// Why there is no link.
fn reason(status: &Status) -> String {
    match status {
        Status::Up => "it came too late".to_owned(),
        Status::Down(reason) => reason.clone(),
    }
}

/// Writes into the log when the link goes and when it comes, once each, however often it was
/// tried in between. The first link is given its time.
async fn watch(mut status: watch::Receiver<Status>, patience: Duration) {
    // What came of it is asked next.
    _ = timeout(patience, status.wait_for(is_up)).await;
    let mut told_up = true;
    loop {
        let now = status.borrow_and_update().clone();
        match &now {
            Status::Down(reason) if told_up => tracing::warn!(
                "Redis is away: {reason}; messages cannot be published until it is back"
            ),
            Status::Up if !told_up => tracing::info!("Redis is back"),
            _ => {}
        }
        told_up = is_up(&now);
        if status.changed().await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
