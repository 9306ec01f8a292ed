//! A load generator for rooms over WebSockets: one thread, every delivery timed and verified.

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
