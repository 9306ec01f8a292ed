//! `roomcast.v1.json`: one JSON object per text frame, many rooms on one socket.

mod decode;
mod encode;
mod fields;
mod object;

use super::{Context, Decoded, Dialect, Ping};
use crate::{Frame, Incoming, Message, Push, Refusal, Reply};

/// The WebSocket subprotocol of this dialect.
pub const SUBPROTOCOL: &str = "roomcast.v1.json";

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

    fn decode(&self, incoming: Incoming<'_>, _: Context<'_>) -> Decoded {
        match incoming {
            Incoming::Text(text) => decode::decode(text),
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

    fn ping(&self) -> Ping {
        Ping::WhenSilent(Frame::text(r#"{"type":"ping"}"#))
    }
}
