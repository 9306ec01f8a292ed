//! The rooms that this node has members in: which are wanted, which are heard, how far, and who
//! waits for them to be read.

use crate::bus::{Found, Heard, Part, Read};
use crate::request::Waiting;
use crate::scripts::{KEEP_ALIVE, life};
use roomcast_core::RoomKind;
use roomcast_core::broker::CatchUp;
use roomcast_core::inbox::{InboxSender, ShardId};
use roomcast_core::room_kind::PresenceKind;
use roomcast_protocol::{Position, RoomName};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Rooms that are subscribed to, or checked, at once.
pub(super) const CHUNK: usize = 500;

/// How long a room's first members wait at most to be told of those on other nodes.
const NEW: Duration = Duration::from_millis(250);

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
    /// The position of the last message that came or was read.
    last: Option<Position>,
    /// The same when it was looked after.
    looked_at: Option<Position>,
    /// It was read for some of the shards only: the others may miss messages up to there.
    uneven: bool,
    /// Tells it from an earlier one of that name.
    serial: u64,
    /// When it was first wanted.
    since: Instant,
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
            uneven: false,
            looked_at: None,
            serial,
            since: Instant::now(),
            state: State::Wanted,
            reading: false,
            owed: false,
            waiting: Vec::new(),
        };
        self.kept.push_back((Instant::now() + KEEP_ALIVE, name.clone(), serial));
        self.wanted.push(name.clone());
        self.rooms.insert(name, room);
    }

    /// The shard has no members there any more. Whether no other has.
    pub(super) fn unsubscribe(&mut self, name: &RoomName, shard: ShardId) -> bool {
        let Some(room) = self.rooms.get_mut(name) else { return false };
        room.shards.retain(|other| *other != shard);
        let is_empty = room.shards.is_empty();
        if is_empty {
            if room.state != State::Wanted {
                self.unwanted.push(name.clone());
            }
            self.rooms.remove(name);
        }
        is_empty
    }

    pub(super) fn len(&self) -> usize {
        self.rooms.len()
    }

    /// The room of that name, with the name that all its messages share.
    pub(super) fn get(&mut self, name: &str) -> Option<(RoomName, &mut Room)> {
        let (name, _) = self.rooms.get_key_value(&RoomName::new(name).ok()?)?;
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

    /// The room of that name and serial is heard now; its presence, if it is still wanted.
    pub(super) fn heard(&mut self, name: &RoomName, serial: u64) -> Option<PresenceKind> {
        let room = self.rooms.get_mut(name).filter(|room| room.serial == serial)?;
        room.state = State::Heard;
        Some(room.kind.presence)
    }

    /// How far the room was heard, where that is known and it is heard now. If not all of its
    /// shards heard so much, they are to read it, whatever Redis says.
    pub(super) fn heard_until(&mut self, name: &RoomName) -> Option<Heard> {
        let room = self.rooms.get_mut(name).filter(|room| room.state == State::Heard)?;
        room.owed |= std::mem::take(&mut room.uneven);
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
            let was_quiet = std::mem::replace(&mut room.looked_at, room.last) == room.last;
            if was_quiet || room.owed || room.uneven {
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

    /// A shard waits for the room to be read; in vain if it has no members there.
    pub(super) fn wait(&mut self, name: &RoomName, waiting: Waiting) -> Result<(), Waiting> {
        let Some(room) = self.rooms.get_mut(name) else { return Err(waiting) };
        room.waiting.push(waiting);
        Ok(())
    }

    /// Whether the room came so lately that its first members may wait to be told of others.
    pub(super) fn is_new(&self, name: &RoomName, now: Instant) -> bool {
        self.rooms.get(name).is_some_and(|room| now < room.since + NEW)
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

    /// The room was read up to there for those. Who is to read it again.
    pub(super) fn was_read(
        &mut self,
        name: &RoomName,
        found: &Found,
        served: &[Waiting],
    ) -> Vec<ShardId> {
        let Some(room) = self.rooms.get_mut(name) else { return Vec::new() };
        room.reading = false;
        room.take_reading(found.head, served);
        if std::mem::take(&mut room.owed) { room.shards.clone() } else { Vec::new() }
    }

    /// The room could not be read: those who wait go on waiting.
    pub(super) fn was_not_read(&mut self, name: &RoomName, mut served: Vec<Waiting>) {
        let Some(room) = self.rooms.get_mut(name) else { return };
        room.reading = false;
        served.append(&mut room.waiting);
        room.waiting = served;
    }

    /// Redis refused to read the room: those who waited for that are told so, and it is owed to
    /// them, for members among them may miss something.
    pub(super) fn was_refused(&mut self, name: &RoomName) {
        if let Some(room) = self.rooms.get_mut(name) {
            (room.reading, room.owed) = (false, true);
        }
    }

    /// Those who have waited for too long, or all, with their rooms, which they will be told to
    /// read.
    pub(super) fn take_late(&mut self, now: Option<Instant>) -> Vec<(RoomName, Waiting)> {
        let mut late = Vec::new();
        // Without a link nothing is asked for, and with the next one everything is.
        self.wanted.clear();
        for (name, room) in &mut self.rooms {
            let is_late = |waiting: &mut Waiting| now.is_none_or(|now| waiting.until <= now);
            let before = late.len();
            late.extend(room.waiting.extract_if(.., is_late).map(|one| (name.clone(), one)));
            room.owed |= late.len() > before;
        }
        late
    }

    /// The shards of the room are to read it.
    pub(super) fn tell_lost(&mut self, name: &RoomName, inboxes: &[InboxSender]) {
        if let Some(room) = self.rooms.get_mut(name) {
            room.tell_lost(name, inboxes);
        }
    }

    /// Whether the shards of the room are owed a reading.
    pub(super) fn owes(&self, name: &RoomName) -> bool {
        self.rooms.get(name).is_some_and(|room| room.owed)
    }
}

impl Room {
    /// Its shards are to read it.
    pub(super) fn tell_lost(&mut self, name: &RoomName, inboxes: &[InboxSender]) {
        self.owed = false;
        for inbox in self.shards.iter().filter_map(|&shard| inboxes.get(shard)) {
            inbox.push_lost(name);
        }
    }

    /// A message came, for all of the shards: who misses one before it finds that out.
    pub(super) fn take_message(&mut self, position: Position) {
        if self.is_behind(position) || self.last == Some(position) {
            (self.last, self.uneven) = (Some(position), false);
        }
    }

    /// The room was read up to there for those; who waits for the next reading comes as far.
    fn take_reading(&mut self, position: Position, served: &[Waiting]) {
        if self.is_behind(position) {
            let reading = served.iter().chain(&self.waiting);
            let is_served =
                |shard: &ShardId| reading.clone().any(|waiting| waiting.shard == *shard);
            self.uneven = !self.shards.iter().all(is_served);
            self.last = Some(position);
        }
    }

    /// Whether the position is beyond what was heard, which is not forgotten.
    fn is_behind(&self, position: Position) -> bool {
        self.last.is_none_or(|last| last.epoch != position.epoch || last.offset < position.offset)
    }
}
