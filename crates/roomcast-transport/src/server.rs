//! The transport as a whole: listeners, workers, and their end.

use crate::clock::Clock;
use crate::config::Config;
use crate::error::{ListenError, StartError};
use crate::http::Handler;
use crate::listener::listen;
use crate::sockets::{Arrival, Sockets, WorkerId};
use crate::stats::Stats;
use crate::worker::{self, Seat};
use roomcast_core::{Hub, Inbox, Shard};
use std::fmt;
use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// Workers that are about to begin: the sockets are there for a handler to be made with.
pub struct Transport {
    config: Arc<Config>,
    sockets: Sockets,
    arrivals: Vec<mpsc::UnboundedReceiver<Arrival>>,
    listening: Option<(SocketAddr, Vec<TcpListener>)>,
    handler: Option<Arc<dyn Handler>>,
    clock: Clock,
    stats: Arc<Stats>,
}

/// Running workers. Dropping it ends them at once; [`Running::drain`] does so kindly.
#[derive(Debug)]
pub struct Running {
    config: Arc<Config>,
    sockets: Sockets,
    hub: Hub,
    draining: watch::Sender<bool>,
    broken: watch::Receiver<bool>,
    threads: Vec<JoinHandle<()>>,
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").field("config", &self.config).finish_non_exhaustive()
    }
}

/// How many workers the configuration asks for.
#[must_use]
pub fn workers(config: &Config) -> usize {
    match config.workers {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        workers => workers,
    }
}

impl Transport {
    /// Listens as the configuration says.
    ///
    /// # Errors
    /// [`ListenError`] says who or what is in the way.
    pub fn listen(config: Config) -> Result<Self, ListenError> {
        let listening = listen(config.listen, workers(&config))?;
        let mut transport = Self::embedded(config);
        transport.listening = Some(listening);
        Ok(transport)
    }

    /// Listens nowhere: connections come from an application's own server through
    /// [`Sockets::accept`].
    #[must_use]
    pub fn embedded(config: Config) -> Self {
        let (sockets, arrivals) = Sockets::new(&config, workers(&config));
        Self {
            config: Arc::new(config),
            sockets,
            arrivals,
            listening: None,
            handler: None,
            clock: Clock::default(),
            stats: Arc::default(),
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> Option<SocketAddr> {
        self.listening.as_ref().map(|(addr, _)| *addr)
    }

    /// How many shards it needs: one for each worker.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.arrivals.len()
    }

    /// What brings connections to the workers.
    #[must_use]
    pub fn sockets(&self) -> &Sockets {
        &self.sockets
    }

    /// The clock of the workers.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// What the workers have done.
    #[must_use]
    pub fn stats(&self) -> Arc<Stats> {
        Arc::clone(&self.stats)
    }

    /// Answers the requests that come in where it listens.
    #[must_use]
    pub fn answering(mut self, handler: Arc<dyn Handler>) -> Self {
        self.handler = Some(handler);
        self
    }

    /// Begins: each shard on a thread of its own.
    ///
    /// # Errors
    /// [`StartError`] if the system refuses a thread.
    pub fn start(self, hub: Hub, shards: Vec<(Shard, Inbox)>) -> Result<Running, StartError> {
        let (draining, watching) = watch::channel(false);
        let (breaks, broken) = watch::channel(false);
        let listeners = self.listening.map(|(_, listeners)| listeners).unwrap_or_default();
        let mut listeners = listeners.into_iter();
        let seats = shards.into_iter().zip(self.arrivals).enumerate();
        let seats = seats.map(|(id, ((shard, inbox), arrivals))| Seat {
            id: WorkerId(id),
            shard,
            inbox,
            arrivals,
            listener: listeners.next().zip(self.handler.clone()),
            clock: self.clock,
            config: Arc::clone(&self.config),
            stats: Arc::clone(&self.stats),
            draining: watching.clone(),
            broken: breaks.clone(),
        });
        let threads = seats.map(worker::start).collect::<Result<Vec<_>, _>>()?;
        Ok(Running { config: self.config, sockets: self.sockets, hub, draining, broken, threads })
    }
}

/// How long to wait before looking again whether everyone has gone.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

impl Running {
    /// Waits until a worker has panicked, which is a defect of this program: its connections are
    /// gone, and its rooms hear nothing any more. End the process, so that it is started anew.
    pub fn broken(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut broken = self.broken.clone();
        async move {
            if broken.wait_for(|broken| *broken).await.is_err() {
                // The workers have ended as they should.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Ends kindly: accepts nothing more, gives every client its own moment to go, waits for
    /// them, and cuts what is left after the timeout. How many were cut.
    pub async fn drain(self) -> usize {
        self.sockets.begin_drain();
        _ = self.draining.send(true);
        let (timeout, rate) = (self.config.drain_timeout, self.config.drain_rate.max(1));
        let spread = Duration::from_secs_f64(self.sockets.open() as f64 / f64::from(rate));
        // The last ones need time to say goodbye.
        let window = spread.min(timeout.mul_f64(0.9));
        self.hub.drain(window);
        let everyone_gone = async {
            while self.sockets.open() > 0 {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        _ = tokio::time::timeout(timeout, everyone_gone).await;
        let left = self.sockets.open();
        self.end().await;
        left
    }

    /// Ends the workers and waits for them.
    async fn end(self) {
        let Self { draining, threads, .. } = self;
        drop(draining);
        while !threads.iter().all(JoinHandle::is_finished) {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a worker had panicked");
            }
        }
    }
}
