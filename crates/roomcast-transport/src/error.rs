//! Why the transport could not begin.

use std::io;
use std::net::SocketAddr;

/// Why listening failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// Somebody listens there already.
    #[error("{0} is taken: stop what listens there, or choose another with --listen ADDR:PORT")]
    Taken(SocketAddr),
    /// The system refused.
    #[error("cannot listen on {addr}: {source}")]
    Refused {
        /// Where.
        addr: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

impl ListenError {
    pub(crate) fn new(addr: SocketAddr, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::AddrInUse => Self::Taken(addr),
            _ => Self::Refused { addr, source },
        }
    }
}

/// Why the workers could not be started.
#[derive(Debug, thiserror::Error)]
#[error("cannot start a worker thread: {0}")]
pub struct StartError(#[from] pub io::Error);
