//! `roomcast.v1.json`: one JSON object per text frame, many rooms on one socket.

mod decode;
mod encode;
mod fields;
mod object;

use super::{Context, Decoded, Dialect};
use crate::{Frame, Incoming, Message, Push, Refusal, Reply};

/// The WebSocket subprotocol of this dialect.
pub const SUBPROTOCOL: &str = "roomcast.v1.json";

/// Most bytes that a message's frame has beside its `data`: what is quoted takes two bytes for one
/// at most, and six where a client gave itself a name of control characters.
pub const MAX_ENVELOPE: usize = 3 * 1024;

/// The native dialect.
#[derive(Debug, Clone, Copy)]
pub struct Native;

/// The one value of the native dialect.
pub static NATIVE: Native = Native;

impl Dialect for Native {
    fn name(&self) -> &'static str {
        "native"
    }

    fn slot(&self) -> usize {
        0
    }

    fn decode(&self, incoming: Incoming<'_>, context: Context<'_>) -> Decoded {
        match incoming {
            Incoming::Text(text) => decode::decode(text, context),
            Incoming::Binary(_) => Decoded::Refused(
                None,
                Refusal::bad_request("send JSON in text frames, not in binary ones"),
            ),
        }
    }

    fn message(&self, message: &Message) -> Frame {
        encode::message(message)
    }

    fn reply(&self, reply: &Reply) -> Option<Frame> {
        Some(encode::reply(reply))
    }

    fn push(&self, push: &Push) -> Option<Frame> {
        Some(encode::push(push))
    }

    fn ping(&self) -> Frame {
        Frame::text(r#"{"type":"ping"}"#)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Epoch, EventName, MessageId, Payload, Position, RoomName, Timestamp, User, UserId,
    };

    #[test]
    fn no_message_is_larger_than_its_data_and_the_envelope() {
        let quotes = |length| "\"".repeat(length);
        let id = UserId::new(&quotes(195)).ok();
        assert!(id.is_some());
        let message = Message {
            room: RoomName::new(&quotes(200)).unwrap(),
            position: Some(Position { epoch: Epoch(u64::MAX), offset: u64::MAX }),
            event: EventName::new(&quotes(64)).ok(),
            user: Some(User { id, name: Some("\0".repeat(200).into()) }),
            data: Payload::parse("1").unwrap(),
            timestamp: Timestamp::from_millis(i64::MAX),
            message_id: MessageId::new(&quotes(64)).ok(),
            key: None,
        };
        let beside = NATIVE.message(&message).len() - message.data.len();
        assert!((MAX_ENVELOPE / 2..=MAX_ENVELOPE).contains(&beside), "{beside}");
    }
}
