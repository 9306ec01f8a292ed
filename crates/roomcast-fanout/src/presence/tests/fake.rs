//! Redis as presence sees it, in memory: questions are answered by what they mean.

use super::super::ask::{Ask, Beat, Change, Roster, Want};
use super::super::record::NodeId;
use bytes::{BufMut, Bytes, BytesMut};
use roomcast_protocol::{RoomName, SessionId};
use std::collections::BTreeMap;

/// What presence asks and what it hears.
pub(crate) trait Store {
    /// Answers a question.
    fn ask(&mut self, ask: &Ask) -> Bytes;
    /// What was published since the last time.
    fn published(&mut self) -> Vec<(RoomName, Bytes)>;
    /// Loses everything.
    fn wipe(&mut self);
    /// So many milliseconds pass.
    fn pass(&mut self, ms: u64);
}

#[derive(Default)]
pub(crate) struct Fake {
    now: u64,
    memory: Option<String>,
    leases: BTreeMap<NodeId, u64>,
    rooms: BTreeMap<RoomName, BTreeMap<NodeId, Stands>>,
    published: Vec<(RoomName, Bytes)>,
}

#[derive(Default)]
struct Stands {
    number: u64,
    count: usize,
    members: BTreeMap<SessionId, Bytes>,
}

impl Store for Fake {
    fn ask(&mut self, ask: &Ask) -> Bytes {
        match &ask.want {
            Want::Beat(beat) => self.beat(beat),
            Want::Change(change) => self.change(change),
            Want::Roster(roster) => self.roster(roster),
            Want::Reap { room, node } => self.reap(room, *node),
        }
    }

    fn published(&mut self) -> Vec<(RoomName, Bytes)> {
        std::mem::take(&mut self.published)
    }

    fn wipe(&mut self) {
        self.memory = None;
        self.leases.clear();
        self.rooms.clear();
    }

    fn pass(&mut self, ms: u64) {
        self.now += ms;
    }
}

impl Fake {
    fn beat(&mut self, beat: &Beat) -> Bytes {
        self.leases.retain(|_, end| *end > self.now);
        let name = || format!("{}-{}", beat.node, beat.number);
        let memory = self.memory.get_or_insert_with(name).clone();
        let holds = beat.is_new || self.leases.contains_key(&beat.node);
        if holds {
            self.leases.insert(beat.node, self.now + beat.lease.as_millis() as u64);
        }
        let alive: String = self.leases.keys().map(ToString::to_string).collect();
        format!("{} {memory}\n{alive}", u8::from(holds)).into()
    }

    fn change(&mut self, change: &Change) -> Bytes {
        let room = self.rooms.entry(change.room.clone()).or_default();
        let last = room.get(&change.node).map_or(0, |stands| stands.number);
        if let Some(earlier) = change.earlier {
            room.remove(&earlier);
        }
        if change.replace || change.count == 0 {
            room.remove(&change.node);
        }
        if change.count > 0 {
            let stands = room.entry(change.node).or_default();
            (stands.number, stands.count) = (change.number, change.count);
            stands.members.extend(change.set.iter().cloned());
            stands.members.retain(|session, _| !change.gone.contains(session));
        }
        if !change.told.is_empty() {
            let head = format!("{} {}\n", change.node, change.count);
            self.publish(&change.room, head.into_bytes(), &change.told);
        }
        last.to_string().into()
    }

    fn roster(&mut self, roster: &Roster) -> Bytes {
        let Some(room) = self.rooms.get(&roster.room) else { return Bytes::new() };
        let sum: usize = room.values().map(|stands| stands.count).sum();
        let mut out = BytesMut::new();
        for (node, stands) in room {
            let is_whole = stands.members.len() == stands.count && *node != roster.node;
            let listed = if sum <= roster.most && is_whole { stands.count } else { 0 };
            let head = format!("{node} {} {} {listed}\n", stands.number, stands.count);
            out.put_slice(head.as_bytes());
            for (session, member) in stands.members.iter().take(listed) {
                out.put_slice(format!("{session} {}\n", member.len()).as_bytes());
                out.put_slice(member);
            }
        }
        out.freeze()
    }

    fn reap(&mut self, room: &RoomName, node: NodeId) -> Bytes {
        let removed = self.rooms.get_mut(room).and_then(|nodes| nodes.remove(&node));
        if removed.is_some() {
            self.publish(room, format!("{node} gone\n").into_bytes(), &[]);
        }
        if removed.is_some() { "1".into() } else { "0".into() }
    }

    fn publish(&mut self, room: &RoomName, mut head: Vec<u8>, rest: &[u8]) {
        head.extend_from_slice(rest);
        self.published.push((room.clone(), head.into()));
    }
}
