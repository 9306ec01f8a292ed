//! What a client makes of the server's frames.

use std::time::Duration;

use tokio::time::Instant;

use super::place::Stage;
use super::{Asked, Client};
use crate::frame::{self, Frame};
use crate::log::{Event, Heard, Joined};

impl Client {
    /// Takes a frame. Tells what is to be answered at once.
    pub(crate) fn hears(&mut self, text: &str, node: usize, now: Instant) -> Option<String> {
        self.last_heard = now;
        self.pinged = None;
        let frame = match frame::read(text) {
            Ok(frame) => frame,
            Err(wrong) => {
                self.note(None, Event::Wrong(wrong));
                return None;
            }
        };
        match frame {
            Frame::Welcome { interval, timeout } => {
                self.note(None, Event::Welcome { node });
                self.heartbeat = (interval, timeout);
                self.welcome = Some(now);
                self.away = false;
            }
            Frame::Ping(t) => return Some(frame::pong(&t)),
            Frame::Joined { id, room, joined, count } => self.joined(id, room, joined, count),
            Frame::Message { room, heard } => self.message(room, heard),
            Frame::Gap { room, from, to, repairing } => self.gap(room, from, to, repairing),
            Frame::Ack { id, at, duplicate } => self.acked(id, at, duplicate),
            Frame::Error { id, code, retry, after } => {
                let after = after + self.dice.up_to(Duration::from_millis(300));
                self.refused(id, code, retry.then_some(now + after));
            }
            Frame::Left { room, code } => self.left(room, code, now),
            Frame::Presence { room, count } => {
                if let Some(place) = self.places.iter_mut().find(|place| place.room == room) {
                    place.count = Some(count);
                }
            }
            Frame::Reconnect { after } => self.reconnect_at = Some(now + after),
            Frame::Other => {}
        }
        None
    }

    fn joined(&mut self, id: Option<u64>, room: usize, joined: Joined, count: Option<u64>) {
        let asked = id.and_then(|id| self.asked.remove(&id));
        let own = self.places.iter().position(|place| place.room == room);
        let fits = match (id, asked, own) {
            (Some(_), Some(Asked::Join { place }), Some(own)) => place == own,
            (None, None, Some(_)) => true,
            _ => false,
        };
        let Some(place) = own.map(|own| &mut self.places[own]).filter(|_| fits) else {
            return self.note(Some(room), Event::Wrong(format!("nobody asked: {joined}")));
        };
        place.at = Some(joined.at.clone());
        place.stage = Stage::In;
        place.count = count.or(place.count);
        place.lasts.extend(joined.messages.iter().map(|m| m.name).filter(|name| name.is_last()));
        self.note(Some(room), Event::Joined(joined));
    }

    fn message(&mut self, room: usize, heard: Heard) {
        if let Some(place) = self.places.iter_mut().find(|place| place.room == room) {
            if let Some(at) = &mut place.at {
                at.offset = heard.offset;
            }
            if heard.name.is_last() {
                place.lasts.insert(heard.name);
            }
        }
        self.note(Some(room), Event::Heard(heard));
    }

    fn gap(&mut self, room: usize, from: u64, to: u64, repairing: bool) {
        let place = self.places.iter_mut().find(|place| place.room == room);
        if let Some(at) = place.and_then(|place| place.at.as_mut()).filter(|_| !repairing) {
            at.offset = to;
        }
        self.note(Some(room), Event::Gap { from, to, repairing });
    }

    fn acked(&mut self, id: u64, at: crate::log::At, duplicate: bool) {
        let Some(Asked::Publish { place, name }) = self.asked.remove(&id) else {
            return self.note(None, Event::Wrong(format!("an ack that nobody asked for: {id}")));
        };
        let room = self.places[place].room;
        self.places[place].pending.retain(|pending| pending.name != name);
        self.note(Some(room), Event::Acked { name, at, duplicate });
    }

    /// A command was refused: it is sent again at this moment, or it is a defect.
    fn refused(&mut self, id: Option<u64>, code: String, again: Option<Instant>) {
        let Some(asked) = id.and_then(|id| self.asked.remove(&id)) else {
            return self.note(None, Event::Wrong(format!("an error about nothing: {code}")));
        };
        let (Asked::Join { place } | Asked::Publish { place, .. }) = asked;
        let room = self.places[place].room;
        let what = match asked {
            Asked::Join { .. } => "join".to_owned(),
            Asked::Publish { name, .. } => format!("publish {name}"),
        };
        // Who was made to leave may have published meanwhile; that waits for the next join.
        let is_out = code == "not_joined" && !matches!(self.places[place].stage, Stage::In);
        let Some(again) = again.or(is_out.then_some(self.last_heard)) else {
            let wrong = format!("{what} is refused for good: {code}");
            return self.note(Some(room), Event::Wrong(wrong));
        };
        match asked {
            Asked::Join { .. } => self.places[place].stage = Stage::Out { again },
            Asked::Publish { name, .. } => {
                let mut pending = self.places[place].pending.iter_mut();
                if let Some(pending) = pending.find(|pending| pending.name == name) {
                    pending.again = Some(again);
                }
            }
        }
        self.note(Some(room), Event::Refused { what, code });
    }

    fn left(&mut self, room: usize, code: String, now: Instant) {
        let again = now + self.dice.up_to(Duration::from_millis(500));
        if let Some(place) = self.places.iter_mut().find(|place| place.room == room) {
            place.stage = Stage::Out { again };
        }
        self.note(Some(room), Event::Left { code });
    }
}
