//! Messages of one room in a row, in one piece: what all members that keep up are sent.
//!
//! With many messages at once, a member costs one entry and one slice to write instead of one for
//! each message. Who falls behind gets them one by one, so that each may go away by itself.

use crate::outbox::Place;
use roomcast_protocol::Frame;
use std::sync::OnceLock;

/// Two messages or more, put together once for each dialect and shared by all members.
#[derive(Debug)]
pub(crate) struct Run {
    whole: Frame,
    /// The length of each message in the whole, and its place.
    lengths: Box<[(usize, Place)]>,
    /// The messages one by one, made for the first member that falls behind.
    parts: OnceLock<Box<[(Frame, Place)]>>,
}

impl Run {
    /// Most bytes of messages put together: beyond, putting them together costs more than the
    /// slices that it saves.
    pub(crate) const MOST: usize = 64 * 1024;

    pub(crate) fn of<'a>(messages: impl Iterator<Item = (&'a Frame, Place)> + Clone) -> Self {
        let lengths = messages.clone().map(|(frame, place)| (frame.len(), place)).collect();
        Self {
            whole: Frame::join(messages.map(|(frame, _)| frame)),
            lengths,
            parts: OnceLock::new(),
        }
    }

    /// All of it, as it goes to the socket.
    pub(crate) fn whole(&self) -> &Frame {
        &self.whole
    }

    /// How many messages it has.
    pub(crate) fn len(&self) -> usize {
        self.lengths.len()
    }

    /// Its messages.
    pub(crate) fn parts(&self) -> &[(Frame, Place)] {
        self.parts.get_or_init(|| {
            let mut rest = self.whole.as_bytes();
            let part = |&(length, place): &(usize, Place)| {
                let (first, others) = rest.split_at(length);
                rest = others;
                (Frame::raw(first), place)
            };
            self.lengths.iter().map(part).collect()
        })
    }
}
