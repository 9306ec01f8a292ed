//! What a client asks.

use crate::{EventName, Key, MessageId, Payload, Position, RoomName};
use serde_json::value::RawValue;
use std::fmt;

/// What a client calls a command, so that the reply can carry it: a JSON number or a JSON string
/// of at most 64 bytes, kept as it was written.
#[derive(Clone, PartialEq, Eq)]
pub struct CommandId(Box<str>);

impl CommandId {
    /// Takes the id as JSON; none if it is neither a number nor a string, or too long.
    ///
    /// ```
    /// use roomcast_protocol::CommandId;
    /// assert_eq!(CommandId::from_json("1.0").unwrap().as_json(), "1.0");
    /// assert!(CommandId::from_json("[1]").is_none());
    /// ```
    #[must_use]
    pub fn from_json(json: &str) -> Option<Self> {
        serde_json::from_str(json).ok().and_then(Self::from_raw)
    }

    /// An id is kept as it was written, so that 1 and 1.0 and "1" come back as they are.
    pub(crate) fn from_raw(raw: &RawValue) -> Option<Self> {
        let text = raw.get();
        let is_id = match text.as_bytes().first() {
            Some(b'"') => serde_json::from_str::<String>(text).is_ok_and(|id| id.len() <= 64),
            Some(b'-' | b'0'..=b'9') => text.len() <= 64,
            _ => false,
        };
        is_id.then(|| Self(text.into()))
    }

    /// The id as JSON.
    #[must_use]
    pub fn as_json(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How much of a room's presence a member wants to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PresenceMode {
    /// Nothing.
    #[default]
    None,
    /// How many members there are.
    Count,
    /// Who they are (in a large room: how many).
    Full,
}

/// Which page of a room's history is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// The newest messages.
    Latest,
    /// The newest messages with a smaller offset.
    Before(u64),
    /// The oldest messages with a greater offset.
    After(u64),
}

/// A token, which must never be seen in a log: its `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(pub String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// A join: to a room for the first time, or back to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// The room.
    pub room: RoomName,
    /// The last position the client has: everything after it is sent, or an honest refusal.
    pub since: Option<Position>,
    /// How many of the newest messages to send where `since` is absent or cannot be honoured.
    pub rewind: u32,
    /// What to be told of the other members.
    pub presence: PresenceMode,
    /// What the others are told of this member.
    pub state: Option<Payload>,
}

/// A message to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publish {
    /// The room.
    pub room: RoomName,
    /// What to publish.
    pub data: Payload,
    /// The kind of message.
    pub event: Option<EventName>,
    /// A name for people that a client without a verified identity gave itself.
    pub claimed_name: Option<String>,
    /// Makes a retry harmless.
    pub message_id: Option<MessageId>,
    /// What this is the newest value of.
    pub key: Option<Key>,
    /// Whether the publisher gets the message too.
    pub echo: bool,
    /// Whether the message skips the history: at most once, no position.
    pub ephemeral: bool,
}

/// What a client asks of the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Join a room or come back to it.
    Join(Join),
    /// Leave a room.
    Leave {
        /// The room.
        room: RoomName,
    },
    /// Publish a message.
    Publish(Publish),
    /// Read a page of the history.
    History {
        /// The room.
        room: RoomName,
        /// At most so many messages.
        limit: u32,
        /// Which of them.
        page: Page,
    },
    /// Read who is in a room.
    Presence {
        /// The room.
        room: RoomName,
    },
    /// Change one's own presence state.
    State {
        /// The room.
        room: RoomName,
        /// The new state.
        data: Payload,
    },
    /// A fresh token for the same session.
    Refresh {
        /// The token.
        token: Token,
    },
}
