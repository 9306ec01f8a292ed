//! What a script asks for where it has no particular wishes.

use roomcast_protocol::command::{Join, PresenceMode, Publish};
use roomcast_protocol::{Message, Payload, RoomName, Timestamp};

pub(super) fn room_name(room: &str) -> RoomName {
    RoomName::new(room).expect("a valid room name")
}

/// A join without particular wishes.
///
/// # Panics
/// If the text is no room name.
#[must_use]
pub fn join(room: &str) -> Join {
    Join {
        room: room_name(room),
        since: None,
        rewind: 0,
        presence: PresenceMode::None,
        state: None,
    }
}

/// A publish without particular wishes.
///
/// # Panics
/// If the text is no room name, or the other no JSON.
#[must_use]
pub fn publish(room: &str, json: &str) -> Publish {
    Publish {
        room: room_name(room),
        data: Payload::parse(json).expect("valid JSON"),
        event: None,
        claimed_name: None,
        message_id: None,
        key: None,
        echo: true,
        ephemeral: false,
    }
}

/// A message of the backend's without particular wishes.
///
/// # Panics
/// If the text is no room name, or the other no JSON.
#[must_use]
pub fn message(room: &str, json: &str) -> Message {
    Message {
        room: room_name(room),
        position: None,
        event: None,
        user: None,
        data: Payload::parse(json).expect("valid JSON"),
        timestamp: Timestamp::from_millis(i64::MAX / 4),
        message_id: None,
        key: None,
    }
}
