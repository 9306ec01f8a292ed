//! A node's lease: as long as Redis hears its signs of life, its members count as there. A lease
//! that has run out is never taken up again: the node goes on under another name.

use super::ask::Beat;
use super::record::{NodeId, Pulse};
use std::collections::HashSet;
use std::time::Duration;

/// The lease of this node, and what it knows of those of others. Times are in milliseconds.
#[derive(Debug)]
pub(super) struct Lease {
    pub(super) node: NodeId,
    /// How long a sign of life lasts.
    pub(super) length: u64,
    /// When the last sign of life that Redis took under this name was sent.
    held: Option<u64>,
    /// Since when they have succeeded without a break on this link.
    steady: Option<u64>,
    /// When the last one of this link was sent.
    sent: Option<u64>,
    is_asked: bool,
    is_wanted: bool,
    /// How many were sent.
    pub(super) number: u64,
    /// What Redis calls its memory; nothing before the first answer.
    memory: String,
    /// Who was alive at the last answer.
    pub(super) alive: HashSet<NodeId>,
}

/// What a sign of life has shown.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shown {
    /// This node goes on under another name.
    pub(super) is_renamed: bool,
    /// Redis has lost what it knew.
    pub(super) is_lost: bool,
    /// Nodes that are not alive may be ended: the leases had time to be taken up.
    pub(super) may_reap: bool,
}

impl Lease {
    pub(super) fn new(node: NodeId, length: u64) -> Self {
        Self {
            node,
            length,
            held: None,
            steady: None,
            sent: None,
            is_asked: false,
            is_wanted: false,
            number: 0,
            memory: String::new(),
            alive: HashSet::new(),
        }
    }

    pub(super) fn link_changed(&mut self) {
        (self.steady, self.sent, self.is_asked) = (None, None, false);
    }

    /// Whether presence may be written under this name: Redis has heard a sign of life of it on
    /// this link, and that is not too long ago.
    pub(super) fn holds(&self, now: u64) -> bool {
        self.steady.is_some() && self.held.is_some_and(|held| now < held + self.length)
    }

    /// Takes another name if this one's lease has run out. Returns whether it did.
    pub(super) fn check(&mut self, now: u64) -> bool {
        let is_over = self.held.is_some_and(|held| now >= held + self.length);
        if is_over {
            self.rename();
        }
        is_over
    }

    fn rename(&mut self) {
        self.node = self.node.next();
        (self.held, self.steady, self.is_wanted) = (None, None, true);
    }

    /// Asks for a fresh look at who is alive.
    pub(super) fn want(&mut self) {
        self.is_wanted = true;
    }

    /// The next sign of life, if it is time.
    pub(super) fn due(&mut self, now: u64) -> Option<Beat> {
        let is_time = self.sent.is_none_or(|sent| now >= sent + self.length / 4);
        if self.is_asked || !(is_time || self.is_wanted) {
            return None;
        }
        (self.sent, self.is_asked, self.is_wanted) = (Some(now), true, false);
        self.number += 1;
        Some(Beat {
            node: self.node,
            lease: Duration::from_millis(self.length),
            is_new: self.held.is_none(),
            number: self.number,
        })
    }

    /// The answer to a sign of life; none if there was none that could be read.
    pub(super) fn answered(&mut self, beat: &Beat, pulse: Option<Pulse>, now: u64) -> Shown {
        self.is_asked = false;
        let Some(pulse) = pulse else {
            self.steady = None;
            return Shown::default();
        };
        let is_lost = !self.memory.is_empty() && self.memory != pulse.memory;
        self.memory = pulse.memory;
        self.alive = pulse.alive.into_iter().collect();
        if is_lost {
            self.steady = None;
        }
        if beat.node != self.node {
            return Shown { is_lost, ..Shown::default() };
        }
        if !pulse.holds {
            self.rename();
            return Shown { is_renamed: true, is_lost, may_reap: false };
        }
        let sent = self.sent.unwrap_or(now);
        let broken = self.held.is_some_and(|held| sent >= held + self.length);
        let steady = *self.steady.get_or_insert(sent);
        if broken {
            self.steady = Some(sent);
        }
        self.held = Some(sent);
        let may_reap = !broken && now >= steady + self.length;
        Shown { is_renamed: false, is_lost, may_reap }
    }
}
