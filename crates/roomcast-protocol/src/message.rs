//! A message of a room and its place in it.

use crate::{EventName, Key, MessageId, Payload, RoomName, Timestamp, UserId};
use std::fmt;
use std::sync::Arc;

/// Which life of a room's numbering an offset belongs to; a new one means that older offsets say
/// nothing any more. On the wire: 1–16 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Epoch(pub u64);

impl Epoch {
    /// The epoch that no room ever has: what a client's text stands for that is no epoch of ours.
    pub const UNKNOWN: Self = Self(0);

    /// Reads an epoch; a text that is none becomes [`Epoch::UNKNOWN`], which matches no room.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let hex =
            (1..=16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        hex.then(|| u64::from_str_radix(text, 16).ok()).flatten().map_or(Self::UNKNOWN, Self)
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

impl fmt::Debug for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The place of a message in its room. The first message of a room's first epoch has offset 1; a
/// later epoch goes on where an earlier one ended, or begins at 1 again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The life of the numbering.
    pub epoch: Epoch,
    /// The number of the message.
    pub offset: u64,
}

/// Who published a message or is in a room.
///
/// `id` is there only if a token said so; `name` is for people, and of a user without `id` it is
/// what the client called itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The token's `sub`.
    pub id: Option<UserId>,
    /// A name for people.
    pub name: Option<Arc<str>>,
}

impl User {
    /// What people call this user: the name, else the id, else `anonymous`.
    #[must_use]
    pub fn display_name(&self) -> &str {
        let id = self.id.as_ref().map(UserId::as_str);
        self.name.as_deref().or(id).unwrap_or("anonymous")
    }
}

/// A message published in a room.
#[derive(Debug, Clone)]
pub struct Message {
    /// The room it was published in.
    pub room: RoomName,
    /// Its place; an ephemeral message has none.
    pub position: Option<Position>,
    /// The kind of message; none means `message`.
    pub event: Option<EventName>,
    /// Who published it; a backend's message may have none.
    pub user: Option<User>,
    /// What was published, byte for byte.
    pub data: Payload,
    /// When the server took it.
    pub timestamp: Timestamp,
    /// What the publisher calls it.
    pub message_id: Option<MessageId>,
    /// What it is the newest value of.
    pub key: Option<Key>,
}

impl Message {
    /// The kind of message, with its default.
    #[must_use]
    pub fn event(&self) -> &str {
        self.event.as_ref().map_or("message", EventName::as_str)
    }

    /// The offset in the room, if it has one.
    #[must_use]
    pub fn offset(&self) -> Option<u64> {
        self.position.map(|position| position.offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_reads_what_it_writes_and_nothing_else() {
        let epoch = Epoch(0xfeed_0000_0000_0001);
        assert_eq!(Epoch::read(&epoch.to_string()), epoch);
        for text in ["", "+1", "-1", "xyz", "10000000000000000", "00000000000000001", "0"] {
            assert_eq!(Epoch::read(text), Epoch::UNKNOWN, "{text}");
        }
    }
}
