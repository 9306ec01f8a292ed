//! Rooms that every shard may ask for, spread over locks so that two rooms rarely wait for each
//! other. A lock is held for bounded work only.

use crate::by_room::{ByRoom, hash_of};
use roomcast_protocol::RoomName;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many locks there are.
pub(crate) const STRIPES: usize = 64;

#[derive(Debug)]
pub(crate) struct Striped<T> {
    stripes: Vec<Mutex<ByRoom<T>>>,
}

impl<T> Default for Striped<T> {
    fn default() -> Self {
        Self { stripes: (0..STRIPES).map(|_| Mutex::default()).collect() }
    }
}

impl<T> Striped<T> {
    /// The rooms among which this one is.
    pub(crate) fn of(&self, room: &RoomName) -> MutexGuard<'_, ByRoom<T>> {
        // Of the hash the table itself looks at the lowest bits and at the highest.
        self.stripe((hash_of(room) >> 32) as usize)
    }

    /// The rooms of one stripe, in turn.
    pub(crate) fn stripe(&self, turn: usize) -> MutexGuard<'_, ByRoom<T>> {
        self.stripes[turn % STRIPES].lock().unwrap_or_else(PoisonError::into_inner)
    }
}
