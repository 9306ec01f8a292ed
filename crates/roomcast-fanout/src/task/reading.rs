//! Rooms in doubt: they are subscribed to, checked, and read where something is missing.

use super::Task;
use super::rooms::CHUNK;
use crate::bus::{BusError, Found, Heard, Part, Read};
use crate::clock::wall;
use crate::envelope::{Arrived, decode};
use crate::request::{Done, Waiting};
use roomcast_core::broker::CatchUp;
use roomcast_core::inbox::{Event, ShardId, Snapshot};
use roomcast_core::{Answer, Asker, Placed, RoomKind};
use roomcast_protocol::command::Page;
use roomcast_protocol::{RoomName, Timestamp};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

impl Task {
    /// Asks the link for the rooms that are wanted, and for no more of those that are not.
    pub(super) fn subscribe_wanted(&mut self) {
        let Some(link) = self.connection.link().cloned() else { return };
        let unwanted = std::mem::take(&mut self.rooms.unwanted);
        if !unwanted.is_empty() {
            let answer = link.unsubscribe(unwanted);
            self.doing(async move { Done::Unsubscribed(answer.await) });
        }
        loop {
            let rooms = self.rooms.take_wanted();
            if rooms.is_empty() {
                return;
            }
            self.rooms.unwell += 1;
            let answer = link.subscribe(rooms.iter().map(|(name, _)| name.clone()).collect());
            self.doing(async move { Done::Subscribed(rooms, answer.await) });
        }
    }

    /// The rooms are heard from now on: what came before is looked for.
    pub(super) fn subscribed(&mut self, rooms: &[(RoomName, u64)]) {
        self.rooms.unwell -= 1;
        for (name, serial) in rooms {
            if let Some(presence) = self.rooms.heard(name, *serial) {
                self.presence.subscribed(name, presence);
            }
        }
        self.check(rooms.iter().map(|(name, _)| name));
        for (name, _) in rooms {
            self.read_room(name);
        }
    }

    /// Compares how far the rooms were heard with how far they are.
    fn check<'a>(&mut self, rooms: impl Iterator<Item = &'a RoomName>) {
        let Some(link) = self.connection.link().cloned() else { return };
        let mut lanes: HashMap<u16, Vec<Heard>> = HashMap::new();
        for heard in rooms.filter_map(|room| self.rooms.heard_until(room)) {
            lanes.entry(link.lane(&heard.room)).or_default().push(heard);
        }
        for heard in lanes.values().flat_map(|heard| heard.chunks(CHUNK)) {
            self.rooms.unwell += 1;
            let rooms = heard.iter().map(|heard| heard.room.clone()).collect();
            let answer = link.check(heard.to_vec());
            self.doing(async move { Done::Checked(rooms, answer.await) });
        }
    }

    pub(super) fn checked(
        &mut self,
        rooms: &[RoomName],
        missed: Result<Vec<bool>, BusError>,
    ) -> Option<BusError> {
        self.rooms.unwell -= 1;
        // What could not be compared is read.
        let (missed, error) = match missed {
            Ok(missed) => (missed, None),
            Err(error) => (vec![true; rooms.len()], Some(error)),
        };
        for (room, missed) in rooms.iter().zip(missed) {
            if missed || self.rooms.owes(room) {
                self.shared.stats.missed.add(1);
                self.rooms.tell_lost(room, &self.shared.inboxes);
            }
        }
        error
    }

    /// So much came at once that some was dropped: any room may miss something.
    pub(super) fn lagged(&mut self, count: u64) {
        tracing::warn!(count, "Redis sent more at once than could be taken: all rooms are checked");
        self.shared.stats.lagged.add(1);
        self.presence.lagged();
        let rooms = self.rooms.doubt_all();
        self.check(rooms.iter());
    }

    /// Rooms keep their numbering while they have members, and what went missing in a quiet one
    /// is found.
    pub(super) fn keep_alive(&mut self, now: Instant) {
        let due = self.rooms.take_due(now);
        self.check(due.iter());
    }

    pub(super) fn catch_up(&mut self, room: &RoomName, shard: ShardId, ticket: u32, want: CatchUp) {
        let until = Instant::now() + self.config.timeout;
        match self.rooms.wait(room, Waiting { shard, ticket, want, until }) {
            Ok(()) => self.read_room(room),
            Err(waiting) => self.tell_read(room, &waiting, None),
        }
    }

    /// Reads a room once for all who wait for that.
    fn read_room(&mut self, name: &RoomName) {
        let Some(link) = self.connection.link().cloned() else { return };
        if self.rooms.is_new(name, Instant::now()) && !self.presence.is_known(name) {
            return self.held.push(name.clone());
        }
        let Some((read, served)) = self.rooms.take_reading(name) else { return };
        self.shared.stats.reads.add(1);
        let (name, answer) = (name.clone(), link.read(read));
        self.doing(async move { Done::Read(name, served, answer.await) });
    }

    /// Reads the rooms that were held back, if it is known now who is there.
    pub(super) fn read_held(&mut self) {
        for name in std::mem::take(&mut self.held) {
            self.read_room(&name);
        }
    }

    pub(super) fn was_read(
        &mut self,
        name: &RoomName,
        served: Vec<Waiting>,
        result: Result<Found, BusError>,
    ) -> Option<BusError> {
        let found = match result {
            Ok(found) => found,
            Err(error @ BusError::Lost(_)) => {
                self.rooms.was_not_read(name, served);
                return Some(error);
            }
            Err(error) => {
                self.rooms.was_refused(name);
                served.iter().for_each(|waiting| self.tell_read(name, waiting, None));
                self.read_room(name);
                return Some(error);
            }
        };
        let again = self.rooms.was_read(name, &found, &served);
        let since = served.iter().filter_map(|waiting| waiting.want.since).min();
        let kind = self.kind(name);
        let mut snapshot = snapshot(name, &kind, found);
        tell_missing_end(&mut snapshot, since);
        for waiting in served {
            self.tell_read(name, &waiting, Some(snapshot.clone()));
        }
        for inbox in again.iter().filter_map(|&shard| self.shared.inboxes.get(shard)) {
            inbox.push_lost(name);
        }
        self.read_room(name);
        None
    }

    fn tell_read(&self, room: &RoomName, waiting: &Waiting, snapshot: Option<Snapshot>) {
        if let Some(inbox) = self.shared.inboxes.get(waiting.shard) {
            inbox.push(Event::CaughtUp { room: room.clone(), ticket: waiting.ticket, snapshot });
        }
    }

    /// While Redis is away nobody waits for ever; nor any longer, if no time is given.
    pub(super) fn give_up_waiting(&mut self, now: Option<Instant>) {
        if self.connection.link().is_some() {
            return;
        }
        for (room, waiting) in self.rooms.take_late(now) {
            self.tell_read(&room, &waiting, None);
        }
    }

    pub(super) fn read_page(&self, room: RoomName, asker: Asker, page: Page, limit: u32) {
        let Some(link) = self.connection.link().cloned() else { return };
        let part = match page {
            Page::Latest => Part::Latest(limit),
            Page::Before(offset) => Part::Before(offset, limit),
            Page::After(offset) => Part::After(offset, limit),
        };
        self.shared.stats.reads.add(1);
        let life = Duration::ZERO;
        let answer = link.read(Read { room: room.clone(), life, part });
        self.doing(async move { Done::Page(room, asker, page, answer.await) });
    }

    pub(super) fn page_read(
        &mut self,
        room: &RoomName,
        asker: Asker,
        page: Page,
        result: Result<Found, BusError>,
    ) -> Option<BusError> {
        match result {
            Ok(found) => {
                let snapshot = snapshot(room, &self.kind(room), found);
                asker.tell(&self.shared.inboxes, room, Answer::Page(page, Box::new(snapshot)));
                None
            }
            Err(error) => {
                self.shared.refuse(asker, room, "Redis did not answer: try again");
                Some(error)
            }
        }
    }

    fn kind(&mut self, room: &RoomName) -> Arc<RoomKind> {
        match self.rooms.get(room.as_str()) {
            Some((_, room)) => Arc::clone(&room.kind),
            None => Arc::new(self.engine.kind_of(room)),
        }
    }
}

