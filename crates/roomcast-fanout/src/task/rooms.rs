//! The rooms that this node has members in: which are wanted, which are heard, how far, and who
//! waits for them to be read.

use crate::bus::{Found, Heard, Part, Read};
use crate::request::Waiting;
use crate::scripts::{KEEP_ALIVE, life};
use roomcast_core::RoomKind;
use roomcast_core::broker::CatchUp;
use roomcast_core::inbox::{InboxSender, ShardId};
use roomcast_protocol::{Position, RoomName};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use tokio::time::Instant;

/// Rooms that are subscribed to, or checked, at once.
const CHUNK: usize = 500;

/// Every room that a shard of this node has members in.
#[derive(Default)]
pub(super) struct Rooms {
    rooms: HashMap<RoomName, Room>,
    /// Rooms to be heard, if they still are.
    wanted: Vec<RoomName>,
    /// Rooms to be heard no more.
    pub(super) unwanted: Vec<RoomName>,
    /// Rooms to be looked after, and when, in order.
    kept: VecDeque<(Instant, RoomName, u64)>,
    next_serial: u64,
    /// Chunks of rooms that are subscribed to or checked now.
    pub(super) unwell: usize,
}

/// A room.
pub(super) struct Room {
    pub(super) kind: Arc<RoomKind>,
    pub(super) shards: Vec<ShardId>,
    /// The position of the last message that came.
    pub(super) last: Option<Position>,
    /// The same when it was looked after.
    looked_at: Option<Position>,
    /// Tells it from an earlier one of that name.
    serial: u64,
    state: State,
    /// It is being read.
    reading: bool,
    /// Some of its shards miss something that could not be read: they are told to read again.
    owed: bool,
    waiting: Vec<Waiting>,
}

#[derive(PartialEq, Eq, Clone, Copy)]
enum State {
    /// It is to be heard.
    Wanted,
    /// The link was asked for it.
    Asked,
    /// It is heard.
    Heard,
}

impl Rooms {
    pub(super) fn subscribe(&mut self, name: RoomName, kind: Arc<RoomKind>, shard: ShardId) {
        if let Some(room) = self.rooms.get_mut(&name) {
            if !room.shards.contains(&shard) {
                room.shards.push(shard);
            }
            return;
        }
        self.next_serial += 1;
        let serial = self.next_serial;
        let room = Room {
            kind,
            shards: vec![shard],
            last: None,
            looked_at: None,
            serial,
            state: State::Wanted,
            reading: false,
            owed: false,
            waiting: Vec::new(),
        };
        self.kept.push_back((Instant::now() + KEEP_ALIVE, name.clone(), serial));
        self.wanted.push(name.clone());
        self.rooms.insert(name, room);
    }

    pub(super) fn unsubscribe(&mut self, name: &RoomName, shard: ShardId) {
        let Some(room) = self.rooms.get_mut(name) else { return };
        room.shards.retain(|other| *other != shard);
        if room.shards.is_empty() {
            if room.state != State::Wanted {
                self.unwanted.push(name.clone());
            }
            self.rooms.remove(name);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.rooms.len()
    }

    /// The room of that name, with its name.
    pub(super) fn get(&mut self, name: &str) -> Option<(RoomName, &mut Room)> {
        let (name, _) = self.rooms.get_key_value(name)?;
        let name = name.clone();
        self.rooms.get_mut(&name).map(|room| (name, room))
    }

    /// A new link hears none of them yet.
    pub(super) fn want_all(&mut self) {
        self.unwanted.clear();
        self.wanted = self.rooms.keys().cloned().collect();
        self.unwell = 0;
        for room in self.rooms.values_mut() {
            room.state = State::Wanted;
        }
    }

    /// Whether all are heard and none is in doubt.
    pub(super) fn are_well(&self) -> bool {
        self.wanted.is_empty() && self.unwell == 0
    }

    /// The next rooms to be heard.
    pub(super) fn take_wanted(&mut self) -> Vec<(RoomName, u64)> {
        let mut taken = Vec::new();
        while taken.len() < CHUNK
            && let Some(name) = self.wanted.pop()
        {
            if let Some(room) = self.rooms.get_mut(&name)
                && room.state == State::Wanted
            {
                room.state = State::Asked;
                taken.push((name, room.serial));
            }
        }
        taken
    }
}

impl Rooms {
    /// The room of that name and serial is heard now.
    pub(super) fn heard(&mut self, name: &RoomName, serial: u64) {
        if let Some(room) = self.rooms.get_mut(name).filter(|room| room.serial == serial) {
            room.state = State::Heard;
        }
    }

