//! Sockets for Roomcast.
//!
//! ```text
//!   listener ─► http (hyper) ─► Handler, the application's ─► upgrade: Handshake, Sockets::accept
//!                                                                  │ Arrival
//!                                                                  ▼
//!   worker: a thread, a runtime, a shard       connection: its task reads, frame decodes
//!      │  inbox, sweep                              │ receive
//!      └────────────► shard (roomcast-core) ◄───────┘
//!                        │ flush: one vectored write for all that waits
//!                        ▼
//!                      stream: a plain TCP socket, or anything that reads and writes
//! ```
//!
//! Read in this order: [`server`], [`http`], [`upgrade`], `worker`, `connection`, `frame`.
//!
//! What this crate does not do: it knows no tokens, no routes and no configuration file
//! (`roomcast-server`), and no rooms (`roomcast-core`).

mod boundary;
pub mod clock;
pub mod config;
mod connection;
pub mod error;
mod frame;
pub mod http;
mod http_socket;
mod listener;
pub mod server;
mod sockets;
pub mod stats;
mod stream;
pub mod upgrade;
mod worker;

pub use clock::Clock;
pub use config::Config;
pub use error::{ListenError, StartError};
pub use http::{Answer, Body, Handler};
pub use server::{Running, Transport};
pub use sockets::{NotNow, Permit, Sockets};
pub use stats::Stats;
pub use stream::Io;
pub use upgrade::{Handshake, HandshakeError};

/// The README's example of an axum application, so that it stays true.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
