//! What waits for one client: frames, bounded in bytes, and what to do when they are too many.

mod entry;
mod queue;

use crate::room_kind::Slow;
pub(crate) use entry::Piece;
use entry::{ENTRY, Entry, message_weight, weight};
use queue::Queue;
use roomcast_protocol::Frame;
use roomcast_protocol::push::GapReason;
use std::io::{self, IoSlice};
use std::num::NonZeroU64;

/// Most entries of one vectored write: `IOV_MAX` of Linux is 1,024; 64 hold the cost of a call.
const BATCH: usize = 64;

/// Where a message stands that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) room: u32,
    /// An ephemeral message has no offset, and leaves no gap.
    pub(crate) offset: Option<NonZeroU64>,
    pub(crate) key: Option<NonZeroU64>,
}

/// Offsets of a room that went away while they waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Missing {
    pub(crate) room: u32,
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) reason: GapReason,
}

/// What became of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// It waits; so many messages went away for it.
    Waits { dropped: u64 },
    /// There is no room for it.
    Full,
}

/// How much may wait, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// Of messages of rooms.
    pub(crate) messages: usize,
    /// Of everything.
    pub(crate) all: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Outbox {
    queue: Queue<Entry>,
    bytes: usize,
    /// Those of messages that have a place.
    message_bytes: usize,
    /// Bytes of the first entry that are already written.
    written: usize,
}

impl Outbox {
    /// Bytes that wait, with what keeping them costs.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Bytes of what no newer message takes the place of: it stays until it is read.
    pub(crate) fn lasting(&self) -> usize {
        self.bytes - self.message_bytes
    }

    /// Adds what is not a message of a room, without a bound: the caller has one.
    pub(crate) fn push(&mut self, frame: Frame) {
        self.append(frame, None);
    }

    /// Adds a message of a room; a slow client is treated as the room's kind says.
    pub(crate) fn push_message(
        &mut self,
        frame: &Frame,
        place: Place,
        slow: Slow,
        bounds: Bounds,
    ) -> Pushed {
        let weight = frame.len() + ENTRY;
        let mut dropped = 0;
        if slow == Slow::Latest && place.key.is_some() && !self.queue.is_empty() {
            dropped += u64::from(self.conflate(place));
        }
        while !self.has_room(weight, bounds) {
            if slow == Slow::Disconnect || !self.drop_oldest_of(place.room) {
                return Pushed::Full;
            }
            dropped += 1;
        }
        self.append(frame.clone(), Some(place));
        Pushed::Waits { dropped }
    }

    /// Adds messages, if all of them have room; nothing otherwise.
    pub(crate) fn push_piece(&mut self, piece: &Piece, bounds: Bounds) -> bool {
        let fits = self.has_room(piece.weight, bounds);
        if fits {
            self.bytes += piece.weight;
            self.message_bytes += piece.weight;
            self.queue.push_back(piece.entry.clone());
        }
        fits
    }

    fn has_room(&self, weight: usize, bounds: Bounds) -> bool {
        self.message_bytes + weight <= bounds.messages && self.bytes + weight <= bounds.all
    }

    /// Takes runs apart: from here on each message may go away by itself.
    fn take_apart(&mut self) {
        let Some(first) = self.queue.iter().position(|entry| matches!(entry, Entry::Run(_))) else {
            return;
        };
        let queue = self.queue.all();
        for entry in queue.split_off(first) {
            match entry {
                Entry::Run(run) => {
                    let parts = run.parts().iter().cloned();
                    queue.extend(parts.map(|(frame, place)| Entry::Frame(frame, Some(place))));
                }
                other => queue.push_back(other),
            }
        }
    }

    fn append(&mut self, frame: Frame, place: Option<Place>) {
        self.bytes += frame.len() + ENTRY;
        self.message_bytes += place.map_or(0, |_| frame.len() + ENTRY);
        self.queue.push_back(Entry::Frame(frame, place));
    }

    /// Takes out the message whose place the newer one of the same key takes.
    fn conflate(&mut self, newer: Place) -> bool {
        self.take_apart();
        let same = |place: Place| place.room == newer.room && place.key == newer.key;
        self.find(same).is_some_and(|index| self.remove(index, GapReason::Conflated))
    }

    fn drop_oldest_of(&mut self, room: u32) -> bool {
        self.take_apart();
        self.find(|place| place.room == room)
            .is_some_and(|index| self.remove(index, GapReason::Slow))
    }

    /// The first waiting message like that; what is partly written stays.
    fn find(&self, wanted: impl Fn(Place) -> bool) -> Option<usize> {
        let begun = usize::from(self.written > 0);
        let mut entries = self.queue.iter().enumerate().skip(begun);
        entries
            .find(|(_, entry)| matches!(entry, Entry::Frame(_, Some(place)) if wanted(*place)))
            .map(|(index, _)| index)
    }

    fn remove(&mut self, index: usize, reason: GapReason) -> bool {
        let Some(Entry::Frame(frame, Some(place))) = self.queue.get(index) else { return false };
        let place = *place;
        self.bytes -= frame.len() + ENTRY;
        self.message_bytes -= frame.len() + ENTRY;
        let Some(offset) = place.offset else {
            self.queue.all().remove(index);
            return true;
        };
        let gap = Missing { room: place.room, from: offset.get(), to: offset.get(), reason };
        self.queue.all()[index] = Entry::Gap(gap);
        let later = self.nearest_of(place.room, index + 1..self.queue.len());
        self.join_gaps(index, later);
        let earlier = self.nearest_of(place.room, (0..index).rev());
        if let Some(earlier) = earlier {
            self.join_gaps(earlier, Some(index));
        }
        true
    }

