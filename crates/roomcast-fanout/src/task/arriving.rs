//! Messages that come from Redis, on their way to the shards: the hot path.

use super::Task;
use super::reading::delivery;
use crate::clock::wall;
use crate::envelope::{Arrived, Push, Record, decode, foreign};
use bytes::Bytes;
use roomcast_core::Delivery;
use roomcast_protocol::{Epoch, Position};
use std::sync::Arc;

impl Task {
    /// Something came on a channel.
    pub(super) fn arrived(&mut self, channel: &Bytes, bytes: Bytes) {
        let Some(name) = self.keys.room(channel) else { return };
        match Push::read(bytes) {
            Some(Push::Messages(epoch, records)) => self.messages(&name, epoch, &records),
            Some(Push::Presence(record)) => {
                if let Some((room, _)) = self.rooms.get(&name) {
                    self.presence.arrived(&room, record);
                }
            }
            Some(Push::Foreign(bytes)) => {
                if let Some((room, _)) = self.rooms.get(&name) {
                    let message = foreign(&room, &bytes, wall());
                    self.hand_over(&name, &delivery(Arrived { message, skip: None }));
                }
            }
            None => self.damaged(&name),
        }
    }

    fn messages(&mut self, name: &str, epoch: Epoch, records: &[Record]) {
        let Some((room, _)) = self.rooms.get(name) else { return };
        for record in records {
            match decode(&room, epoch, record) {
                Some(arrived) => self.hand_over(name, &delivery(arrived)),
                None => self.damaged(name),
            }
            if record.offset > 0
                && let Some((_, room)) = self.rooms.get(name)
            {
                room.take_message(Position { epoch, offset: record.offset });
            }
        }
    }

    fn hand_over(&mut self, name: &str, delivery: &Arc<Delivery>) {
        self.shared.stats.received.add(1);
        let Some((_, room)) = self.rooms.get(name) else { return };
        for inbox in room.shards.iter().filter_map(|&shard| self.shared.inboxes.get(shard)) {
            inbox.push_message(delivery);
        }
    }

    /// What came cannot be read: the log tells what it was, if anything does.
    fn damaged(&mut self, name: &str) {
        tracing::warn!(room = name, "what came from Redis could not be read");
        if let Some((room, _)) = self.rooms.get(name) {
            self.rooms.tell_lost(&room, &self.shared.inboxes);
        }
    }
}
