//! A message on its way to members: encoded once for each dialect, shared by everyone.

use roomcast_protocol::dialect::MAX_SLOTS;
use roomcast_protocol::{Dialect, Frame, Message, SessionId};
use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU64;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A message that a broker has put in its place, with the frames made of it so far.
#[derive(Debug)]
pub struct Delivery {
    /// The message.
    pub message: Message,
    /// When this node took it, as uptime.
    pub accepted: Duration,
    /// The publisher that wanted no copy of its own.
    pub skip: Option<SessionId>,
    /// A hash of the message's key.
    pub(crate) key: Option<NonZeroU64>,
    frames: [OnceLock<Frame>; MAX_SLOTS],
}

/// Frames encoded by this process for messages, over all dialects.
static ENCODED: AtomicU64 = AtomicU64::new(0);

impl Delivery {
    /// A delivery that nobody has encoded yet.
    #[must_use]
    pub fn new(message: Message, accepted: Duration, skip: Option<SessionId>) -> Self {
        let key = message.key.as_ref().map(hash_of);
        Self { message, accepted, skip, key, frames: Default::default() }
    }

    /// The frame in that dialect, encoded by whoever asks first.
    pub fn frame(&self, dialect: &dyn Dialect) -> &Frame {
        self.frames[dialect.slot()].get_or_init(|| {
            ENCODED.fetch_add(1, Ordering::Relaxed);
            dialect.message(&self.message)
        })
    }

    /// Whoever asks for a frame now has it encoded again.
    pub(crate) fn forget_frames(&mut self) {
        self.frames = Default::default();
    }

    /// How many message frames this process has encoded.
    #[must_use]
    pub fn encoded() -> u64 {
        ENCODED.load(Ordering::Relaxed)
    }

    /// The offset in the room; an ephemeral message has none.
    #[must_use]
    pub fn offset(&self) -> Option<u64> {
        self.message.offset()
    }

    /// What it weighs in queues and histories, in bytes.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.message.data.len() + size_of::<Self>()
    }
}

fn hash_of(key: &roomcast_protocol::Key) -> NonZeroU64 {
    static HASHER: OnceLock<RandomState> = OnceLock::new();
    NonZeroU64::MIN.saturating_add(HASHER.get_or_init(RandomState::new).hash_one(key))
}
