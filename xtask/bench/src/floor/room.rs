//! Rooms of the floor: who is in them, and what waits to be written to all of them.

use std::collections::HashMap;

use super::frame;
use super::seat::Place;

/// All rooms. None ever goes: their number is the measurement's.
#[derive(Debug, Default)]
pub(super) struct Rooms {
    names: HashMap<String, u32>,
    rooms: Vec<Room>,
    /// Rooms in which something waits.
    due: Vec<u32>,
}

#[derive(Debug, Default)]
struct Room {
    /// Keys of seats.
    members: Vec<u32>,
    /// Frames, ready to be sent.
    waiting: Vec<u8>,
}

impl Rooms {
    /// Puts a seat into a room.
    pub(super) fn enter(&mut self, name: &str, key: usize) -> Place {
        let next = number(self.rooms.len());
        let room = *self.names.entry(name.to_owned()).or_insert(next);
        if room == next {
            self.rooms.push(Room::default());
        }
        let members = &mut self.rooms[room as usize].members;
        members.push(number(key));
        Place::Room { room, at: number(members.len() - 1) }
    }

    /// Takes a seat out of a room. Which other one has its place now, if any.
    pub(super) fn leave(&mut self, room: u32, at: u32) -> Option<usize> {
        let members = &mut self.rooms[room as usize].members;
        members.swap_remove(at as usize);
        members.get(at as usize).map(|moved| *moved as usize)
    }

    /// Lets a message wait.
    pub(super) fn message(&mut self, room: u32, payload: &[u8]) {
        let waiting = &mut self.rooms[room as usize].waiting;
        if waiting.is_empty() {
            self.due.push(room);
        }
        frame::write(frame::TEXT, payload, waiting);
    }

    /// A room in which something waits: its members, and what is to be cleared once it is written.
    pub(super) fn next_due(&mut self) -> Option<(&[u32], &mut Vec<u8>)> {
        let room = self.rooms.get_mut(self.due.pop()? as usize)?;
        Some((&room.members, &mut room.waiting))
    }
}

/// A number of a seat or a room: there are never four billion.
fn number(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
