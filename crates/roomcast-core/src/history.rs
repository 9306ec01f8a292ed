//! A room's log: its numbering and the newest messages, bounded in number, bytes and age.

use crate::broker::CatchUp;
use crate::delivery::Placed;
use crate::inbox::Snapshot;
use crate::now::Now;
use crate::room_kind::History;
use roomcast_protocol::command::Page;
use roomcast_protocol::{Epoch, Position};
use std::collections::VecDeque;
use std::sync::Arc;

#[derive(Debug)]
pub(crate) struct RoomLog {
    epoch: Epoch,
    /// The last offset given out.
    head: u64,
    /// The newest messages, without holes: the last one has the offset `head`.
    kept: VecDeque<Arc<Placed>>,
    bytes: usize,
}

impl RoomLog {
    pub(crate) fn new(epoch: Epoch) -> Self {
        Self { epoch, head: 0, kept: VecDeque::new(), bytes: 0 }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn head(&self) -> Position {
        Position { epoch: self.epoch, offset: self.head }
    }

    /// The position that the next message will have.
    pub(crate) fn next(&self) -> Position {
        Position { epoch: self.epoch, offset: self.head + 1 }
    }

    /// Takes the message that was given the next position.
    pub(crate) fn append(&mut self, message: &Arc<Placed>, bounds: &History) {
        self.head += 1;
        self.bytes += message.weight();
        self.kept.push_back(Arc::clone(message));
        while self.kept.len() > bounds.size || self.bytes > bounds.bytes {
            self.drop_oldest();
        }
    }

    /// Forgets what is older than the bounds allow.
    pub(crate) fn expire(&mut self, now: Now, bounds: &History) {
        let is_over = |oldest: &Arc<Placed>| {
            oldest.accepted.checked_add(bounds.ttl).is_some_and(|end| end < now.uptime)
        };
        while self.kept.front().is_some_and(is_over) {
            self.drop_oldest();
        }
    }

    pub(crate) fn catch_up(&self, want: CatchUp) -> Snapshot {
        let last = self.head.saturating_sub(u64::from(want.last));
        let from = want.since.unwrap_or(self.head).min(last);
        self.snapshot(from, self.head, false)
    }

    pub(crate) fn page(&self, page: Page, limit: u32) -> Snapshot {
        let limit = u64::from(limit);
        match page {
            Page::Latest => self.back_from(self.head, limit),
            Page::Before(offset) => self.back_from(offset.saturating_sub(1).min(self.head), limit),
            Page::After(offset) => {
                let from = offset.max(self.floor()).min(self.head);
                let to = from.saturating_add(limit).min(self.head);
                self.snapshot(from, to, to < self.head)
            }
        }
    }

    fn back_from(&self, to: u64, limit: u64) -> Snapshot {
        let from = to.saturating_sub(limit).max(self.floor().min(to));
        self.snapshot(from, to, from > self.floor())
    }

    /// The kept messages with offsets in `from+1 ..= to`.
    fn snapshot(&self, from: u64, to: u64, more: bool) -> Snapshot {
        let floor = self.floor();
        let skip = from.saturating_sub(floor) as usize;
        let end = to.saturating_sub(floor) as usize;
        let messages = self.kept.iter().take(end).skip(skip).cloned().collect();
        Snapshot { head: self.head(), lineage: Vec::new(), floor, messages, more }
    }

    fn floor(&self) -> u64 {
        self.head - self.kept.len() as u64
    }

    fn drop_oldest(&mut self) {
        if let Some(oldest) = self.kept.pop_front() {
            self.bytes -= oldest.weight();
        }
    }
}

#[cfg(test)]
mod tests;
