//! A JSON object being written straight into a frame. Keys are this crate's own: no escaping.

use crate::json::{self, write_string};
use crate::push::Member;
use crate::{CommandId, Frame, Position, RoomName, Timestamp, User};
use std::fmt::Display;
use std::io::Write as _;
use std::time::Duration;

pub(super) struct Object<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
}

/// A frame that holds one object.
pub(super) fn frame(kind: &str, fill: impl FnOnce(&mut Object<'_>)) -> Frame {
    Frame::text_with(|out| {
        Object::write(out, |object| {
            object.word("type", kind);
            fill(object);
        });
    })
}

impl Object<'_> {
    fn write(out: &mut Vec<u8>, fill: impl FnOnce(&mut Object<'_>)) {
        out.push(b'{');
        fill(&mut Object { out, empty: true });
        out.push(b'}');
    }

    fn value(&mut self, key: &str, write: impl FnOnce(&mut Vec<u8>)) {
        if !std::mem::take(&mut self.empty) {
            self.out.push(b',');
        }
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
        write(self.out);
    }

    pub(super) fn object(&mut self, key: &str, fill: impl FnOnce(&mut Object<'_>)) {
        self.value(key, |out| Object::write(out, fill));
    }

    pub(super) fn raw(&mut self, key: &str, json: &[u8]) {
        self.value(key, |out| out.extend_from_slice(json));
    }

    pub(super) fn text(&mut self, key: &str, text: &str) {
        self.value(key, |out| write_string(out, text));
    }

    /// A word of this crate's own: nothing in it needs escaping.
    fn word(&mut self, key: &str, word: &str) {
        self.value(key, |out| {
            out.push(b'"');
            out.extend_from_slice(word.as_bytes());
            out.push(b'"');
        });
    }

    pub(super) fn number(&mut self, key: &str, number: u64) {
        self.value(key, |out| json::write_number(out, number));
    }

    pub(super) fn millis(&mut self, key: &str, duration: Duration) {
        self.number(key, u64::try_from(duration.as_millis()).unwrap_or(u64::MAX));
    }

    pub(super) fn timestamp(&mut self, key: &str, moment: Timestamp) {
        self.value(key, |out| {
            out.push(b'"');
            moment.write_to(out);
            out.push(b'"');
        });
    }

    /// What needs quotes and holds nothing to escape: hexadecimal digits.
    pub(super) fn quoted(&mut self, key: &str, plain: impl Display) {
        // Writing to a `Vec` cannot fail.
        self.value(key, |out| _ = write!(out, "\"{plain}\""));
    }

    pub(super) fn boolean(&mut self, key: &str, value: bool) {
        self.raw(key, if value { b"true" } else { b"false" });
    }

    pub(super) fn id(&mut self, id: Option<&CommandId>) {
        if let Some(id) = id {
            self.raw("id", id.as_json().as_bytes());
        }
    }

    pub(super) fn room(&mut self, room: &RoomName) {
        self.text("room", room.as_str());
    }

    pub(super) fn position(&mut self, position: Position) {
        self.quoted("epoch", position.epoch);
        self.number("offset", position.offset);
    }

    pub(super) fn user(&mut self, user: Option<&User>) {
        let Some(user) = user else { return };
        self.object("user", |object| {
            if let Some(id) = &user.id {
                object.text("id", id.as_str());
            }
            if let Some(name) = &user.name {
                object.text("name", name);
            }
        });
    }

    /// Frames that are already encoded, spliced in without their headers.
    pub(super) fn frames(&mut self, key: &str, frames: &[Frame]) {
        self.list(key, frames, |out, frame| out.extend_from_slice(frame.payload()));
    }

    pub(super) fn members(&mut self, key: &str, members: &[Member]) {
        self.list(key, members, |out, member| Object::write(out, |object| object.member(member)));
    }

    fn member(&mut self, member: &Member) {
        self.quoted("session", member.session);
        self.user(member.user.as_ref());
        if let Some(state) = &member.state {
            self.raw("state", state.bytes());
        }
    }

    fn list<T>(&mut self, key: &str, items: &[T], write: impl Fn(&mut Vec<u8>, &T)) {
        self.value(key, |out| {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write(out, item);
            }
            out.push(b']');
        });
    }
}
