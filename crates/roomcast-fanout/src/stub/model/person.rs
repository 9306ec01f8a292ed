//! Somebody who keeps to the protocol: holds a position in each room, publishes under names and
//! again until it is acked, comes back with the last position, and complains of what must not be.

use roomcast_core::testing::{World, join, publish};
use roomcast_protocol::command::{Join, Publish};
use roomcast_protocol::{Command, Epoch, MessageId, Position};
use std::collections::{HashMap, HashSet};

pub(super) const ROOMS: [&str; 2] = ["tea", "pot"];

/// What holds, or why not.
pub(super) type Holds = Result<(), String>;

/// What is known of all messages: each is called by its number.
#[derive(Default)]
pub(super) struct Truth {
    /// The messages so far: their rooms, and whether they are acked.
    sent: Vec<(usize, bool)>,
    /// What stands at each position of each room.
    stands: HashMap<(usize, Epoch, u64), usize>,
    /// Messages before this one may be lost without anyone's knowing.
    excused: usize,
    /// Messages before this one may be lost.
    lost: usize,
    /// Data may have been lost.
    pub(super) may_lose: bool,
}

impl Truth {
    /// Redis came back without its newest data, or with all.
    pub(super) fn comes_back(&mut self, lost: bool, kept: bool) {
        if lost {
            self.lost = self.sent.len();
        }
        if kept {
            // It believes that it has what it lost; also what it lost in an earlier life, of a
            // room that nobody has looked at since.
            self.excused = self.lost;
        }
    }
}

#[derive(Default)]
struct View {
    is_joining: bool,
    is_in: bool,
    at: Option<Position>,
    /// What was heard since the room began for this person.
    heard: HashSet<usize>,
    /// Messages from this one on must be heard.
    since: usize,
    sending: Option<usize>,
    /// It was given to the node, which has not answered.
    is_asked: bool,
}

pub(super) struct Person {
    pub(super) name: String,
    is_here: bool,
    is_degraded: bool,
    rooms: [View; 2],
}

impl Person {
    pub(super) fn new(name: &str) -> Self {
        let rooms = Default::default();
        Self { name: name.to_owned(), is_here: false, is_degraded: false, rooms }
    }

    pub(super) fn part(&mut self, world: &mut World) {
        if !std::mem::take(&mut self.is_here) {
            return;
        }
        world.cut(&self.name);
        for view in &mut self.rooms {
            (view.is_joining, view.is_in, view.is_asked) = (false, false, false);
        }
    }

    /// Comes, or asks again for what was refused.
    pub(super) fn come(&mut self, world: &mut World) {
        if !self.is_here {
            (self.is_here, self.is_degraded) = (true, false);
            world.connect(&self.name);
        }
        for (room, view) in ROOMS.iter().zip(&mut self.rooms) {
            if !view.is_in && !std::mem::replace(&mut view.is_joining, true) {
                world.send(&self.name, Command::Join(Join { since: view.at, ..join(room) }));
            }
        }
    }

    pub(super) fn publish(&mut self, world: &mut World, room: usize, truth: &mut Truth) {
        let view = &mut self.rooms[room];
        if !view.is_in || view.is_asked {
            return;
        }
        let number = *view.sending.get_or_insert_with(|| {
            truth.sent.push((room, false));
            truth.sent.len() - 1
        });
        view.is_asked = true;
        let message_id = MessageId::new(&format!("m{number}")).ok();
        let publish = publish(ROOMS[room], &number.to_string());
        world.send(&self.name, Command::Publish(Publish { message_id, ..publish }));
    }

    /// Joins and publishes again what was refused.
    pub(super) fn try_again(&mut self, world: &mut World) {
        self.come(world);
        for room in 0..ROOMS.len() {
            if self.rooms[room].sending.is_some() {
                self.publish(world, room, &mut Truth::default());
            }
        }
    }

    /// Takes what has arrived.
    pub(super) fn listen(&mut self, world: &mut World, truth: &mut Truth) -> Holds {
        if !self.is_here {
            return Ok(());
        }
        let lines = world.hear(&self.name);
        let epochs = ROOMS.map(|room| match world.rejoin(&self.name, room) {
            Command::Join(Join { since, .. }) => since.map(|at| at.epoch),
            _ => None,
        });
        for (place, line) in lines.iter().enumerate() {
            let room = ROOMS.iter().position(|room| line.split(' ').any(|word| word == *room));
            let Some(room) = room else {
                self.is_degraded = line == "system degraded";
                continue;
            };
            // An epoch is known of what is heard after the last word on it.
            let again = format!("joined {}", ROOMS[room]);
            let is_last = !lines[place + 1..].iter().any(|line| line.starts_with(&again));
            let epoch = epochs[room].filter(|_| is_last);
            self.hear(room, line, epoch, truth).map_err(|why| format!("{why}: {line}"))?;
        }
        Ok(())
    }

