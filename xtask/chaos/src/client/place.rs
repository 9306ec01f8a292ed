//! A client in one of its rooms.

use std::collections::HashSet;

use tokio::time::Instant;

use crate::log::{At, Name};

/// Whether it is in the room.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stage {
    Out { again: Instant },
    Joining,
    In,
}

/// A message that has no ack yet.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) name: Name,
    /// When it was first to be sent.
    pub(super) first: Instant,
    /// When to send it again; not while an answer is awaited.
    pub(super) again: Option<Instant>,
}

/// A room of the client's.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) room: usize,
    /// The last count of members it was told, if it asks to be.
    pub(crate) count: Option<u64>,
    /// It asks to be told the count.
    pub(crate) watches: bool,
    /// The last messages it has heard, each member's.
    pub(crate) lasts: HashSet<Name>,
    pub(super) at: Option<At>,
    pub(super) stage: Stage,
    pub(super) pending: Vec<Pending>,
}

impl Place {
    pub(super) fn new(room: usize, now: Instant, watches: bool) -> Self {
        let stage = Stage::Out { again: now };
        Self {
            room,
            count: None,
            watches,
            lasts: HashSet::new(),
            at: None,
            stage,
            pending: Vec::new(),
        }
    }
}
