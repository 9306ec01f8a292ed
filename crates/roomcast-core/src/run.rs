//! Messages of one room in a row, in one piece: what all members that keep up are sent.
//!
//! With many messages at once, a member costs one entry and one slice to write instead of one for
//! each message. Who falls behind gets them one by one, so that each may go away by itself.

use crate::outbox::Place;
use roomcast_protocol::Frame;

/// Two messages or more, put together once for each dialect and shared by all members.
#[derive(Debug)]
pub(crate) struct Run {
    whole: Frame,
    parts: Box<[(Frame, Place)]>,
}

impl Run {
    /// Most bytes of messages put together: beyond, putting them together costs more than the
    /// slices that it saves.
    pub(crate) const MOST: usize = 64 * 1024;

    pub(crate) fn of(parts: Vec<(Frame, Place)>) -> Self {
        let whole = Frame::join(parts.iter().map(|(frame, _)| frame));
        Self { whole, parts: parts.into() }
    }

    /// All of it, as it goes to the socket.
    pub(crate) fn whole(&self) -> &Frame {
        &self.whole
    }

    /// Its messages.
    pub(crate) fn parts(&self) -> &[(Frame, Place)] {
        &self.parts
    }
}
