//! A message in its place, as histories keep it, and on its way to members: encoded once for each
//! dialect, shared by everyone.

use roomcast_protocol::dialect::MAX_SLOTS;
use roomcast_protocol::{Dialect, Frame, Message, SessionId};
use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU64;
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// A message that a broker has put in its place: what a history keeps of it.
#[derive(Debug)]
pub struct Placed {
    /// The message.
    pub message: Message,
    /// When this node took it, as uptime.
    pub accepted: Duration,
    /// The publisher that wanted no copy of its own.
    pub skip: Option<SessionId>,
    /// A hash of the message's key.
    pub(crate) key: Option<NonZeroU64>,
    /// Made for those who ask for it later. Few messages are asked for.
    later: OnceLock<Box<Frames>>,
}

/// A message on its way to members, with the frames made of it so far: they go when it has
/// arrived, and are most of what it takes.
#[derive(Debug)]
pub struct Delivery {
    placed: Arc<Placed>,
    /// None for a message that went to members before, here or elsewhere: its frames are those
    /// for who asks later, and so the same for all shards that missed it.
    frames: Option<Frames>,
}

/// The frames of one message, by the slot of their dialect.
#[derive(Debug, Default)]
struct Frames([OnceLock<Frame>; MAX_SLOTS]);

/// Frames encoded by this process for messages, over all dialects.
static ENCODED: AtomicU64 = AtomicU64::new(0);

impl Frames {
    /// The frame in that dialect, encoded by whoever asks first.
    fn frame(&self, message: &Message, dialect: &dyn Dialect) -> &Frame {
        self.0[dialect.slot()].get_or_init(|| {
            ENCODED.fetch_add(1, Ordering::Relaxed);
            dialect.message(message)
        })
    }
}

impl Placed {
    /// A message in its place.
    #[must_use]
    pub fn new(message: Message, accepted: Duration, skip: Option<SessionId>) -> Self {
        let key = message.key.as_ref().map(hash_of);
        Self { message, accepted, skip, key, later: OnceLock::new() }
    }

    /// The frame in that dialect for one who asks for the message after its delivery.
    pub(crate) fn frame(&self, dialect: &dyn Dialect) -> &Frame {
        self.later.get_or_init(Box::default).frame(&self.message, dialect)
    }

    /// The offset in the room; an ephemeral message has none.
    #[must_use]
    pub fn offset(&self) -> Option<u64> {
        self.message.offset()
    }

    /// What it weighs in a history, in bytes.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.message.data.len() + size_of::<Self>()
    }
}

impl Delivery {
    /// A delivery that nobody has encoded yet.
    #[must_use]
    pub fn new(message: Message, accepted: Duration, skip: Option<SessionId>) -> Self {
        Arc::new(Placed::new(message, accepted, skip)).into()
    }

    /// A message that was read again for members that missed it.
    pub(crate) fn again(placed: Arc<Placed>) -> Self {
        Self { placed, frames: None }
    }

    /// The message in its place.
    #[must_use]
    pub fn placed(&self) -> &Arc<Placed> {
        &self.placed
    }

    /// The frame in that dialect, encoded by whoever asks first.
    pub fn frame(&self, dialect: &dyn Dialect) -> &Frame {
        match &self.frames {
            Some(frames) => frames.frame(&self.placed.message, dialect),
            None => self.placed.frame(dialect),
        }
    }

    /// What it weighs in queues, in bytes.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.placed.weight() + size_of::<Self>()
    }

    /// How many message frames this process has encoded.
    #[must_use]
    pub fn encoded() -> u64 {
        ENCODED.load(Ordering::Relaxed)
    }
}

impl From<Arc<Placed>> for Delivery {
    fn from(placed: Arc<Placed>) -> Self {
        Self { placed, frames: Some(Frames::default()) }
    }
}

impl Deref for Delivery {
    type Target = Placed;

    fn deref(&self) -> &Placed {
        &self.placed
    }
}

fn hash_of(key: &roomcast_protocol::Key) -> NonZeroU64 {
    static HASHER: OnceLock<RandomState> = OnceLock::new();
    NonZeroU64::MIN.saturating_add(HASHER.get_or_init(RandomState::new).hash_one(key))
}
