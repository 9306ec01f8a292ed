//! What can go wrong in a run.

use crate::frame::FrameError;
use crate::plan::PlanError;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use thiserror::Error;

/// Why a run did not come to its end.
#[derive(Debug, Error)]
pub enum BenchError {
    /// The plan makes no sense.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The server's name leads nowhere.
    #[error("no address is known for {0}: {1}")]
    Unknown(String, io::Error),
    /// Nothing accepts connections there.
    #[error("nobody listens at {0}: start the server, or give its address")]
    Nobody(SocketAddr),
    /// The system does not let this process have so many sockets.
    #[error(
        "{wanted} connections need {needed} open files, and this process may have {limit}: raise it with `ulimit -n {needed}`, or ask for fewer"
    )]
    Files {
        /// Connections that the plan asks for.
        wanted: u64,
        /// Files that they take.
        needed: u64,
        /// The hard limit.
        limit: u64,
    },
    /// A connection could not be made ready.
    #[error("connection {number} of {of} failed: {trouble}")]
    Connection {
        /// Which one, from 1.
        number: usize,
        /// How many there were to be.
        of: usize,
        /// What happened to it.
        trouble: Trouble,
    },
    /// The server's process cannot be looked at.
    #[error("cannot look at process {pid} in /proc: {error}")]
    Process {
        /// Its number.
        pid: u32,
        /// What the system says.
        error: io::Error,
    },
    /// The system refuses something that the generator needs.
    #[error("the system refuses: {0}")]
    System(#[from] io::Error),
}

/// What happened to a connection.
#[derive(Debug, Error)]
pub enum Trouble {
    /// There was no connection, or it broke.
    #[error("{0}")]
    Socket(#[from] io::Error),
    /// The server answered the handshake with something else than a WebSocket.
    #[error("the server answered {status}{}", shown(body))]
    Refused {
        /// The status of the answer.
        status: u16,
        /// Its body, cut.
        body: String,
    },
    /// What came was no answer to a handshake.
    #[error("the answer to the handshake is wrong: {0}")]
    Handshake(String),
    /// The server closed the WebSocket.
    #[error("the server closed it with {code}{}", shown(reason))]
    Closed {
        /// The close code, 1005 if there was none.
        code: u16,
        /// The reason that it gave.
        reason: String,
    },
    /// The stream ended without a close frame.
    #[error("the server cut it without a close frame")]
    Cut,
    /// What came was no frame.
    #[error("the server broke the protocol: {0}")]
    Frame(#[from] FrameError),
    /// The server refused what was sent to get ready.
    #[error("the server refused it: {0}")]
    Rejected(String),
    /// Nothing came of it in time.
    #[error("it was not ready after {after:?}: it waited for {awaited}")]
    Silent {
        /// How long it was given.
        after: Duration,
        /// What it waited for.
        awaited: String,
    },
}

fn shown(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() { String::new() } else { format!(": {text}") }
}

/// The start of what a server said, for people.
pub(crate) fn cut(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim();
    match text.char_indices().nth(300) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
