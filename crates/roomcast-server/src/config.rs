//! What the server is told: defaults < file < environment < flags, every problem at once.
//!
//! ```text
//!   roomcast.toml ─► document ─┐
//!   ROOMCAST_*    ─► env      ─┼─► load ─► Config (file) ─► check ─► Settings
//!   flags         ────────────┘     │                        │
//!                                   └────── Report ◄─────────┘
//! ```
//!
//! Read in this order: [`keys`], [`mod@file`], [`mod@load`], [`mod@check`], [`settings`].

pub mod check;
mod checker;
mod credentials;
mod defaults;
pub mod document;
pub mod env;
pub mod file;
pub mod keys;
pub mod load;
mod nearest;
pub mod origins;
mod redis;
pub mod report;
pub mod room;
pub mod settings;
pub mod value;

pub use file::{Config, LogFormat};
pub use load::{Loaded, Sources, load};
pub use origins::Origins;
pub use report::{Place, Problem, Report};
pub use settings::Settings;
