//! The Roomcast server: configuration, authentication, HTTP and the program `roomcast`.
//!
//! ```text
//!   roomcast (cli) ─► config ─► Settings ─► run ─► app: hub, shards, transport, routes
//!                       │                           │ └─► link: the fan-out, if Redis is set
//!                       └─► auth: the gatekeeper ◄──┴── routes: who comes in, and where
//! ```
//!
//! Read in this order: [`cli`], `run`, [`app`], `link`, `routes`, [`config`], [`auth`].
//!
//! What this crate does not do: rooms and sessions are `roomcast-core`'s, sockets
//! `roomcast-transport`'s, and what passes between nodes `roomcast-fanout`'s.

pub mod app;
pub mod auth;
pub mod cli;
pub mod config;
mod demo;
pub mod limits;
mod link;
pub mod logging;
mod metrics;
mod routes;
mod run;
mod signal;

pub use app::{App, AppError};
pub use link::NoRedis;
