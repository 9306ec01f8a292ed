//! The Roomcast server: configuration, authentication, HTTP and the program `roomcast`.
//!
//! ```text
//!   roomcast (cli) ─► config ─► Settings ─► run: the application
//!                       │
//!                       └─► auth: keys, claims, the gatekeeper
//! ```
//!
//! Read in this order: [`config`], [`auth`], [`cli`], `run`.
//!
//! What this crate does not do: rooms and sessions are `roomcast-core`'s, sockets
//! `roomcast-transport`'s.

pub mod auth;
pub mod cli;
pub mod config;
pub mod limits;
pub mod logging;
mod run;
