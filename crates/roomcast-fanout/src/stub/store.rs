//! What Redis keeps of rooms, and what the scripts do with it, as plain data.

use crate::bus::{Append, Found, Heard, Outcome, Part, Read};
use crate::envelope::Record;
use crate::scripts::{Server, life};
use bytes::Bytes;
use roomcast_core::random::Random;
use roomcast_protocol::{Epoch, Position, RoomName};
use std::collections::{HashMap, VecDeque};
use std::time::Duration;
use tokio::time::Instant;

/// Most names of a room in one of its two halves.
const NAMES: usize = 5_000;
/// Most epochs in a lineage.
const LINEAGE: usize = 8;

/// All data of a Redis.
#[derive(Debug, Clone, Default)]
pub(super) struct Data {
    rooms: HashMap<RoomName, Head>,
    /// The names of messages, by room and by whether the backend gave them.
    names: HashMap<(RoomName, bool), Names>,
}

/// The data, and what is made for it.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) data: Data,
    epochs: Random,
    dedupe: Duration,
}

/// A room's head and log.
#[derive(Debug, Clone)]
struct Head {
    at: Position,
    lineage: Vec<Position>,
    run: String,
    log: VecDeque<Record>,
    ends: Instant,
    log_ends: Option<Instant>,
    due: Option<Instant>,
}

#[derive(Debug, Clone, Default)]
struct Names {
    now: Half,
    past: Half,
}

#[derive(Debug, Clone, Default)]
struct Half {
    places: HashMap<String, Option<Position>>,
    ends: Option<Instant>,
}

impl Half {
    fn find(&self, name: &str) -> Option<Option<Position>> {
        self.ends.filter(|ends| *ends > Instant::now())?;
        self.places.get(name).copied()
    }
}

impl Names {
    fn find(&self, name: &str) -> Option<Option<Position>> {
        self.now.find(name).or_else(|| self.past.find(name))
    }

    fn remember(&mut self, name: String, place: Option<Position>, dedupe: Duration) {
        let now = Instant::now();
        let is_over = self.now.ends.is_none_or(|ends| ends <= now + dedupe);
        if is_over || self.now.places.len() >= NAMES {
            self.past = std::mem::take(&mut self.now);
            self.past.ends = self.past.ends.map(|_| now + dedupe);
            self.now.ends = Some(now + 2 * dedupe);
        }
        self.now.places.insert(name, place);
    }
}

impl Head {
    /// A new epoch; offsets go on.
    fn renew(&mut self, fresh: Epoch, server: &Server, kept: bool) {
        self.lineage = if kept { std::mem::take(&mut self.lineage) } else { Vec::new() };
        if kept {
            self.lineage.push(self.at);
            let over = self.lineage.len().saturating_sub(LINEAGE);
            self.lineage.drain(..over);
        }
        self.at.epoch = fresh;
        self.run.clone_from(&server.run);
    }

    /// A node that has heard more than there is proves that the end was lost.
    fn lose(&mut self, fresh: Epoch, server: &Server, heard: Position) {
        if heard.epoch == self.at.epoch && heard.offset > self.at.offset {
            return self.renew(fresh, server, false);
        }
        let is_proof = |end: &Position| end.epoch == heard.epoch && heard.offset > end.offset;
        if let Some(place) = self.lineage.iter().rposition(is_proof) {
            self.lineage.drain(..=place);
        }
    }

    fn append(&mut self, append: &Append) -> Position {
        self.at.offset += 1;
        let history = &append.kind.history;
        self.log.push_back(Record { offset: self.at.offset, body: append.body.clone() });
        let bytes = |log: &VecDeque<Record>| log.iter().map(|it| it.body.len()).sum::<usize>();
        while self.log.len() > history.size || bytes(&self.log) > history.bytes {
            self.log.pop_front();
        }
        self.log_ends = Some(Instant::now() + history.ttl);
        self.at
    }

    fn too_many(&mut self, rate: u32) -> Option<Duration> {
        let (now, one) = (Instant::now(), Duration::from_secs(1) / rate);
        let due = self.due.map_or(now, |due| due.max(now));
        let most = Duration::from_secs(1) - one;
        if due - now > most {
            return Some(due - now - most);
        }
        self.due = Some(due + one);
        None
    }

    fn read(&self, part: Part) -> Found {
        let (head, floor) = (self.at.offset, self.floor());
        let back = |to: u64, limit: u32| to.saturating_sub(limit.into()).max(floor.min(to));
        let (from, to, more) = match part {
            Part::CatchUp { since, last } => {
                (since.unwrap_or(head).min(head.saturating_sub(last.into())), head, false)
            }
            Part::After(offset, limit) => {
                let from = offset.max(floor).min(head);
                let to = (from + u64::from(limit)).min(head);
                (from, to, to < head)
            }
            Part::Latest(limit) => (back(head, limit), head, back(head, limit) > floor),
            Part::Before(offset, limit) => {
                let to = offset.saturating_sub(1).min(head);
                (back(to, limit), to, back(to, limit) > floor)
            }
        };
        let asked = |record: &&Record| record.offset > from && record.offset <= to;
        let records = self.log.iter().filter(asked).cloned().collect();
        Found { head: self.at, floor, more, lineage: self.lineage.clone(), records }
    }