    /// The first entry of the room among those: what waits of other rooms, and what has no
    /// offset, does not part two of its gaps. So there are never more gaps than messages and
    /// rooms, and a gap needs no weight.
    fn nearest_of(&self, room: u32, mut among: impl Iterator<Item = usize>) -> Option<usize> {
        among.find(|&index| match self.queue.get(index) {
            Some(Entry::Frame(_, Some(place))) => place.room == room && place.offset.is_some(),
            Some(Entry::Gap(gap)) => gap.room == room,
            _ => false,
        })
    }

    /// Makes one gap of two that touch, where the earlier one stands. Of different reasons the
    /// more modest one is given: whose key the newest value took is no longer told apart.
    fn join_gaps(&mut self, earlier: usize, later: Option<usize>) {
        let Some(later) = later else { return };
        let queue = self.queue.all();
        let (Entry::Gap(a), Entry::Gap(b)) = (&queue[earlier], &queue[later]) else {
            return;
        };
        if a.to + 1 == b.from {
            let reason = if a.reason == b.reason { a.reason } else { GapReason::Slow };
            queue[earlier] = Entry::Gap(Missing { to: b.to, reason, ..*a });
            queue.remove(later);
        }
    }

    /// Writes all that waits, as much as the socket takes; `say` puts a gap into words.
    ///
    /// # Errors
    /// What `write` says, except that a socket that is full is `Ok(false)`.
    pub(crate) fn write(
        &mut self,
        mut write: impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>,
        mut say: impl FnMut(Missing) -> Option<Frame>,
    ) -> io::Result<Progress> {
        let mut total = 0;
        loop {
            self.say_gaps(&mut say);
            if self.queue.is_empty() {
                return Ok(Progress { written: total, done: true });
            }
            match self.write_batch(&mut write) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    total += written;
                    self.advance(written);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.take_apart();
                    self.advance(0);
                    return Ok(Progress { written: total, done: false });
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn write_batch(
        &self,
        write: &mut impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        if let Some(only) = self.queue.only().and_then(Entry::bytes) {
            return write(&[IoSlice::new(&only[self.written..])]);
        }
        let mut slices = [IoSlice::new(&[]); BATCH];
        let mut count = 0;
        for (slice, entry) in slices.iter_mut().zip(self.queue.iter()) {
            let Some(bytes) = entry.bytes() else { break };
            let begun = if count == 0 { self.written } else { 0 };
            *slice = IoSlice::new(&bytes[begun..]);
            count += 1;
        }
        write(&slices[..count])
    }

    /// Puts the gaps whose turn has come into words.
    fn say_gaps(&mut self, say: &mut impl FnMut(Missing) -> Option<Frame>) {
        if matches!(self.queue.only(), Some(Entry::Frame(..) | Entry::Run(_))) {
            return;
        }
        let mut index = 0;
        while index < BATCH {
            match self.queue.get(index) {
                None => return,
                Some(Entry::Frame(..) | Entry::Run(_)) => index += 1,
                Some(Entry::Gap(gap)) => match say(*gap) {
                    Some(frame) => {
                        self.bytes += frame.len() + ENTRY;
                        self.queue.all()[index] = Entry::Frame(frame, None);
                    }
                    None => _ = self.queue.all().remove(index),
                },
            }
        }
    }

    fn advance(&mut self, written: usize) {
        self.written += written;
        if self.queue.only().and_then(Entry::bytes).is_some_and(|only| only.len() == self.written) {
            self.queue.drop_only();
            (self.bytes, self.message_bytes, self.written) = (0, 0, 0);
            return;
        }
        while let Some(length) = self.queue.front().and_then(Entry::bytes).map(<[u8]>::len) {
            if self.written < length {
                return;
            }
            self.written -= length;
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if let Some(first) = self.queue.pop_front() {
            self.bytes -= weight(&first);
            self.message_bytes -= message_weight(&first);
        }
    }

    /// The room was left: what waits of it still goes out, its gaps too, which `say` puts into
    /// words; its place means nothing any more.
    pub(crate) fn forget_places(
        &mut self,
        room: u32,
        mut say: impl FnMut(Missing) -> Option<Frame>,
    ) {
        self.take_apart();
        for entry in self.queue.all() {
            match entry {
                Entry::Frame(frame, place) if place.is_some_and(|place| place.room == room) => {
                    self.message_bytes -= frame.len() + ENTRY;
                    *place = None;
                }
                Entry::Gap(gap) if gap.room == room => {
                    if let Some(frame) = say(*gap) {
                        self.bytes += frame.len() + ENTRY;
                        *entry = Entry::Frame(frame, None);
                    }
                }
                _ => {}
            }
        }
        self.queue.all().retain(|entry| !matches!(entry, Entry::Gap(gap) if gap.room == room));
    }

    /// Drops everything but the rest of a frame that is partly written.
    pub(crate) fn forget_unwritten(&mut self) {
        self.queue.all().truncate(usize::from(self.written > 0));
        self.bytes = self.queue.iter().map(weight).sum();
        self.message_bytes = self.queue.iter().map(message_weight).sum();
    }

    /// Gives back what a burst has left: an idle client keeps nothing.
    pub(crate) fn shrink(&mut self) {
        self.queue.shrink();
    }
}

/// How far a write came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) written: usize,
    /// Nothing waits any more.
    pub(crate) done: bool,
}

#[cfg(test)]
mod tests;
