//! The words of Roomcast: what clients ask, what the server says, and how both look on the wire.
//!
//! ```text
//!   bytes of a WebSocket message
//!        │  dialect (guide, native): one way of putting words into frames
//!        ▼
//!   Command ──────► the engine (roomcast-core) ──────► Reply, Push, Message
//!                                                          │  dialect
//!                                                          ▼
//!                                                   Frame, ready for the socket
//! ```
//!
//! Read in this order: [`name`], [`message`], [`command`], [`reply`], [`push`], [`refusal`],
//! [`close`], [`dialect`].
//!
//! What this crate does not do: it opens no socket, starts no task, reads no clock, and never
//! looks inside a payload further than to check that it is JSON of a bounded depth.

pub mod close;
pub mod command;
pub mod dialect;
pub mod frame;
pub mod json;
pub mod message;
pub mod name;
pub mod push;
pub mod refusal;
pub mod reply;
pub mod time;

pub use close::CloseCode;
pub use command::{Command, CommandId};
pub use dialect::{Decoded, Dialect};
pub use frame::{Frame, Incoming};
pub use json::Payload;
pub use message::{Epoch, Message, Position, User};
pub use name::{EventName, InvalidName, Key, MessageId, RoomName, SessionId, UserId};
pub use push::Push;
pub use refusal::{ErrorCode, Refusal};
pub use reply::Reply;
pub use time::Timestamp;

/// The version of the protocol and of the server, as `welcome` tells it.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
