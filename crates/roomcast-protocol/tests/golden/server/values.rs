//! The people, rooms and messages of the golden frames.

use roomcast_protocol::push::Member;
use roomcast_protocol::{
    CommandId, Epoch, Message, MessageId, Payload, Position, RoomName, SessionId, Timestamp, User,
    UserId,
};

const EPOCH: Epoch = Epoch(0x5f3a_9c01_d2e4_b687);
pub(crate) const SESSION: SessionId = SessionId(0x00c0_ffee_00c0_ffee);

pub(crate) fn room(name: &str) -> RoomName {
    RoomName::new(name).unwrap()
}

pub(crate) fn payload(json: &str) -> Payload {
    Payload::parse(json).unwrap()
}

pub(crate) fn id(json: &str) -> CommandId {
    CommandId::from_json(json).unwrap()
}

pub(crate) fn at(offset: u64) -> Position {
    Position { epoch: EPOCH, offset }
}

/// A user whom a token vouches for.
pub(crate) fn ann() -> User {
    User { name: Some("Ann".into()), ..only_id("ann") }
}

pub(crate) fn only_id(id: &str) -> User {
    User { id: Some(UserId::new(id).unwrap()), name: None }
}

/// A user who chose the name.
pub(crate) fn named(name: &str) -> User {
    User { id: None, name: Some(name.into()) }
}

pub(crate) fn bob() -> User {
    User { name: Some("Bob".into()), ..only_id("bob") }
}

pub(crate) fn typing(yes: bool) -> Payload {
    payload(&format!("{{\"typing\":{yes}}}"))
}

pub(crate) fn member(session: u64, user: Option<User>, state: Option<Payload>) -> Member {
    Member { session: SessionId(session), user, state }
}

pub(crate) fn message(name: &str, offset: Option<u64>, user: Option<User>, data: &str) -> Message {
    Message {
        room: room(name),
        position: offset.map(at),
        event: None,
        user,
        data: payload(data),
        timestamp: Timestamp::from_millis(1_763_793_945_120),
        message_id: None,
        key: None,
    }
}

/// Message 42 of the tea room.
pub(crate) fn milk() -> Message {
    message("chat:tea", Some(42), Some(named("Bob")), r#"{"text":"Milk or lemon?"}"#)
}

/// Message 43 of the tea room.
pub(crate) fn lemon() -> Message {
    Message {
        timestamp: Timestamp::from_millis(1_763_793_946_000),
        message_id: Some(MessageId::new("9b2f-1").unwrap()),
        ..message("chat:tea", Some(43), Some(ann()), r#"{"text":"Lemon."}"#)
    }
}
