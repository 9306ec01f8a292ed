//! Real parts for tests and programs: Redis servers, clusters of them, and nodes of Roomcast.
//!
//! Each part has ports and a folder of its own, can be hurt (killed, stopped, started anew on its
//! port) and is gone when it is dropped. Read `process` first, then `redis` and `node`; `cluster`
//! is made of Redis servers, `resp` is how one talks to them.
//!
//! Everything here blocks for some milliseconds up to a few seconds. It is no part of the server.
//!
//! ```
//! use roomcast_testbed::{Redis, RedisOptions};
//!
//! let redis = Redis::start(&RedisOptions::default())?;
//! assert_eq!(redis.command(&["SET", "tea", "green"])?.text(), Some("OK"));
//! assert_eq!(redis.command(&["GET", "tea"])?.text(), Some("green"));
//! # Ok::<(), anyhow::Error>(())
//! ```

mod cluster;
mod folder;
mod node;
mod ports;
mod process;
mod redis;
mod resp;
mod until;
mod wait;

pub use cluster::Cluster;
pub use node::{Node, NodeOptions};
pub use redis::{Redis, RedisOptions};
pub use resp::{Connection, Reply};
pub use wait::wait;
