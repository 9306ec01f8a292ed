//! The way of an accepted connection to its worker, and how many there may be.

use crate::config::Config;
use crate::http_socket::Greeting;
use crate::stream::Io;
use bytes::Bytes;
use roomcast_core::SessionSpec;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

/// Which worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WorkerId(pub(crate) usize);

/// Of a request on a socket that a worker itself accepted.
#[derive(Debug, Clone)]
pub(crate) struct Own(pub(crate) WorkerId, pub(crate) Greeting);

/// Takes accepted connections to the workers. Cheap to clone, usable from any thread.
#[derive(Debug, Clone)]
pub struct Sockets {
    workers: Arc<[mpsc::UnboundedSender<Arrival>]>,
    next: Arc<AtomicUsize>,
    gate: Arc<Gate>,
}

/// Counts connections and closes the door when the server ends.
#[derive(Debug)]
struct Gate {
    open: AtomicUsize,
    most: usize,
    draining: AtomicBool,
}

/// A connection's place among the permitted ones; given back when dropped.
#[derive(Debug)]
pub struct Permit(Arc<Gate>);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Why no connection is taken now: HTTP 503 with `Retry-After`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotNow {
    /// The server is going away.
    #[error("the server is going away: connect again, another one will answer")]
    Draining,
    /// There are as many connections as permitted.
    #[error("the server has as many connections as it may: try again later")]
    Full,
}

/// A connection that comes to a worker.
pub(crate) struct Arrival {
    pub(crate) stream: ArrivingStream,
    /// What the client has sent already.
    pub(crate) early: Bytes,
    pub(crate) spec: SessionSpec,
    pub(crate) permit: Permit,
}

pub(crate) enum ArrivingStream {
    /// A socket that the worker itself accepted.
    Own(TcpStream),
    /// A socket of another runtime.
    Foreign(std::net::TcpStream),
    /// Anything else.
    Other(Box<dyn Io>),
}

impl fmt::Debug for Arrival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arrival").field("spec", &self.spec).finish_non_exhaustive()
    }
}

impl Sockets {
    /// The sockets of so many workers, and each worker's end of them.
    pub(crate) fn new(
        config: &Config,
        workers: usize,
    ) -> (Self, Vec<mpsc::UnboundedReceiver<Arrival>>) {
        let (senders, receivers): (Vec<_>, Vec<_>) =
            (0..workers).map(|_| mpsc::unbounded_channel()).unzip();
        let gate = Gate {
            open: AtomicUsize::new(0),
            most: config.max_connections,
            draining: AtomicBool::new(false),
        };
        let sockets = Self { workers: senders.into(), next: Arc::default(), gate: Arc::new(gate) };
        (sockets, receivers)
    }

    /// A place for one more connection.
    ///
    /// # Errors
    /// [`NotNow`] when the server is full or going away.
    pub fn permit(&self) -> Result<Permit, NotNow> {
        if self.is_draining() {
            return Err(NotNow::Draining);
        }
        let permit = Permit(Arc::clone(&self.gate));
        if self.gate.open.fetch_add(1, Ordering::Relaxed) >= self.gate.most {
            return Err(NotNow::Full);
        }
        Ok(permit)
    }

    /// Why a connection would not be taken now, without taking a place.
    #[must_use]
    pub fn not_now(&self) -> Option<NotNow> {
        if self.is_draining() {
            return Some(NotNow::Draining);
        }
        (self.open() >= self.gate.most).then_some(NotNow::Full)
    }

    /// Connections now, those that are being closed too.
    #[must_use]
    pub fn open(&self) -> usize {
        self.gate.open.load(Ordering::Relaxed)
    }

    /// Whether the server is going away.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.gate.draining.load(Ordering::Relaxed)
    }

    pub(crate) fn begin_drain(&self) {
        self.gate.draining.store(true, Ordering::Relaxed);
    }

    /// Takes the connection to its worker, or where it is nobody's to the next one's turn.
    pub(crate) fn bring(&self, arrival: Arrival, own: Option<WorkerId>) {
        let turn = || self.next.fetch_add(1, Ordering::Relaxed) % self.workers.len();
        let worker = own.map_or_else(turn, |own| own.0);
        // A worker that is gone has ended with the server: the connection is dropped.
        _ = self.workers[worker].send(arrival);
    }
}