    fn floor(&self) -> u64 {
        self.log.front().map_or(self.at.offset, |first| (first.offset - 1).min(self.at.offset))
    }
}

impl Store {
    pub(super) fn new(dedupe: Duration) -> Self {
        Self { data: Data::default(), epochs: Random::new(99), dedupe }
    }

    /// The head of the room, if it has one that is not past its time.
    fn peek(&mut self, room: &RoomName) -> Option<&mut Head> {
        let now = Instant::now();
        if self.data.rooms.get(room).is_some_and(|head| head.ends <= now) {
            self.data.rooms.remove(room);
        }
        let head = self.data.rooms.get_mut(room)?;
        if head.log_ends.is_some_and(|ends| ends <= now) {
            head.log.clear();
        }
        Some(head)
    }

    /// The head of the room in this life of Redis, a new one where there was none.
    fn open(&mut self, room: &RoomName, server: &Server, life: Duration) -> &mut Head {
        let fresh = Epoch(self.epochs.next());
        if self.peek(room).is_none() {
            let head = Head {
                at: Position { epoch: fresh, offset: 0 },
                lineage: Vec::new(),
                run: server.run.clone(),
                log: VecDeque::new(),
                ends: Instant::now(),
                log_ends: None,
                due: None,
            };
            self.data.rooms.insert(room.clone(), head);
        }
        let head = self.data.rooms.get_mut(room).expect("a head");
        head.ends = Instant::now() + life;
        if head.run != server.run {
            head.renew(fresh, server, server.kept);
        }
        head
    }

    /// Publishes: what became of each, and what goes out on the rooms' channels.
    pub(super) fn append(
        &mut self,
        server: &Server,
        batch: &[Append],
    ) -> (Vec<Outcome>, Vec<(RoomName, Bytes)>) {
        let mut said: Vec<(RoomName, Vec<u8>)> = Vec::new();
        let outcomes = batch.iter().map(|append| self.take(server, append, &mut said)).collect();
        let push = |(room, said): (RoomName, Vec<u8>)| {
            let epoch = self.data.rooms[&room].at.epoch;
            (room, [format!("\u{1}{epoch}\n").as_bytes(), &said].concat().into())
        };
        (outcomes, said.into_iter().map(push).collect())
    }

    fn take(
        &mut self,
        server: &Server,
        append: &Append,
        said: &mut Vec<(RoomName, Vec<u8>)>,
    ) -> Outcome {
        let scope = (append.room.clone(), append.from_backend);
        let names = self.data.names.get(&scope);
        let known = append.name.as_ref().and_then(|name| names?.find(name));
        let head = self.open(&append.room, server, life(&append.kind));
        if let Some(position) = known {
            return Outcome::Accepted { position, duplicate: true };
        }
        if append.kind.rate > 0
            && !append.from_backend
            && let Some(wait) = head.too_many(append.kind.rate)
        {
            return Outcome::TooMany(wait);
        }
        let position = (!append.ephemeral).then(|| head.append(append));
        if let Some(name) = append.name.clone() {
            let dedupe = self.dedupe;
            self.data.names.entry(scope).or_default().remember(name, position, dedupe);
        }
        let place = said.iter().position(|(room, _)| *room == append.room).unwrap_or_else(|| {
            said.push((append.room.clone(), Vec::new()));
            said.len() - 1
        });
        let offset = position.map_or(0, |position| position.offset);
        let head = format!("{offset} {}\n", append.body.len());
        said[place].1.extend([head.as_bytes(), &append.body].concat());
        Outcome::Accepted { position, duplicate: false }
    }

    pub(super) fn read(&mut self, server: &Server, read: &Read) -> Found {
        if matches!(read.part, Part::CatchUp { .. }) {
            return self.open(&read.room, server, read.life).read(read.part);
        }
        self.peek(&read.room).map_or_else(nothing, |head| head.read(read.part))
    }

    pub(super) fn check(&mut self, server: &Server, heard: &[Heard]) -> Vec<bool> {
        let mut missed = Vec::with_capacity(heard.len());
        for Heard { room, life, last } in heard {
            let fresh = Epoch(self.epochs.next());
            let head = self.open(room, server, *life);
            head.lose(fresh, server, *last);
            missed.push(head.at != *last);
        }
        missed
    }
}

/// What is found of a room that there is not.
fn nothing() -> Found {
    let head = Position { epoch: Epoch::UNKNOWN, offset: 0 };
    Found { head, floor: 0, more: false, lineage: Vec::new(), records: Vec::new() }
}
