//! What a client did and was told, in order: all that the judge reads.

use std::fmt;
use std::rc::Rc;
use std::time::Duration;

/// An epoch, as the server wrote it.
pub(crate) type Epoch = Rc<str>;

/// A position: the epoch and the offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct At {
    pub(crate) epoch: Epoch,
    pub(crate) offset: u64,
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.epoch, self.offset)
    }
}

/// A message by its publisher and the publisher's count; its `message_id` says both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Name {
    pub(crate) client: u16,
    pub(crate) number: u32,
}

impl Name {
    /// Numbers from here on are those of last messages.
    pub(crate) const LAST: u32 = 1 << 30;

    pub(crate) fn is_last(self) -> bool {
        self.number >= Self::LAST
    }

    /// Reads a `message_id`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (client, number) = text.strip_prefix('c')?.split_once('-')?;
        Some(Self { client: client.parse().ok()?, number: number.parse().ok()? })
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c{}-{}", self.client, self.number)
    }
}

/// A message and its offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) offset: u64,
    pub(crate) name: Name,
}

/// An answer to a join, or a `joined` that nobody asked for.
#[derive(Debug, Clone)]
pub(crate) struct Joined {
    pub(crate) at: At,
    pub(crate) asked: bool,
    pub(crate) recovered: bool,
    pub(crate) reason: Option<String>,
    pub(crate) messages: Vec<Heard>,
}

/// One thing that happened to a client.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// The first frame came.
    Welcome {
        node: usize,
    },
    /// The connection ended, or none came about.
    Lost {
        why: String,
        own: bool,
    },
    /// It asked to join.
    Join {
        since: Option<At>,
    },
    Joined(Joined),
    Heard(Heard),
    Gap {
        from: u64,
        to: u64,
        repairing: bool,
    },
    Sent(Name),
    Acked {
        name: Name,
        at: At,
        duplicate: bool,
    },
    /// A command was refused.
    Refused {
        what: String,
        code: String,
    },
    /// It was made to leave.
    Left {
        code: String,
    },
    /// Something that the protocol does not allow.
    Wrong(String),
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Welcome { node } => write!(f, "connected to node {node}"),
            Self::Lost { why, .. } => write!(f, "connection ended: {why}"),
            Self::Join { since: Some(at) } => write!(f, "join since {at}"),
            Self::Join { since: None } => f.write_str("join"),
            Self::Joined(joined) => write!(f, "{joined}"),
            Self::Heard(Heard { offset, name }) => write!(f, "message #{offset} {name}"),
            Self::Gap { from, to, repairing } => {
                write!(f, "gap #{from}..#{to} repairing:{repairing}")
            }
            Self::Sent(name) => write!(f, "publish {name}"),
            Self::Acked { name, at, duplicate } => {
                write!(f, "ack {name} at {at}{}", if *duplicate { " (duplicate)" } else { "" })
            }
            Self::Refused { what, code } => write!(f, "{what} refused: {code}"),
            Self::Left { code } => write!(f, "made to leave: {code}"),
            Self::Wrong(what) => write!(f, "WRONG: {what}"),
        }
    }
}

impl fmt::Display for Joined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, asked, recovered, reason, messages } = self;
        let asked = if *asked { "" } else { " (unasked)" };
        write!(f, "joined{asked} at {at} recovered:{recovered}")?;
        if let Some(reason) = reason {
            write!(f, " ({reason})")?;
        }
        match (messages.first(), messages.last()) {
            (Some(first), Some(last)) => write!(f, " with #{}..#{}", first.offset, last.offset),
            _ => Ok(()),
        }
    }
}

/// An event with its time and its room; none if it is about the connection.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) time: Duration,
    pub(crate) room: Option<usize>,
    pub(crate) event: Event,
}

/// Everything that happened to one client.
pub(crate) type Log = Vec<Entry>;
