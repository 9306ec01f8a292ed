//! A client as `docs/protocol.md` wants it, but for one thing: it believes all it is told and
//! writes it down, for the judge to read. No socket is here; `driver.rs` has it.

mod hears;
mod place;

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::dice::Dice;
use crate::frame;
use crate::log::{Entry, Event, Log, Name};
use place::{Pending, Stage};

pub(crate) use place::Place;

/// A client publishes once in this time, more or less.
const PUBLISHES: Duration = Duration::from_millis(1_500);
/// A client drops its connection once in this time, more or less.
const DROPS: Duration = Duration::from_secs(15);
/// How long the first frame may take.
const WELCOME: Duration = Duration::from_secs(3);
/// Messages of one room that may wait for their ack.
const MOST_PENDING: usize = 4;

/// What the clients are to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Publish, and drop the connection now and then.
    Storm,
    /// Bring what was begun to its end.
    Heal,
    /// Go.
    Over,
}

/// What was asked and is not answered yet.
#[derive(Debug, Clone, Copy)]
enum Asked {
    Join { place: usize },
    Publish { place: usize, name: Name },
}

/// What the driver is to do now.
#[derive(Debug, Default)]
pub(crate) struct Due {
    pub(crate) frames: Vec<String>,
    /// Why the connection has to go.
    pub(crate) end: Option<&'static str>,
}

/// A client.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) number: u16,
    pub(crate) dice: Dice,
    pub(crate) log: Log,
    pub(crate) places: Vec<Place>,
    /// It is away because it wanted to, and not because something is broken.
    pub(crate) away: bool,
    start: Instant,
    welcome: Option<Instant>,
    heartbeat: (Duration, Duration),
    last_heard: Instant,
    pinged: Option<Instant>,
    publish_at: Instant,
    drop_at: Instant,
    /// When the server wants it to come back.
    reconnect_at: Option<Instant>,
    asked: HashMap<u64, Asked>,
    next_id: u64,
    next_message: u32,
}

impl Client {
    pub(crate) fn new(number: u16, mut dice: Dice, rooms: &[usize], start: Instant) -> Self {
        let publish_at = start + dice.up_to(2 * PUBLISHES);
        Self {
            number,
            log: Vec::new(),
            places: rooms.iter().map(|room| Place::new(*room, start, dice.one_in(3))).collect(),
            dice,
            away: false,
            start,
            welcome: None,
            heartbeat: (Duration::MAX, Duration::MAX),
            last_heard: start,
            pinged: None,
            publish_at,
            drop_at: start,
            reconnect_at: None,
            asked: HashMap::new(),
            next_id: 0,
            next_message: 0,
        }
    }

    pub(crate) fn note(&mut self, room: Option<usize>, event: Event) {
        self.log.push(Entry { time: self.start.elapsed(), room, event });
    }

    /// A connection stands.
    pub(crate) fn opened(&mut self, now: Instant) {
        self.last_heard = now;
        self.pinged = None;
        self.reconnect_at = None;
        self.drop_at = now + self.dice.up_to(2 * DROPS);
        self.asked.clear();
    }

    /// It is gone: what was under way is to be sent again on the next one. Tells whether it
    /// had lasted, and when the server wanted the client back.
    pub(crate) fn lost(&mut self, why: String, own: bool, now: Instant) -> (bool, Option<Instant>) {
        self.note(None, Event::Lost { why, own });
        let lasted = self.welcome.take().is_some_and(|at| now - at > Duration::from_secs(2));
        self.away = own;
        for place in &mut self.places {
            place.stage = Stage::Out { again: now };
            place.pending.iter_mut().for_each(|pending| pending.again = Some(now));
        }
        (lasted, self.reconnect_at.take())
    }

