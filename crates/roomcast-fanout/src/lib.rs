//! Many Roomcast nodes as one, through Redis or Valkey.
//!
//! ```text
//!   shards of this node ── Broker, PresenceStore ──► Fanout ── commands ──► task ──► Bus ──► Redis
//!        ▲                                                                   │ ▲              │
//!        └────────────── InboxSender: Message, Lost, CaughtUp ───────────────┘ └── channels ◄─┘
//! ```
//!
//! A room is numbered in Redis, by one script that publishes and appends to its log in one step.
//! Every message comes back over the room's channel, this node's own too, and a node hears only
//! rooms that it has members in. What may have been missed (the link broke, too much came at
//! once, an offset jumped) is read from the log before anything newer is delivered.
//!
//! Read in this order: [`config`], `keys`, `envelope`, `bus`, `scripts`, `fred_bus`, `task`,
//! [`fanout`].
//!
//! What this crate does not do: it opens no socket of clients, knows no transport, decides no
//! rights, and keeps no message that it could not give to Redis.

mod bus;
mod clock;
pub mod config;
mod envelope;
pub mod fanout;
mod fred_bus;
mod keys;
mod presence;
mod redis_broker;
mod request;
mod scripts;
pub mod stats;
#[cfg(test)]
mod stub;
mod task;

pub use config::{Config, InvalidUrl, RedisUrl};
pub use fanout::{Fanout, StartError};
pub use stats::Stats;
