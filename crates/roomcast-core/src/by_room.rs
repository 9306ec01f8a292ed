//! Tables of rooms: a name brings its hash along, which is not computed again.

use roomcast_protocol::RoomName;
use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher};

/// Rooms by name.
pub(crate) type ByRoom<T> = HashMap<RoomName, T, BuildHasherDefault<KnownHash>>;

/// Takes the hash that a [`RoomName`] has.
#[derive(Debug, Default)]
pub(crate) struct KnownHash(u64);

impl Hasher for KnownHash {
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("a room's name gives its hash as one number");
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The hash that the room's name has.
pub(crate) fn hash_of(room: &RoomName) -> u64 {
    BuildHasherDefault::<KnownHash>::default().hash_one(room)
}

/// Gives back the memory of a crowd of rooms that is gone.
pub(crate) fn give_back<T>(rooms: &mut ByRoom<T>) {
    if rooms.capacity() > 64 && rooms.len() < rooms.capacity() / 4 {
        rooms.shrink_to(rooms.len() * 2);
    }
}
