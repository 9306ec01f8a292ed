//! What can be set of the transport: meaning, unit, default, and what more of it costs.

use std::net::SocketAddr;
use std::time::Duration;

/// The settings of listeners and connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where to listen; port 0 takes a free one. Default 127.0.0.1:7666.
    pub listen: SocketAddr,
    /// Worker threads, each with its own listener, rooms and sessions; 0 is one per core.
    /// Default 0.
    pub workers: usize,
    /// Most connections at a time over all workers; beyond, 503. Default 1,000,000; the
    /// open-files limit of the system counts as well.
    pub max_connections: usize,
    /// How long a client may take for the head of its HTTP request. Default 10 s.
    pub header_timeout: Duration,
    /// Bytes that the kernel may keep unsent for a client (`TCP_NOTSENT_LOWAT`). Default 16 KiB:
    /// without it the kernel keeps up to 4 MB for a client that does not read.
    pub unsent: u32,
    /// How long a closing connection may take to say goodbye. Default 5 s.
    pub close_timeout: Duration,
    /// How long a worker gathers messages from the beginning of a delivery on. Default 0: it
    /// delivers at once. Otherwise what comes within that time goes to each member in one write as
    /// far as one turn takes it in, and a message may wait for so long, in whole milliseconds. One
    /// that comes after a quiet time does not, and what is urgent ends the waiting: joins, pages,
    /// questions of the backend, the end of the server.
    pub message_batch: Duration,
    /// How long the end of the server may take: then what is left is cut. Default 30 s.
    pub drain_timeout: Duration,
    /// Clients a second that are sent away while the server ends, so that the other nodes are
    /// not overrun. Default 1,000.
    pub drain_rate: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 7666)),
            workers: 0,
            max_connections: 1_000_000,
            header_timeout: Duration::from_secs(10),
            unsent: 16 * 1024,
            close_timeout: Duration::from_secs(5),
            message_batch: Duration::ZERO,
            drain_timeout: Duration::from_secs(30),
            drain_rate: 1_000,
        }
    }
}
