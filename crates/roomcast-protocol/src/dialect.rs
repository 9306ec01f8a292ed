//! A dialect: one way of putting commands, replies and pushes into frames.
//!
//! Every dialect speaks to the same rooms. Nothing above this seam knows which one a session
//! speaks; a broadcast is encoded once for each dialect in use.

pub mod guide;
pub mod native;

use crate::{Command, CommandId, Frame, Incoming, Message, Push, Refusal, Reply, RoomName, User};

/// What a dialect may know of a session while it reads a frame.
#[derive(Debug, Clone, Copy, Default)]
pub struct Context<'a> {
    /// The room that the session is in, the first of them if there are many: what a one-room
    /// dialect speaks of.
    pub room: Option<&'a RoomName>,
    /// Who the server takes the client for.
    pub user: Option<&'a User>,
}

/// What an incoming frame means.
#[derive(Debug, Clone)]
pub enum Decoded {
    /// A command for the engine.
    Command(Option<CommandId>, Command),
    /// The dialect itself knows the answer.
    Answer(Frame),
    /// A sign of life and nothing else.
    Nothing,
    /// The frame is wrong; the client is told and nothing else changes.
    Refused(Option<CommandId>, Refusal),
}

/// When the server shows a sign of life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pings {
    /// To a client that has shown none for an interval.
    WhenSilent,
    /// Every interval, whatever the client does.
    Always,
}

/// How many dialects can share the encodings of one message.
pub const MAX_SLOTS: usize = 4;

/// One way of putting commands, replies and pushes into frames.
pub trait Dialect: std::fmt::Debug + Send + Sync {
    /// The name in metrics and logs.
    fn name(&self) -> &'static str;

    /// Which of the shared encodings of a message is this dialect's; below [`MAX_SLOTS`].
    fn slot(&self) -> usize;

    /// Reads a frame.
    fn decode(&self, incoming: Incoming<'_>, context: Context<'_>) -> Decoded;

    /// Writes a message of a room.
    fn message(&self, message: &Message) -> Frame;

    /// Writes the answer to a command; none if the dialect has no words for it.
    fn reply(&self, reply: &Reply) -> Option<Frame>;

    /// Writes a push; none if the dialect has no words for it.
    fn push(&self, push: &Push) -> Option<Frame>;

    /// The server's sign of life.
    fn ping(&self) -> Frame;

    /// When it goes.
    fn pings(&self) -> Pings {
        Pings::WhenSilent
    }

    /// Whether a connection is in the one room that it was opened for, and of no use without it.
    fn has_one_room(&self) -> bool {
        false
    }

    /// What members of this dialect are told of presence without asking.
    fn implied_presence(&self) -> crate::command::PresenceMode {
        crate::command::PresenceMode::None
    }
}
