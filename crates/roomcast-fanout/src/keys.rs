//! What things are called in Redis: one channel and a few keys for each room, in one hash slot.
//!
//! | name | kind | holds |
//! | --- | --- | --- |
//! | `room:{room}` | channel | every message of the room, and who came and went |
//! | `{room:{room}}:head` | hash | the epoch, the last offset, and what that rests on |
//! | `{room:{room}}:log` | stream | the messages kept, those of a batch in one entry; the first part of its id is the last one's offset |
//! | `{room:{room}}:ids`, `:ids:old` | hashes | `message_id`s of clients, now and before |
//! | `{room:{room}}:backend-ids`, `:backend-ids:old` | hashes | `message_id`s of the backend |
//! | `{room:{room}}:nodes` | hash | the nodes with members in it: number of the last change, and count |
//! | `{room:{room}}:who:{node}` | hash | a node's members, by session |
//! | `nodes` | sorted set | until when each node's lease holds |
//!
//! Before each of them stands the prefix, if one is set. In a room's name `%`, `{` and `}` are
//! written as `%25`, `%7B` and `%7D`: braces mark what decides the hash slot.

use roomcast_protocol::RoomName;
use std::borrow::Cow;

/// Names rooms' keys and channels.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    /// What every channel begins with.
    prefix: String,
}

impl Keys {
    pub(crate) fn new(prefix: &str) -> Self {
        Self { prefix: format!("{prefix}room:") }
    }

    /// The room's channel.
    pub(crate) fn channel(&self, room: &RoomName) -> String {
        format!("{}{}", self.prefix, escaped(room.as_str()))
    }

    /// The name of the room that a channel is of, if it is one's.
    pub(crate) fn room<'a>(&self, channel: &'a [u8]) -> Option<Cow<'a, str>> {
        let name = std::str::from_utf8(channel.strip_prefix(self.prefix.as_bytes())?).ok()?;
        Some(unescaped(name))
    }

    /// The key of all nodes' leases.
    pub(crate) fn nodes(&self) -> String {
        format!("{}roomcast:nodes", self.prefix.strip_suffix("room:").unwrap_or_default())
    }

    /// The room's key of that name.
    pub(crate) fn key(&self, room: &RoomName, name: &str) -> String {
        Self::key_of(&self.channel(room), name)
    }

    /// The key of that name of the room with that channel.
    pub(crate) fn key_of(channel: &str, name: &str) -> String {
        ["{", channel, "}:", name].concat()
    }
}

fn escaped(name: &str) -> Cow<'_, str> {
    if !name.contains(['%', '{', '}']) {
        return Cow::Borrowed(name);
    }
    Cow::Owned(name.replace('%', "%25").replace('{', "%7B").replace('}', "%7D"))
}

fn unescaped(name: &str) -> Cow<'_, str> {
    if !name.contains('%') {
        return Cow::Borrowed(name);
    }
    Cow::Owned(name.replace("%7B", "{").replace("%7D", "}").replace("%25", "%"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guides_channel_is_the_rooms() {
        let (keys, lobby) = (Keys::new(""), RoomName::new("lobby").unwrap());
        assert_eq!(keys.channel(&lobby), "room:lobby");
        assert_eq!(keys.key(&lobby, "log"), "{room:lobby}:log");
    }

    #[test]
    fn every_room_comes_back_from_its_channel_and_has_one_hash_slot() {
        let keys = Keys::new("app1:");
        for name in ["lobby", "a{b}c", "}{", "%7B", "100%", "{}", "日本", "a b"] {
            let room = RoomName::new(name).unwrap();
            let channel = keys.channel(&room);
            assert_eq!(keys.room(channel.as_bytes()).as_deref(), Some(name), "{channel}");
            assert_eq!(keys.key(&room, "head"), format!("{{{channel}}}:head"));
            assert!(!channel.contains(['{', '}']), "{channel}");
        }
        assert_eq!(keys.nodes(), "app1:roomcast:nodes");
        assert_eq!(keys.room(b"room:lobby"), None);
    }
}
