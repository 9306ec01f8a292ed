//! Bytes of a client → WebSocket messages: tungstenite reads, unmasks, joins fragments, checks
//! UTF-8 and answers control frames. Between two messages nothing of it is kept.

use crate::boundary::Boundary;
use roomcast_protocol::{CloseCode, Frame, Incoming};
use std::io::{self, Read, Write};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig, WebSocketContext};
use tokio_tungstenite::tungstenite::{Error, Message};

/// Bytes that tungstenite takes at once, and the least it allocates: it clears so many each time.
const READ_AT_ONCE: usize = 1024;
/// Bytes of a message whose reader is kept for others.
const SHORT: usize = 4 * 1024;

/// What a client's bytes say.
pub(crate) enum Said<'a> {
    /// A message.
    Message(Incoming<'a>),
    /// A sign of life without content.
    Alive,
    /// A control frame to answer with.
    Answer(Frame),
    /// Goodbye, and the answer to it.
    Goodbye(Frame),
}

/// Reads one connection. Empty between two messages.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    partial: Option<Box<Partial>>,
}

/// A reader that stands between two messages, as good as new: kept so that a message need not make
/// one.
#[derive(Debug, Default)]
pub(crate) struct Spare(Option<Box<Partial>>);

#[derive(Debug)]
struct Partial {
    context: WebSocketContext,
    boundary: Boundary,
}

impl Decoder {
    /// Reads more bytes; `hear` is told what they say.
    ///
    /// # Errors
    /// The close code for a client that broke the protocol. Nothing more may be fed.
    pub(crate) fn feed(
        &mut self,
        bytes: &[u8],
        max_frame: usize,
        spare: &mut Spare,
        mut hear: impl FnMut(Said<'_>),
    ) -> Result<(), CloseCode> {
        // What has read a long message has a long buffer, and is not kept for others.
        let is_short = self.partial.is_none() && bytes.len() <= SHORT;
        let begun = self.partial.take().or_else(|| spare.0.take());
        let mut partial = begun.unwrap_or_else(|| Box::new(Partial::new(max_frame)));
        partial.boundary.feed(bytes);
        let mut pipe = Pipe { input: bytes, output: Vec::new() };
        let mut goodbye = false;
        let end = loop {
            match partial.context.read(&mut pipe) {
                Ok(Message::Text(text)) => hear(Said::Message(Incoming::Text(&text))),
                Ok(Message::Binary(bytes)) => hear(Said::Message(Incoming::Binary(&bytes))),
                Ok(Message::Close(_)) => goodbye = true,
                Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => hear(Said::Alive),
                Err(error) => break error,
            }
        };
        if goodbye {
            hear(Said::Goodbye(Frame::raw(&pipe.output)));
            return Ok(());
        }
        if !pipe.output.is_empty() {
            hear(Said::Answer(Frame::raw(&pipe.output)));
        }
        close_code(&end)?;
        if !partial.boundary.is_between_messages() {
            self.partial = Some(partial);
        } else if is_short {
            spare.0 = Some(partial);
        }
        Ok(())
    }
}

impl Partial {
    fn new(max_frame: usize) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_AT_ONCE)
            .write_buffer_size(0)
            .max_message_size(Some(max_frame))
            .max_frame_size(Some(max_frame));
        let context = WebSocketContext::new(Role::Server, Some(config));
        Self { context, boundary: Boundary::default() }
    }
}

/// Why reading ended: all bytes were read, or the client broke the protocol.
fn close_code(error: &Error) -> Result<(), CloseCode> {
    match error {
        Error::Io(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
        Error::Capacity(_) => Err(CloseCode::TooBig),
        Error::Utf8(_) => Err(CloseCode::NotUtf8),
        _ => Err(CloseCode::Protocol),
    }
}

/// What tungstenite takes for a stream: the bytes that were read, and what it answers.
struct Pipe<'a> {
    input: &'a [u8],
    output: Vec<u8>,
}

impl Read for Pipe<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.input.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.input.read(into)
    }
}

impl Write for Pipe<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.output.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
