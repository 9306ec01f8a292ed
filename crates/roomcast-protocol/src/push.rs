//! What the server says unasked.

use crate::{Payload, RoomName, SessionId, User};
use std::sync::Arc;
use std::time::Duration;

/// One session's presence in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The session; one user may be here with several.
    pub session: SessionId,
    /// Who it is, as far as known.
    pub user: Option<User>,
    /// What the client says of itself.
    pub state: Option<Payload>,
}

/// What changed among the members of a room since the last difference. A difference may repeat
/// what a snapshot already said: apply it by session.
#[derive(Debug, Clone, Default)]
pub struct PresenceChange {
    /// Who came.
    pub joined: Vec<Member>,
    /// Who went.
    pub left: Vec<Member>,
    /// Whose state is new.
    pub changed: Vec<Member>,
    /// Everyone who is here, when a room is told lists again after it was too large for them.
    pub members: Option<Arc<[Member]>>,
    /// How many are here now.
    pub count: usize,
    /// The room is too large for lists: only `count` is told.
    pub only_count: bool,
}

/// Why messages are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GapReason {
    /// The client read too slowly and the room's kind skips.
    Slow,
    /// Newer values of the same keys took their place.
    Conflated,
    /// The broker lost them.
    Broker,
}

impl GapReason {
    /// The word on the wire.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Slow => "slow",
            Self::Conflated => "conflated",
            Self::Broker => "broker",
        }
    }
}

/// What the server says unasked, beside messages.
#[derive(Debug, Clone)]
pub enum Push {
    /// Offsets that this client did not get in order, both ends included.
    Gap {
        /// The room.
        room: RoomName,
        /// The first missing offset.
        from: u64,
        /// The last missing offset.
        to: u64,
        /// Why they are missing.
        reason: GapReason,
        /// Whether the server will still send them.
        repairing: bool,
    },
    /// The members of a room changed.
    Presence {
        /// The room.
        room: RoomName,
        /// The difference.
        change: Arc<PresenceChange>,
        /// Tell the count only.
        only_count: bool,
    },
    /// The token will expire.
    Expiring {
        /// In so long.
        within: Duration,
    },
    /// The state of the service.
    System {
        /// The room it is about; none means all.
        room: Option<RoomName>,
        /// What happened, for programs.
        event: &'static str,
        /// What happened, for people.
        text: &'static str,
    },
    /// Come back at a moment of one's own; a close follows then.
    Reconnect {
        /// After so long.
        after: Duration,
        /// Why: `drain` or `rebalance`.
        reason: &'static str,
    },
}
