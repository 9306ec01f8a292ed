//! The `[[room]]` tables of the file: kinds of rooms, in the words of the configuration.

use super::value::{Size, Span};
use roomcast_core::{History, Pattern, PresenceKind, PublishBy, RoomKind, Slow};
use serde::{Deserialize, Serialize};

/// How many members are told lists where nothing says so.
const FULL_UP_TO: usize = 200;

/// One kind of rooms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "`keys` says what each key means, and a test sees that it does")]
pub struct Room {
    pub pattern: Option<String>,
    pub history: RoomHistory,
    pub slow: SlowWord,
    pub presence: PresenceWord,
    pub presence_full_up_to: usize,
    pub publish: PublishWord,
    pub max_members: usize,
    pub max_message: Size,
    pub rate: u32,
}

/// What is kept of a room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "`keys` says what each key means, and a test sees that it does")]
pub struct RoomHistory {
    pub size: usize,
    pub bytes: Size,
    pub ttl: Span,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident for $core:ty: $($word:ident = $value:expr),*) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        #[expect(missing_docs, reason = "the words are those of the engine's own enum")]
        pub enum $name { $($word),* }

        impl From<$name> for $core {
            fn from(word: $name) -> Self {
                match word { $($name::$word => $value),* }
            }
        }
    };
}
words!(
    /// See [`Slow`].
    SlowWord for Slow: Disconnect = Slow::Disconnect, Skip = Slow::Skip, Latest = Slow::Latest
);
words!(
    /// See [`PublishBy`].
    PublishWord for PublishBy: Members = PublishBy::Members, Backend = PublishBy::Backend,
    None = PublishBy::None
);
words!(
    /// See [`PresenceKind`].
    PresenceWord for PresenceKind: None = PresenceKind::None, Count = PresenceKind::Count,
    Full = PresenceKind::Full { up_to: FULL_UP_TO }
);

impl Default for Room {
    fn default() -> Self {
        let kind = RoomKind::default();
        Self {
            pattern: None,
            history: RoomHistory::default(),
            slow: SlowWord::Disconnect,
            presence: PresenceWord::Full,
            presence_full_up_to: FULL_UP_TO,
            publish: PublishWord::Members,
            max_members: kind.max_members,
            max_message: Size(kind.max_message),
            rate: kind.rate,
        }
    }
}

impl Default for RoomHistory {
    fn default() -> Self {
        let history = History::default();
        Self { size: history.size, bytes: Size(history.bytes), ttl: Span(history.ttl) }
    }
}

impl Room {
    /// The kind in the engine's words.
    #[must_use]
    pub fn kind(&self, pattern: Pattern) -> RoomKind {
        let presence = match self.presence {
            PresenceWord::Full => PresenceKind::Full { up_to: self.presence_full_up_to },
            word => word.into(),
        };
        RoomKind {
            pattern,
            history: History {
                size: self.history.size,
                bytes: self.history.bytes.0,
                ttl: self.history.ttl.0,
            },
            slow: self.slow.into(),
            presence,
            publish: self.publish.into(),
            max_members: self.max_members,
            max_message: self.max_message.0,
            rate: self.rate,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_engine() {
        assert_eq!(Room::default().kind(Pattern::any()), RoomKind::default());
    }
}