    /// What is to be done at this moment on a connection that stands.
    pub(crate) fn due(&mut self, now: Instant, phase: Phase) -> Due {
        let mut due = Due::default();
        if self.reconnect_at.is_some_and(|at| at <= now) {
            due.end = Some("the server asked to come back");
        } else if phase == Phase::Storm && self.drop_at <= now {
            due.end = Some("dropped by the client");
        }
        if self.welcome.is_none() && now - self.last_heard > WELCOME {
            due.end = Some("no welcome");
        } else if self.pinged.is_some_and(|at| now - at > self.heartbeat.1) {
            due.end = Some("no sign of life of the server");
        } else if self.pinged.is_none() && now - self.last_heard > self.heartbeat.0 {
            self.pinged = Some(now);
            due.frames.push(frame::PING.to_owned());
        }
        if self.welcome.is_none() || due.end.is_some() {
            return due;
        }
        if phase == Phase::Storm && self.publish_at <= now {
            self.publish_at = now + self.dice.up_to(2 * PUBLISHES);
            let place = self.dice.below(self.places.len());
            if self.places[place].pending.len() < MOST_PENDING {
                self.next_message += 1;
                self.begin(place, self.next_message, now);
            }
        }
        for place in 0..self.places.len() {
            self.join_if_due(place, now, &mut due.frames);
            self.publish_if_due(place, now, &mut due.frames);
        }
        due
    }

    /// A message is to be published.
    fn begin(&mut self, place: usize, number: u32, now: Instant) {
        let name = Name { client: self.number, number };
        self.places[place].pending.push(Pending { name, first: now, again: Some(now) });
    }

    /// Publishes its last message in each of its rooms.
    pub(crate) fn begin_last(&mut self, now: Instant) {
        for place in 0..self.places.len() {
            self.begin(place, Name::LAST + place as u32, now);
        }
    }

    fn ask(&mut self, asked: Asked) -> u64 {
        self.next_id += 1;
        self.asked.insert(self.next_id, asked);
        self.next_id
    }

    fn join_if_due(&mut self, at: usize, now: Instant, frames: &mut Vec<String>) {
        let place = &mut self.places[at];
        if !matches!(place.stage, Stage::Out { again } if again <= now) {
            return;
        }
        place.stage = Stage::Joining;
        let (room, since, watches) = (place.room, place.at.clone(), place.watches);
        let id = self.ask(Asked::Join { place: at });
        frames.push(frame::join(id, room, since.as_ref(), watches));
        self.note(Some(room), Event::Join { since });
    }

    fn publish_if_due(&mut self, at: usize, now: Instant, frames: &mut Vec<String>) {
        if !matches!(self.places[at].stage, Stage::In) {
            return;
        }
        let room = self.places[at].room;
        for index in 0..self.places[at].pending.len() {
            let pending = &mut self.places[at].pending[index];
            if pending.again.is_some_and(|again| again <= now) {
                pending.again = None;
                let name = pending.name;
                let id = self.ask(Asked::Publish { place: at, name });
                frames.push(frame::publish(id, room, name));
                self.note(Some(room), Event::Sent(name));
            }
        }
    }

    /// When something is due next, at the latest.
    pub(crate) fn next(&self, now: Instant, phase: Phase) -> Instant {
        let mut next = now + Duration::from_millis(250);
        if phase == Phase::Storm && self.welcome.is_some() {
            next = next.min(self.publish_at);
        }
        for place in &self.places {
            if let Stage::Out { again } = place.stage {
                next = next.min(again);
            }
            let again = place.pending.iter().filter_map(|pending| pending.again);
            if let (Stage::In, Some(again)) = (place.stage, again.min()) {
                next = next.min(again);
            }
        }
        self.reconnect_at.map_or(next, |at| next.min(at))
    }

    /// Why not all is well, if something begun before this moment is still under way.
    pub(crate) fn ails(&self, since: Instant) -> Option<String> {
        let place = |place: &Place| {
            if !matches!(place.stage, Stage::In) {
                return Some(format!("c{} is not in room {}", self.number, place.room));
            }
            let waits = place.pending.iter().find(|pending| pending.first <= since)?;
            Some(format!("{} has no ack in room {}", waits.name, place.room))
        };
        self.places.iter().find_map(place)
    }
}