/// What was found, as shards know it: without what is past its time, and without what stands
/// before a hole.
fn snapshot(room: &RoomName, kind: &RoomKind, found: Found) -> Snapshot {
    let Found { head, mut floor, more, lineage, records } = found;
    let ttl = i64::try_from(kind.history.ttl.as_millis()).unwrap_or(i64::MAX);
    let oldest = Timestamp::from_millis(wall().as_millis().saturating_sub(ttl));
    let bound = floor.max(head.offset.saturating_sub(kind.history.size as u64));
    floor = bound;
    let mut messages: Vec<Arc<Placed>> = Vec::with_capacity(records.len());
    // A batch goes from the log as a whole: what is beyond the bound does not count.
    for record in records.iter().filter(|record| record.offset > bound) {
        let arrived = decode(room, head.epoch, record).filter(|it| it.message.timestamp >= oldest);
        let follows = messages.last().is_none_or(|last| last.offset() == Some(record.offset - 1));
        match arrived {
            Some(arrived) if follows => messages.push(placed(arrived)),
            Some(arrived) => {
                (floor, messages) = (record.offset - 1, vec![placed(arrived)]);
            }
            None => (floor, messages) = (record.offset, Vec::new()),
        }
    }
    Snapshot { head, floor, messages, more, lineage }
}

/// A log may end before the head says so, where another node keeps less of the room: then all up
/// to the head counts as gone, or the end would be passed over in silence.
fn tell_missing_end(found: &mut Snapshot, since: Option<u64>) {
    let head = found.head.offset;
    let end = found.messages.last().map_or(since, |last| last.offset());
    if end.is_some_and(|end| end < head) {
        (found.floor, found.messages) = (head, Vec::new());
    }
}

pub(super) fn placed(arrived: Arrived) -> Arc<Placed> {
    Arc::new(Placed::new(arrived.message, Duration::ZERO, arrived.skip))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::{Record, encode};
    use roomcast_core::testing::message;
    use roomcast_protocol::{Epoch, Position};

    /// A reading after `since` of a log that ends there while the head is at 8.
    fn read(since: Option<u64>, offsets: std::ops::Range<u64>) -> (u64, usize) {
        let body = encode(&message("tea", "1"), None);
        let records = offsets.map(|offset| Record { offset, body: body.clone() }).collect();
        let head = Position { epoch: Epoch(1), offset: 8 };
        let found = Found { head, floor: 0, more: false, lineage: Vec::new(), records };
        let room = RoomName::new("tea").unwrap();
        let mut snapshot = snapshot(&room, &RoomKind::default(), found);
        tell_missing_end(&mut snapshot, since);
        (snapshot.floor, snapshot.messages.len())
    }

    #[test]
    fn a_log_that_ends_before_its_head_counts_as_gone() {
        assert_eq!(read(Some(5), 6..9), (0, 3));
        assert_eq!(read(Some(8), 0..0), (0, 0));
        assert_eq!(read(None, 0..0), (0, 0));
        for (since, offsets) in [(Some(4), 5..8), (Some(5), 0..0), (None, 1..6)] {
            assert_eq!(read(since, offsets), (8, 0));
        }
    }
}
