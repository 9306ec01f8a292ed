//! The name of a room, which knows its hash: a message asks for its room in several tables.

use super::{InvalidName, Rule, text};
use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::str::FromStr;
use std::sync::{Arc, LazyLock};

/// The name of a room: 1–200 bytes of UTF-8 without control characters, white space at its
/// ends, or `*`. It hashes to something else in every process.
///
/// ```
/// use roomcast_protocol::RoomName;
/// assert!(RoomName::new("chat:lobby").is_ok());
/// assert!(RoomName::new(" chat").is_err());
/// assert!(RoomName::new("chat:*").is_err());
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoomName {
    text: Arc<str>,
    /// Another one in every process: clients choose names, and must not be able to choose names
    /// that fall together.
    hash: u64,
}

impl RoomName {
    pub(super) const RULE: Rule = Rule {
        what: "room name",
        max_bytes: 200,
        too_long: "must be at most 200 bytes",
        allows_star: false,
    };

    pub(super) fn of(text: &str) -> Self {
        static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        Self { text: text.into(), hash: KEY.hash_one(text) }
    }
}

text!(RoomName);

impl Hash for RoomName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}
