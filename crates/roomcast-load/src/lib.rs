//! A load generator for rooms over WebSockets: one thread, every delivery timed and verified.
//!
//! ```text
//!  Plan ──► run ──► Course: connecting → warm-up → measured → the last deliveries ──► Report
//!                     │
//!                     ├── Game: crowds of rooms        who sends when, what has come (crowd.rs)
//!                     │     schedule  stamp  tracker   which message it is; lost, doubled, late
//!                     └── Net: all connections         mio, one buffer, one write for all that waits
//!                           wire  handshake  frame     one socket; RFC 6455 as a client
//! ```
//!
//! Idle connections and churn have no messages: they go their own way in `quiet.rs`.
//!
//! Read `plan.rs`, `dialect.rs`, `crowd.rs`, `net.rs` and `course.rs` in this order.
//!
//! While it measures it parses no JSON and allocates nothing for a message: a frame is written
//! once and only its number changes, and a delivery is found by its stamp. With a rate it is an
//! **open loop**: a message's latency counts from the moment at which it was meant to be sent, so
//! a server that stalls cannot hide it by being asked less.
//!
//! It speaks no TLS, reads no configuration, and writes nothing to a terminal.

mod clock;
mod course;
mod crowd;
mod dialect;
mod error;
mod files;
mod frame;
mod game;
mod handshake;
mod look;
mod net;
mod opener;
mod plan;
mod process;
mod progress;
mod quiet;
mod report;
mod returns;
mod run;
mod stamp;
mod summary;
mod tally;
mod target;
mod times;
mod tracker;
mod wire;

pub use dialect::{Dialect, Hello, Script};
pub use error::{BenchError, Trouble};
pub use frame::FrameError;
pub use plan::{Pace, Plan, PlanError, Scenario};
pub use progress::Progress;
pub use report::{Beside, Generator, Handshakes, Report, Server, Storm};
pub use run::run;
pub use stamp::LEAST_SIZE;
pub use target::{Target, TargetError};
pub use times::Latency;
