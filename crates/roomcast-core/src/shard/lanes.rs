//! Who has something to write, and how soon: answers and messages of small rooms at once, those
//! of large rooms a slice at a time, so that five thousand members do not hold up two.

use super::Shard;
use crate::session::{Session, SessionKey};
use std::collections::VecDeque;
use std::time::Duration;

/// How soon a session is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Before anything else happens: answers, and messages of small rooms.
    Prompt,
    /// Some at a time, between everything else: messages of large rooms.
    Bulk,
}

/// Sessions with something to write, by place.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    prompt: Queue,
    bulk: Queue,
}

#[derive(Debug, Default)]
struct Queue {
    sessions: VecDeque<u32>,
    /// Places that were ever given out in it.
    given: u64,
    carried: VecDeque<Carried>,
}

/// Messages whose members all stand in a lane.
#[derive(Debug)]
struct Carried {
    /// How many places had been given out when all their members had theirs.
    given: u64,
    /// When they were accepted, as uptime.
    accepted: Duration,
    messages: u64,
}

impl Queue {
    fn push(&mut self, index: u32) {
        self.given += 1;
        self.sessions.push_back(index);
    }

    /// How many places were looked at.
    fn taken(&self) -> u64 {
        self.given - self.sessions.len() as u64
    }
}

impl Lanes {
    fn of(&mut self, lane: Lane) -> &mut Queue {
        match lane {
            Lane::Prompt => &mut self.prompt,
            Lane::Bulk => &mut self.bulk,
        }
    }

    /// The session has something to write. One that waits in the slow lane may change to the
    /// prompt one: its place in the other means nothing then.
    pub(super) fn add(&mut self, session: &mut Session, index: u32, lane: Lane) {
        let stands_well = session.lane == Some(Lane::Prompt) || session.lane == Some(lane);
        if !stands_well {
            session.lane = Some(lane);
            self.of(lane).push(index);
        }
    }

    /// The members of a message accepted at that moment all stand in the lane.
    pub(super) fn carries(&mut self, lane: Lane, accepted: Duration) {
        let Queue { given, carried, .. } = self.of(lane);
        match carried.back_mut() {
            Some(last) if (last.given, last.accepted) == (*given, accepted) => last.messages += 1,
            _ => carried.push_back(Carried { given: *given, accepted, messages: 1 }),
        }
    }

    /// Whether members of large rooms are being written to.
    pub(super) fn has_bulk(&self) -> bool {
        !self.bulk.sessions.is_empty()
    }
}

impl Shard {
    /// Takes the next session of the lane that has something to write. One whose socket is full
    /// is not among them: its transport flushes it when the socket can be written to.
    pub fn next_ready(&mut self, lane: Lane) -> Option<SessionKey> {
        loop {
            let index = self.lanes.of(lane).sessions.pop_front()?;
            let Some(session) = self.sessions.get_mut(index as usize) else { continue };
            if session.lane == Some(lane) {
                session.lane = None;
                return Some(session.key(index));
            }
        }
    }

    /// Whether there are sessions to write to, or events held until that is done.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.lanes.has_bulk() || !self.lanes.prompt.sessions.is_empty() || self.held.is_any()
    }

    /// Takes out when the messages were accepted, as uptime, whose members in the lane were all
    /// written to, and how many messages that were.
    pub fn written(&mut self, lane: Lane) -> impl Iterator<Item = (Duration, u64)> {
        let queue = self.lanes.of(lane);
        let taken = queue.taken();
        let end = queue.carried.partition_point(|carried| carried.given <= taken);
        queue.carried.drain(..end).map(|carried| (carried.accepted, carried.messages))
    }

    /// How many places of the lane there are to look at: sessions, and some that were written to
    /// meanwhile.
    #[must_use]
    pub fn waiting_in(&self, lane: Lane) -> usize {
        match lane {
            Lane::Prompt => self.lanes.prompt.sessions.len(),
            Lane::Bulk => self.lanes.bulk.sessions.len(),
        }
    }

    pub(super) fn make_ready(&mut self, index: u32) {
        self.lanes.add(&mut self.sessions[index as usize], index, Lane::Prompt);
    }
}
