//! The answers to commands; each carries its command's id.

use crate::push::Member;
use crate::{CommandId, ErrorCode, Frame, Position, Refusal, RoomName, SessionId, User};
use std::sync::Arc;
use std::time::Duration;

/// Why a join could not give everything since the client's position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotRecovered {
    /// The position is of another numbering: the room began anew.
    Epoch,
    /// The history no longer reaches back so far.
    Expired,
    /// More was missed than one recovery may send.
    Limit,
}

impl NotRecovered {
    /// The word on the wire.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Epoch => "epoch",
            Self::Expired => "expired",
            Self::Limit => "limit",
        }
    }
}

/// What a client needs in order to behave: the first frame of a session.
#[derive(Debug, Clone)]
pub struct Welcome {
    /// The session.
    pub session: SessionId,
    /// Who the server takes the client for.
    pub user: Option<User>,
    /// How often the server gives a sign of life.
    pub heartbeat_interval: Duration,
    /// How long a side may stay silent after that.
    pub heartbeat_timeout: Duration,
    /// When the token expires.
    pub expires_in: Option<Duration>,
    /// Largest frame in bytes.
    pub max_frame: usize,
    /// Most rooms of one session.
    pub max_rooms: usize,
    /// Commands a second that a session may send in the long run.
    pub commands_per_second: u32,
}

/// What a join gives.
#[derive(Debug, Clone)]
pub struct Joined {
    /// The room.
    pub room: RoomName,
    /// The position after the messages below.
    pub position: Position,
    /// Whether everything since the client's position is below; without one: `false`.
    pub recovered: bool,
    /// Why not, where a position was given.
    pub reason: Option<NotRecovered>,
    /// Messages, already encoded in the session's dialect.
    pub messages: Vec<Frame>,
    /// Who is here, where asked for and allowed.
    pub members: Option<Arc<[Member]>>,
    /// How many are here, where asked for and allowed.
    pub count: Option<usize>,
}

/// The answer to one command.
#[derive(Debug, Clone)]
pub enum Reply {
    /// The first frame of a session.
    Welcome(Box<Welcome>),
    /// A room was joined.
    Joined(Option<CommandId>, Box<Joined>),
    /// A room was left: because the client asked, or for the reason given.
    Left(Option<CommandId>, RoomName, Option<ErrorCode>),
    /// A command was done: a message was accepted, a state was changed.
    Ack {
        /// The command.
        id: CommandId,
        /// The room.
        room: RoomName,
        /// Where the message stands; what is not kept has no place.
        position: Option<Position>,
        /// The message was there already: this is the first one's place.
        duplicate: bool,
    },
    /// A page of history.
    History {
        /// The command.
        id: Option<CommandId>,
        /// The room.
        room: RoomName,
        /// The messages, already encoded, oldest first.
        messages: Vec<Frame>,
        /// Whether there are more in the direction asked for.
        more: bool,
    },
    /// Who is in a room.
    Presence {
        /// The command.
        id: Option<CommandId>,
        /// The room.
        room: RoomName,
        /// The members, unless the room is too large or only counted.
        members: Option<Arc<[Member]>>,
        /// How many they are.
        count: usize,
    },
    /// A fresh token was taken.
    Refreshed {
        /// The command.
        id: Option<CommandId>,
        /// When the new token expires; none means never.
        expires_in: Option<Duration>,
    },
    /// The command was refused.
    Refused {
        /// The command.
        id: Option<CommandId>,
        /// The room it was about.
        room: Option<RoomName>,
        /// Why.
        refusal: Refusal,
    },
}
