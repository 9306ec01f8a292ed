//! WebSocket messages: those that came in, and those ready to go out, header and payload in one.

use std::cell::Cell;
use std::sync::Arc;

/// A message that a client sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Incoming<'a> {
    /// A text message.
    Text(&'a str),
    /// A binary message.
    Binary(&'a [u8]),
}

/// A WebSocket frame of the server, encoded once and shared by all that get it: the header of
/// RFC 6455 section 5.2 (a server's frames are not masked) and the payload in one piece.
///
/// ```
/// use roomcast_protocol::Frame;
/// let frame = Frame::text("hi");
/// assert_eq!(frame.as_bytes(), b"\x81\x02hi");
/// assert_eq!(frame.payload(), b"hi");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame(Arc<[u8]>);

const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;

/// Room for the longest header, in front of a payload whose length is not known yet.
const HEADER_ROOM: usize = 10;

impl Frame {
    /// A text message.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::build(TEXT, |out| out.extend_from_slice(text.as_bytes()))
    }

    /// A text message that `write` puts together. It must write UTF-8.
    pub fn text_with(write: impl FnOnce(&mut Vec<u8>)) -> Self {
        Self::build(TEXT, write)
    }

    /// A binary message.
    #[must_use]
    pub fn binary(bytes: &[u8]) -> Self {
        Self::build(BINARY, |out| out.extend_from_slice(bytes))
    }

    /// A WebSocket ping without a payload.
    #[must_use]
    pub fn ping() -> Self {
        Self::build(PING, |_| {})
    }

    /// A close frame; the reason is cut to the 123 bytes that a control frame has room for.
    #[must_use]
    pub fn close(code: u16, reason: &str) -> Self {
        let mut end = reason.len().min(123);
        while !reason.is_char_boundary(end) {
            end -= 1;
        }
        Self::build(CLOSE, |out| {
            out.extend_from_slice(&code.to_be_bytes());
            out.extend_from_slice(&reason.as_bytes()[..end]);
        })
    }

    /// Frames one after the other, to be written as one.
    #[must_use]
    pub fn join<'a>(frames: impl Iterator<Item = &'a Self>) -> Self {
        in_scratch(|out| {
            frames.for_each(|frame| out.extend_from_slice(&frame.0));
            Self(out.as_slice().into())
        })
    }

    /// Bytes that are already frames, such as the pongs that the WebSocket library answers with.
    #[must_use]
    pub fn raw(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// All bytes, as they go to the socket.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Length on the wire, in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Never: a frame has a header.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The payload without the header.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        let header = match self.0.get(1).map(|length| length & 0x7f) {
            Some(126) => 4,
            Some(127) => 10,
            _ => 2,
        };
        self.0.get(header..).unwrap_or_default()
    }

    fn build(first: u8, write: impl FnOnce(&mut Vec<u8>)) -> Self {
        in_scratch(|out| {
            out.resize(HEADER_ROOM, 0);
            write(out);
            let length = out.len() - HEADER_ROOM;
            let start = match length {
                0..=125 => {
                    out[9] = length as u8;
                    8
                }
                126..=0xffff => {
                    out[7] = 126;
                    out[8..10].copy_from_slice(&(length as u16).to_be_bytes());
                    6
                }
                _ => {
                    out[1] = 127;
                    out[2..10].copy_from_slice(&(length as u64).to_be_bytes());
                    0
                }
            };
            out[start] = first;
            // A frame may wait in many outboxes and in a history: it keeps no spare room.
            Self(out[start..].into())
        })
    }
}

/// The longest buffer that is kept for the next frame.
const MOST_SCRATCH: usize = 64 * 1024;

thread_local! {
    /// Where a frame is put together. A frame within a frame finds none and begins its own.
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

fn in_scratch(build: impl FnOnce(&mut Vec<u8>) -> Frame) -> Frame {
    let mut scratch = SCRATCH.take();
    scratch.clear();
    let frame = build(&mut scratch);
    if scratch.capacity() <= MOST_SCRATCH {
        SCRATCH.set(scratch);
    }
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_takes_one_three_or_nine_bytes() {
        for (length, header) in [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let frame = Frame::text(&"x".repeat(length));
            assert_eq!(frame.len(), length + header);
            assert_eq!(frame.payload().len(), length);
            assert_eq!(frame.as_bytes()[0], 0x81);
        }
    }

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        let frame = Frame::close(4000, &"ä".repeat(100));
        assert_eq!(frame.payload().len(), 2 + 122);
        assert!(std::str::from_utf8(&frame.payload()[2..]).is_ok());
    }
}
