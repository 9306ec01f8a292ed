//! How many sessions of this node are in each room: a room has one bound, not one for each shard.

use crate::striped::{STRIPES, Striped};
use roomcast_protocol::RoomName;

#[derive(Debug, Default)]
pub(crate) struct Census {
    rooms: Striped<usize>,
}

impl Census {
    /// Counts one more in the room, unless it has `most` already.
    pub(crate) fn enter(&self, room: &RoomName, most: usize) -> bool {
        let mut rooms = self.rooms.of(room);
        let count = rooms.get(room).copied().unwrap_or(0);
        if count < most {
            rooms.insert(room.clone(), count + 1);
        }
        count < most
    }

    /// How many are in the room.
    pub(crate) fn count(&self, room: &RoomName) -> usize {
        self.rooms.of(room).get(room).copied().unwrap_or(0)
    }

    /// How many rooms there are with somebody in them.
    pub(crate) fn rooms(&self) -> usize {
        (0..STRIPES).map(|turn| self.rooms.stripe(turn).len()).sum()
    }

    /// Counts one less.
    pub(crate) fn leave(&self, room: &RoomName) {
        let mut rooms = self.rooms.of(room);
        match rooms.get_mut(room) {
            Some(count) if *count > 1 => *count -= 1,
            _ => _ = rooms.remove(room),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_is_given_up_can_be_taken_again() {
        let (census, tea) = (Census::default(), RoomName::new("tea").unwrap());
        assert!(census.enter(&tea, 2) && census.enter(&tea, 2) && !census.enter(&tea, 2));
        census.leave(&tea);
        assert!(census.enter(&tea, 2) && !census.enter(&tea, 2));
        assert_eq!((census.count(&tea), census.rooms()), (2, 1));
        census.leave(&tea);
        census.leave(&tea);
        assert_eq!(census.rooms(), 0);
    }
}
