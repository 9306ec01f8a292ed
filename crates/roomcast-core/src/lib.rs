//! The engine of Roomcast.

pub mod access;
pub mod config;
pub mod pattern;
pub mod room_kind;

pub use access::{Action, Denied, Gatekeeper, Grants, Identity};
pub use config::{Config, Expiry, Heartbeat, Limits};
pub use pattern::{InvalidPattern, Pattern};
pub use room_kind::{History, PresenceKind, PublishBy, RoomKind, Slow};
