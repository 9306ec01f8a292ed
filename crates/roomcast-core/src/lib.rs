//! The engine of Roomcast: rooms, sessions, heartbeats, history, recovery and presence.
//!
//! ```text
//!   transport ── open, receive, closed, sweep ──►┌───────┐── next_ready, flush ──► transport
//!                                                │ Shard │
//!        Hub ── publish, disconnect, drain ──┐   └─┬───▲─┘
//!                                            ▼     ▼   │ Event, through the Inbox
//!                                          Broker, PresenceStore
//! ```
//!
//! A shard is one core's rooms and sessions: plain data without locks. A message of a client goes
//! from its shard to the [`Broker`], which gives it its place, and comes back through the
//! [`Inbox`] of every shard with members, its own too. One way, one order.
//!
//! Read in this order: [`shard`], [`session`], `room`, `run`, `outbox`, [`broker`], [`local_broker`],
//! `history`, `catchup`, [`presence`], [`asker`], [`inspect`], [`hub`].
//!
//! What this crate does not do: it reads no clock (it is told the time), starts no task, opens no
//! socket, waits under no lock, and never looks into a payload.

pub mod access;
pub mod asker;
pub mod broker;
mod by_room;
mod catchup;
mod census;
pub mod config;
mod dedupe;
pub mod delivery;
mod history;
pub mod hub;
pub mod inbox;
pub mod inspect;
mod limits;
pub mod local_broker;
pub mod now;
mod outbox;
pub mod pattern;
pub mod presence;
pub mod random;
mod room;
pub mod room_kind;
mod run;
pub mod session;
pub mod shard;
pub mod stats;
mod striped;
#[cfg(feature = "test-util")]
pub mod testing;

pub use access::{Action, Denied, Gatekeeper, Grants, Identity, NoTokens};
pub use asker::{Accepted, Answer, Asker};
pub use broker::Broker;
pub use config::{Config, Expiry, Heartbeat, Limits};
pub use delivery::{Delivery, Placed};
pub use hub::{Hub, Past};
pub use inbox::{Event, Inbox};
pub use inspect::{Listing, RoomEntry, RoomFilter, SessionEntry, SessionFilter};
pub use local_broker::LocalBroker;
pub use now::Now;
pub use pattern::{InvalidPattern, Pattern};
pub use presence::{LocalPresence, MemberNews, PresenceStore};
pub use room_kind::{History, PresenceKind, PublishBy, RoomKind, Slow};
pub use session::{Ending, SessionKey, SessionSpec};
pub use shard::{Flush, Lane, Shard};
pub use stats::Stats;
