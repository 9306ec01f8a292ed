//! Rooms have kinds: what is kept, how slow members are treated, who may publish.

use crate::pattern::Pattern;
use roomcast_protocol::{ErrorCode, Payload, Refusal};
use std::time::Duration;

/// What is kept of a room's messages for recovery and paging.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct History {
    /// Messages kept; 0 keeps none, so that recovery is honest about everything missed.
    /// Default 1,000. Raise it for clients that stay away longer; a room costs up to `bytes`.
    pub size: usize,
    /// Bytes of payload kept, whatever `size` says. Default 1 MiB.
    pub bytes: usize,
    /// How long a message is kept, and how long a room without members keeps its numbering.
    /// Default 5 minutes.
    pub ttl: Duration,
}

impl Default for History {
    fn default() -> Self {
        Self { size: 1_000, bytes: 1 << 20, ttl: Duration::from_secs(300) }
    }
}

/// What happens to a member that reads more slowly than the room speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Slow {
    /// It is disconnected with 4002, comes back and recovers: chats, documents.
    #[default]
    Disconnect,
    /// Its oldest waiting messages go, and a `gap` says so: cursors.
    Skip,
    /// Only the newest message of each key waits, and a `gap` says so: dashboards, prices.
    Latest,
}

/// What members can learn of each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PresenceKind {
    /// Nothing.
    None,
    /// How many they are.
    Count,
    /// Who they are, as long as they are not more than this; beyond, how many. Default 200:
    /// a list told to everyone costs the square of its length.
    Full {
        /// The largest room that is told lists.
        up_to: usize,
    },
}

/// Who may publish, beside having the grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PublishBy {
    /// Members with the `publish` grant, and the backend.
    #[default]
    Members,
    /// Only the backend.
    Backend,
    /// Nobody.
    None,
}

/// A kind of room: the settings of all rooms that match its pattern and no earlier one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomKind {
    /// Which rooms are of this kind.
    pub pattern: Pattern,
    /// What is kept.
    pub history: History,
    /// How slow members are treated.
    pub slow: Slow,
    /// What members learn of each other.
    pub presence: PresenceKind,
    /// Who may publish.
    pub publish: PublishBy,
    /// Most members of one room on this node; one more is refused with `limit`.
    /// Default 100,000.
    pub max_members: usize,
    /// Largest payload in bytes; a larger one is refused with `too_large`. Default 64 KiB.
    pub max_message: usize,
    /// Messages a second that all members together may publish in the long run; 0 is no limit.
    /// Default 0. Beyond it a publish is refused with `rate_limited`.
    pub rate: u32,
}

impl RoomKind {
    /// The default settings for the rooms of a pattern.
    #[must_use]
    pub fn new(pattern: Pattern) -> Self {
        Self {
            pattern,
            history: History::default(),
            slow: Slow::default(),
            presence: PresenceKind::Full { up_to: 200 },
            publish: PublishBy::default(),
            max_members: 100_000,
            max_message: 64 * 1024,
            rate: 0,
        }
    }
}

impl RoomKind {
    /// Whether a message of the room may have so much `data`.
    pub(crate) fn check_size(&self, data: &Payload) -> Result<(), Refusal> {
        if data.len() <= self.max_message {
            return Ok(());
        }
        let message = format!("`data` may have {} bytes in this room", self.max_message);
        Err(Refusal::new(ErrorCode::TooLarge, message))
    }
}

impl Default for RoomKind {
    fn default() -> Self {
        Self::new(Pattern::any())
    }
}