    fn hear(&mut self, room: usize, line: &str, epoch: Option<Epoch>, truth: &mut Truth) -> Holds {
        let view = &mut self.rooms[room];
        let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
        match first {
            "joined" => view.joined(room, rest, epoch, truth),
            "ack" => view.acked(truth),
            "error" if rest.ends_with(" unavailable") => view.refused(),
            "gap" | "error" => Err("nothing of that is due".into()),
            _ => {
                let (offset, number) = said(rest)?;
                view.message(room, offset, number, epoch, truth)
            }
        }
    }

    /// Everything was heard that had to be.
    pub(super) fn is_whole(&mut self, world: &mut World, truth: &Truth) -> Holds {
        if self.is_degraded {
            return Err("nobody said that it works again".into());
        }
        let rest = world.hear(&self.name);
        for (room, view) in self.rooms.iter().enumerate() {
            if !view.is_in || view.sending.is_some() {
                return Err(format!("{} never answered, {rest:?}", ROOMS[room]));
            }
            for number in view.since.max(truth.excused)..truth.sent.len() {
                if truth.sent[number] == (room, true) && !view.heard.contains(&number) {
                    return Err(format!("never heard {number} of {}", ROOMS[room]));
                }
            }
        }
        Ok(())
    }

    /// Where this person is in the rooms.
    pub(super) fn stands(&self) -> Vec<Option<Position>> {
        self.rooms.iter().map(|view| view.at).collect()
    }
}

impl View {
    fn joined(
        &mut self,
        room: usize,
        rest: &str,
        epoch: Option<Epoch>,
        truth: &mut Truth,
    ) -> Holds {
        let mut parts = rest.split(" [");
        let told = parts.next().unwrap_or_default();
        let offset = told.split('@').nth(1).and_then(|at| at.split(' ').next()?.parse().ok());
        let offset: u64 = offset.ok_or("no offset")?;
        let was_joining = std::mem::take(&mut self.is_joining);
        if was_joining == self.is_in {
            return Err("joined twice, or never".into());
        }
        self.is_in = true;
        if told.ends_with(" not recovered: epoch") || (was_joining && self.at.is_none()) {
            return self.begins(
                told,
                Position { epoch: epoch.unwrap_or(Epoch::UNKNOWN), offset },
                truth,
            );
        }
        if !told.ends_with(" recovered") {
            return Err("this cannot be".into());
        }
        for message in parts {
            let (offset, number) = said(message.trim_end_matches(']'))?;
            self.message(room, offset, number, epoch, truth)?;
        }
        let at = self.at.as_mut().ok_or("no position")?;
        if at.offset != offset {
            return Err(format!("#{} is the last one known", at.offset));
        }
        at.epoch = epoch.unwrap_or(at.epoch);
        Ok(())
    }

    /// The room begins here for this person, or begins anew.
    fn begins(&mut self, told: &str, at: Position, truth: &Truth) -> Holds {
        let is_first = self.at.is_none();
        if !is_first && !truth.may_lose {
            return Err("nothing was lost".into());
        }
        if is_first == told.contains("recovered") {
            return Err("it has a position, or none".into());
        }
        (self.heard, self.since) = (HashSet::new(), truth.sent.len());
        self.at = Some(at);
        Ok(())
    }

    fn message(
        &mut self,
        room: usize,
        offset: u64,
        number: usize,
        epoch: Option<Epoch>,
        truth: &mut Truth,
    ) -> Holds {
        let at = self.at.as_mut().ok_or("no position")?;
        if offset != at.offset + 1 {
            return Err(format!("it follows #{}", at.offset));
        }
        at.offset = offset;
        if !self.heard.insert(number) {
            return Err("heard twice".into());
        }
        if let Some(epoch) = epoch {
            let there = *truth.stands.entry((room, epoch, offset)).or_insert(number);
            if there != number {
                return Err(format!("others heard {there} there"));
            }
        }
        Ok(())
    }

    fn acked(&mut self, truth: &mut Truth) -> Holds {
        let number = self.sending.take().filter(|_| self.is_asked).ok_or("nothing was asked")?;
        truth.sent[number].1 = true;
        self.is_asked = false;
        Ok(())
    }

    fn refused(&mut self) -> Holds {
        if std::mem::take(&mut self.is_joining) || std::mem::take(&mut self.is_asked) {
            return Ok(());
        }
        Err("nothing was asked".into())
    }
}

/// `#3 ann: 7`: the offset and the number.
fn said(text: &str) -> Result<(u64, usize), String> {
    let parse = || {
        let (offset, rest) = text.strip_prefix('#')?.split_once(' ')?;
        Some((offset.parse().ok()?, rest.split_once(": ")?.1.parse().ok()?))
    };
    parse().ok_or_else(|| format!("what is {text:?}"))
}
