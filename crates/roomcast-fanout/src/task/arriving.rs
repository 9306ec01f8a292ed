//! Messages that come from Redis, on their way to the shards: the hot path.

use super::Task;
use super::reading::placed;
use super::rooms::Room;
use crate::clock::wall;
use crate::envelope::{Arrived, Push, Record, decode, foreign};
use crate::redis_broker::Shared;
use bytes::Bytes;
use roomcast_core::{Delivery, Placed};
use roomcast_protocol::{Epoch, Position, RoomName};
use std::iter::repeat_n;
use std::sync::Arc;

impl Task {
    /// Something came on a channel.
    pub(super) fn arrived(&mut self, channel: &Bytes, bytes: Bytes) {
        let Some(name) = self.keys.room(channel) else { return };
        let Some((name, room)) = self.rooms.get(&name) else { return };
        match Push::read(bytes) {
            Some(Push::Messages(epoch, records)) => {
                messages(&self.shared, &name, room, epoch, &records);
            }
            Some(Push::Presence(record)) => self.presence.arrived(&name, record),
            Some(Push::Foreign(bytes)) => {
                let message = foreign(&name, &bytes, wall());
                hand_over(&self.shared, room, placed(Arrived { message, skip: None }));
            }
            None => damaged(&self.shared, &name, room),
        }
    }
}

fn messages(shared: &Shared, name: &RoomName, room: &mut Room, epoch: Epoch, records: &[Record]) {
    for record in records {
        match decode(name, epoch, record) {
            Some(arrived) => hand_over(shared, room, placed(arrived)),
            None => damaged(shared, name, room),
        }
        if record.offset > 0 {
            room.take_message(Position { epoch, offset: record.offset });
        }
    }
}

fn hand_over(shared: &Shared, room: &Room, placed: Arc<Placed>) {
    shared.stats.received.add(1);
    let delivery = Arc::new(Delivery::from(placed));
    for (delivery, &shard) in repeat_n(delivery, room.shards.len()).zip(&room.shards) {
        if let Some(inbox) = shared.inboxes.get(shard) {
            inbox.push_message(delivery, None);
        }
    }
}

/// What came cannot be read: the log tells what it was, if anything does.
fn damaged(shared: &Shared, name: &RoomName, room: &mut Room) {
    tracing::warn!(room = name.as_str(), "what came from Redis could not be read");
    room.tell_lost(name, &shared.inboxes);
}