    /// How far the room was heard, where that is known and it is heard now.
    pub(super) fn heard_until(&self, name: &RoomName) -> Option<Heard> {
        let room = self.rooms.get(name).filter(|room| room.state == State::Heard)?;
        Some(Heard { room: name.clone(), life: life(&room.kind), last: room.last? })
    }

    /// Rooms that are to be looked after by now.
    pub(super) fn take_due(&mut self, now: Instant) -> Vec<RoomName> {
        let mut due = Vec::new();
        while due.len() < CHUNK && self.kept.front().is_some_and(|(at, ..)| *at <= now) {
            let Some((_, name, serial)) = self.kept.pop_front() else { break };
            let Some(room) = self.rooms.get_mut(&name).filter(|room| room.serial == serial) else {
                continue;
            };
            self.kept.push_back((now + KEEP_ALIVE, name.clone(), serial));
            // What came since has kept it alive, and more may be on its way.
            if std::mem::replace(&mut room.looked_at, room.last) == room.last {
                due.push(name);
            }
        }
        due
    }

    /// Every room may miss something: those whose position is known are to be checked, the others
    /// are being read and will be once more.
    pub(super) fn doubt_all(&mut self) -> Vec<RoomName> {
        for room in self.rooms.values_mut().filter(|room| room.last.is_none()) {
            room.owed = true;
        }
        self.rooms.keys().cloned().collect()
    }

    /// A shard waits for the room to be read.
    pub(super) fn wait(&mut self, name: &RoomName, waiting: Waiting) {
        if let Some(room) = self.rooms.get_mut(name) {
            room.waiting.push(waiting);
        }
    }

    /// What is to be read of the room now, and for whom.
    pub(super) fn take_reading(&mut self, name: &RoomName) -> Option<(Read, Vec<Waiting>)> {
        let room = self.rooms.get_mut(name)?;
        if room.state != State::Heard || room.reading {
            return None;
        }
        let want = room.waiting.iter().map(|waiting| waiting.want).reduce(CatchUp::and)?;
        room.reading = true;
        let part = Part::CatchUp { since: want.since, last: want.last };
        let read = Read { room: name.clone(), life: life(&room.kind), part };
        Some((read, std::mem::take(&mut room.waiting)))
    }

    /// The room was read up to there. Who is to read it again.
    pub(super) fn was_read(&mut self, name: &RoomName, found: &Found) -> Vec<ShardId> {
        let Some(room) = self.rooms.get_mut(name) else { return Vec::new() };
        room.reading = false;
        room.take_position(found.head);
        if std::mem::take(&mut room.owed) { room.shards.clone() } else { Vec::new() }
    }

    /// The room could not be read: those who wait go on waiting.
    pub(super) fn was_not_read(&mut self, name: &RoomName, mut served: Vec<Waiting>) {
        let Some(room) = self.rooms.get_mut(name) else { return };
        room.reading = false;
        served.append(&mut room.waiting);
        room.waiting = served;
    }

    /// Those who have waited for too long, with their rooms, which they will be told to read.
    pub(super) fn take_late(&mut self, now: Instant) -> Vec<(RoomName, Waiting)> {
        let mut late = Vec::new();
        for (name, room) in &mut self.rooms {
            let is_late = |waiting: &mut Waiting| waiting.until <= now;
            let before = late.len();
            late.extend(room.waiting.extract_if(.., is_late).map(|one| (name.clone(), one)));
            room.owed |= late.len() > before;
        }
        late
    }

    /// The shards of the room are to read it.
    pub(super) fn tell_lost(&mut self, name: &RoomName, inboxes: &[InboxSender]) {
        let Some(room) = self.rooms.get_mut(name) else { return };
        room.owed = false;
        for inbox in room.shards.iter().filter_map(|&shard| inboxes.get(shard)) {
            inbox.push_lost(name);
        }
    }

    /// Whether the shards of the room are owed a reading.
    pub(super) fn owes(&self, name: &RoomName) -> bool {
        self.rooms.get(name).is_some_and(|room| room.owed)
    }
}

impl Room {
    /// The room stands there, as far as is known; what was heard before is not forgotten.
    pub(super) fn take_position(&mut self, position: Position) {
        let is_newer = self
            .last
            .is_none_or(|last| last.epoch != position.epoch || last.offset < position.offset);
        if is_newer {
            self.last = Some(position);
        }
    }
}
