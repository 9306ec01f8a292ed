//! What waits in an outbox: one frame, messages in one piece, or what is to be said of those that
//! went away.

use super::{Missing, Place};
use crate::run::Run;
use roomcast_protocol::Frame;
use std::sync::Arc;

/// What an entry weighs beside its bytes.
pub(super) const ENTRY: usize = size_of::<Entry>();

#[derive(Debug, Clone)]
pub(super) enum Entry {
    Frame(Frame, Option<Place>),
    /// Only of a client whose socket has taken all so far; otherwise it is taken apart.
    Run(Arc<Run>),
    /// Becomes a frame when its turn comes: until then neighbours can join it.
    Gap(Missing),
}

impl Entry {
    /// What goes to the socket; a gap has no words yet.
    pub(super) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Frame(frame, _) => Some(frame.as_bytes()),
            Self::Run(run) => Some(run.whole().as_bytes()),
            Self::Gap(_) => None,
        }
    }
}

pub(super) fn weight(entry: &Entry) -> usize {
    match entry {
        Entry::Frame(frame, _) => frame.len() + ENTRY,
        Entry::Run(run) => run_weight(run),
        Entry::Gap(_) => 0,
    }
}

pub(super) fn message_weight(entry: &Entry) -> usize {
    if matches!(entry, Entry::Frame(_, Some(_)) | Entry::Run(_)) { weight(entry) } else { 0 }
}

/// A run weighs what its messages would weigh one by one.
fn run_weight(run: &Run) -> usize {
    run.whole().len() + run.len() * ENTRY
}

/// Messages of a room that follow each other, ready for any number of outboxes.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(super) entry: Entry,
    pub(super) weight: usize,
}

impl Piece {
    pub(crate) fn of<'a>(
        mut messages: impl ExactSizeIterator<Item = (&'a Frame, Place)> + Clone,
    ) -> Self {
        let only = if messages.len() == 1 { messages.next() } else { None };
        match only {
            Some((frame, place)) => Self::one(frame, place),
            None => Self::from(Entry::Run(Arc::new(Run::of(messages)))),
        }
    }

    pub(crate) fn one(frame: &Frame, place: Place) -> Self {
        Self::from(Entry::Frame(frame.clone(), Some(place)))
    }
}

impl From<Entry> for Piece {
    fn from(entry: Entry) -> Self {
        Self { weight: weight(&entry), entry }
    }
}
