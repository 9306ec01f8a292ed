//! Rooms that every shard may ask for, spread over locks so that two rooms rarely wait for each
//! other. A lock is held for bounded work only.

use roomcast_protocol::RoomName;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many locks there are.
pub(crate) const STRIPES: usize = 64;

/// The rooms behind one lock.
pub(crate) type Rooms<'a, T> = MutexGuard<'a, HashMap<RoomName, T>>;

/// Gives back the memory of a crowd of rooms that is gone.
pub(crate) fn give_back<T>(rooms: &mut HashMap<RoomName, T>) {
    if rooms.capacity() > 64 && rooms.len() < rooms.capacity() / 4 {
        rooms.shrink_to(rooms.len() * 2);
    }
}

#[derive(Debug)]
pub(crate) struct Striped<T> {
    stripes: Vec<Mutex<HashMap<RoomName, T>>>,
    hasher: RandomState,
}

impl<T> Default for Striped<T> {
    fn default() -> Self {
        Self {
            stripes: (0..STRIPES).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
        }
    }
}

impl<T> Striped<T> {
    /// The rooms among which this one is.
    pub(crate) fn of(&self, room: &RoomName) -> Rooms<'_, T> {
        self.stripe(self.hasher.hash_one(room) as usize)
    }

    /// The rooms of one stripe, in turn.
    pub(crate) fn stripe(&self, turn: usize) -> Rooms<'_, T> {
        self.stripes[turn % STRIPES].lock().unwrap_or_else(PoisonError::into_inner)
    }
}
