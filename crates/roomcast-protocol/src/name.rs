//! Names that are valid by construction: rooms, users, sessions, events, message ids and keys.

mod room;

pub use room::RoomName;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Why a text is not a name: what was found and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {problem}")]
pub struct InvalidName {
    what: &'static str,
    problem: &'static str,
}

/// What a kind of name allows.
struct Rule {
    what: &'static str,
    max_bytes: usize,
    too_long: &'static str,
    allows_star: bool,
}

impl Rule {
    fn check(&self, text: &str) -> Result<(), InvalidName> {
        let problem = if text.is_empty() {
            "must not be empty"
        } else if text.len() > self.max_bytes {
            self.too_long
        } else if text.chars().any(char::is_control) {
            "must not contain control characters"
        } else if text.trim() != text {
            "must not begin or end with white space"
        } else if !self.allows_star && text.contains('*') {
            "must not contain `*`, which is kept for patterns"
        } else {
            return Ok(());
        };
        Err(InvalidName { what: self.what, problem })
    }
}

/// What every kind of name has.
macro_rules! text {
    ($name:ident) => {
        impl $name {
            /// Takes the text if it is a valid name.
            ///
            /// # Errors
            /// [`InvalidName`] says what is wrong with the text.
            pub fn new(text: &str) -> Result<Self, InvalidName> {
                Self::RULE.check(text)?;
                Ok(Self::of(text))
            }

            /// The text of the name.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.text
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.text)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.text, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;
            fn from_str(text: &str) -> Result<Self, InvalidName> {
                Self::new(text)
            }
        }
    };
}
use text;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $rule:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name {
            text: Arc<str>,
        }

        impl $name {
            const RULE: Rule = $rule;

            fn of(text: &str) -> Self {
                Self { text: text.into() }
            }
        }

        text!($name);

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.text
            }
        }
    };
}

name!(
    /// Who a user is: the `sub` of a token. What a room name may hold, but 1–195 bytes.
    ///
    /// So `user:{id}` always is a room name of at most 200 bytes, and as a pattern grants this
    /// one room and no other.
    UserId,
    Rule { what: "user id", max_bytes: 195, too_long: "must be at most 195 bytes", allows_star: false }
);

impl UserId {
    /// The user's own room, `user:{id}`.
    ///
    /// ```
    /// use roomcast_protocol::UserId;
    /// assert_eq!(UserId::new("ann").unwrap().room().as_str(), "user:ann");
    /// ```
    #[must_use]
    pub fn room(&self) -> RoomName {
        RoomName::of(&format!("user:{self}"))
    }
}
name!(
    /// The kind of a message, such as `typing` or `price`: 1–64 bytes.
    EventName,
    Rule { what: "event", max_bytes: 64, too_long: "must be at most 64 bytes", allows_star: true }
);
name!(
    /// What a publisher calls a message so that a retry is stored once: 1–64 bytes.
    MessageId,
    Rule { what: "message_id", max_bytes: 64, too_long: "must be at most 64 bytes", allows_star: true }
);
name!(
    /// What a message is the newest value of, for rooms that keep only the latest: 1–64 bytes.
    Key,
    Rule { what: "key", max_bytes: 64, too_long: "must be at most 64 bytes", allows_star: true }
);

/// One connection of one client, as people and other clients see it: 16 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub u64);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_names_are_bounded_in_bytes_not_in_characters() {
        assert!(RoomName::new(&"x".repeat(200)).is_ok());
        assert!(RoomName::new(&"x".repeat(201)).is_err());
        assert!(RoomName::new(&"ä".repeat(101)).is_err());
    }

    #[test]
    fn what_a_room_name_must_not_hold() {
        for bad in ["", " a", "a ", "a\n", "a\0b", "chat:*", "\u{85}"] {
            assert!(RoomName::new(bad).is_err(), "{bad:?} was taken");
        }
        for good in ["a", "a b", "chat:lobby", "日本", "__proto__", "../etc"] {
            assert_eq!(RoomName::new(good).unwrap().as_str(), good);
        }
    }

    #[test]
    fn every_user_has_a_room_of_its_own() {
        for good in ["a", "a b", "日本", "a:b", &"x".repeat(195)] {
            let room = UserId::new(good).unwrap().room();
            assert_eq!(RoomName::new(room.as_str()), Ok(room));
        }
        for bad in ["*", "ann*", "", " a", "a\n", &"x".repeat(196)] {
            assert!(UserId::new(bad).is_err(), "{bad:?} was taken");
        }
    }

    #[test]
    fn an_invalid_name_says_what_to_do() {
        let error = RoomName::new("a*").unwrap_err().to_string();
        assert_eq!(error, "room name must not contain `*`, which is kept for patterns");
    }
}
