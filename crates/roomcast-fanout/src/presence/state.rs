//! What the task drives: which question comes next, and what an answer changes.

use super::ask::{Ask, Beat, Change, Roster, Want};
use super::lease::Lease;
use super::looks::{Looked, Looks};
use super::others::{Others, Place};
use super::own::Own;
use super::record::{NodeId, Pulse, Record, roster};
use crate::stats::Stats;
use bytes::Bytes;
use roomcast_core::inbox::InboxSender;
use roomcast_core::room_kind::PresenceKind;
use roomcast_core::{Asker, LocalPresence};
use roomcast_protocol::RoomName;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// Most questions that are on their way at a time.
const MOST_ASKED: usize = 512;

#[derive(Debug)]
pub(super) struct State {
    pub(super) lease: Lease,
    pub(super) is_up: bool,
    /// How many links there were.
    link: u64,
    rooms: HashMap<RoomName, Room>,
    /// Rooms of which something may be to be asked.
    queue: VecDeque<RoomName>,
    /// The last number of a change, or of a ticket.
    number: u64,
    on_their_way: usize,
    /// Until when Redis may not know what it knew, if it has lost something.
    doubt: Option<u64>,
    /// When all rooms are looked at next.
    look: u64,
    looks: Looks,
    stats: Arc<Stats>,
}

#[derive(Debug, Default)]
struct Room {
    /// Its channel is heard.
    is_heard: bool,
    /// A roster has come since.
    is_known: bool,
    own: Own,
    others: Others,
    /// Names that are to be ended.
    doomed: Vec<NodeId>,
    /// Names that are being ended.
    reaping: Vec<NodeId>,
    is_queued: bool,
}

impl Room {
    fn stop_reaping(&mut self) {
        self.doomed.clear();
        self.reaping.clear();
    }

    /// Whether something of it is to be asked now.
    fn is_due(&self, now: u64) -> bool {
        let Own { is_dirty, is_anew, .. } = self.own;
        is_dirty || is_anew || self.others.is_wanted || self.own.is_old(now)
    }
}

impl State {
    pub(super) fn new(
        node: NodeId,
        lease: u64,
        inboxes: Vec<InboxSender>,
        stats: Arc<Stats>,
    ) -> Self {
        Self {
            lease: Lease::new(node, lease),
            is_up: false,
            link: 0,
            rooms: HashMap::new(),
            queue: VecDeque::new(),
            number: 0,
            on_their_way: 0,
            doubt: None,
            look: 0,
            looks: Looks::new(inboxes),
            stats,
        }
    }

    pub(super) fn link_up(&mut self, view: &LocalPresence) {
        self.link_down();
        self.is_up = true;
        for room in view.own_rooms() {
            self.rooms.entry(room).or_default();
        }
        self.write_anew();
    }

    pub(super) fn link_down(&mut self) {
        self.is_up = false;
        self.link += 1;
        self.on_their_way = 0;
        self.looks.give_up();
        self.lease.link_changed();
        for room in self.rooms.values_mut() {
            room.own.link_changed();
            room.stop_reaping();
            if room.others.asked.is_some() {
                room.others.not_answered();
            }
        }
    }

    fn write_anew(&mut self) {
        self.rooms.values_mut().for_each(|room| room.own.is_anew = true);
        self.look_at_all();
    }

    fn look_at_all(&mut self) {
        let names: Vec<RoomName> = self.rooms.keys().cloned().collect();
        names.into_iter().for_each(|name| self.look_at(&name));
    }

    fn look_at(&mut self, name: &RoomName) {
        let Some(room) = self.rooms.get_mut(name) else { return };
        if !std::mem::replace(&mut room.is_queued, true) {
            self.queue.push_back(name.clone());
        }
    }

    pub(super) fn heard(&mut self, name: &RoomName, kind: PresenceKind) {
        if kind != PresenceKind::None {
            let room = self.rooms.entry(name.clone()).or_default();
            (room.is_heard, room.others.is_wanted) = (true, true);
            self.look_at(name);
        }
    }

    pub(super) fn not_heard(&mut self, name: &RoomName, view: &LocalPresence) {
        let Some(room) = self.rooms.get_mut(name) else { return };
        (room.is_heard, room.is_known, room.others) = (false, false, Others::default());
        room.stop_reaping();
        view.forget_remotes(name);
        self.look_at(name);
    }

    pub(super) fn is_known(&self, name: &RoomName) -> bool {
        self.rooms.get(name).is_none_or(|room| room.is_known || !room.is_heard)
    }

    /// Somebody asks who is in a room, who is given back if the view knows.
    pub(super) fn look(
        &mut self,
        name: &RoomName,
        kind: PresenceKind,
        asker: Asker,
    ) -> Option<Asker> {
        if self.rooms.get(name).is_some_and(|room| room.is_heard && room.is_known) {
            return Some(asker);
        }
        if self.is_up {
            self.looks.want(name.clone(), kind, asker);
        } else {
            self.looks.refuse(asker, name);
        }
        None
    }

    /// Something of others may have been missed.
    pub(super) fn missed(&mut self) {
        self.rooms.values_mut().for_each(|room| room.others.is_wanted |= room.is_heard);
        self.look_at_all();
    }

    pub(super) fn arrived(&mut self, name: &RoomName, bytes: Bytes, view: &LocalPresence) {
        let own = self.lease.node.process();
        let beat = self.lease.number;
        let Some(room) = self.rooms.get_mut(name).filter(|room| room.is_heard) else { return };
        let place = Place { view, room: name, beat };
        match Record::read(bytes) {
            Some(record) if record.node.process() == own => {}
            Some(record) => {
                let node = record.node;
                if room.others.arrived(record, place) && !self.lease.alive.contains(&node) {
                    self.lease.want();
                }
            }
            None => room.others.is_wanted = true,
        }
        if room.others.is_wanted {
            self.look_at(name);
        }
    }

    pub(super) fn due(&mut self, now: u64, view: &LocalPresence) -> Vec<Ask> {
        if !self.is_up {
            return Vec::new();
        }
        self.take_changes(view);
        if self.lease.check(now) {
            self.write_anew();
        }
        let mut wants: Vec<Want> = self.lease.due(now).map(Want::Beat).into_iter().collect();
        wants.extend(
            self.looks.due(&mut self.number, MOST_ASKED - self.on_their_way).map(Want::Roster),
        );
        if self.lease.holds(now) {
            self.check_all(now);
            let mut turns = self.queue.len();
            while turns > 0 && self.on_their_way + wants.len() < MOST_ASKED {
                turns -= 1;
                if let Some(name) = self.queue.pop_front() {
                    self.ask(&name, now, view, &mut wants);
                }
            }
        }
        self.on_their_way += wants.len();
        wants.into_iter().map(|want| Ask { link: self.link, want }).collect()
    }

    /// What the shards changed since the last time.
    pub(super) fn take_changes(&mut self, view: &LocalPresence) {
        for name in view.take_untold() {
            self.rooms.entry(name.clone()).or_default().own.is_dirty = true;
            self.look_at(&name);
        }
        for name in view.take_unlisted() {
            if let Some(room) = self.rooms.get_mut(&name).filter(|room| room.is_heard) {
                room.others.is_wanted = true;
                self.look_at(&name);
            }
        }
    }

    /// Looks, now and then, at what has been in Redis too long, and again at what was in doubt.
    fn check_all(&mut self, now: u64) {
        if self.doubt.is_some_and(|until| now >= until) {
            self.doubt = None;
            let doubtful = self.rooms.values_mut().filter(|room| room.others.is_doubtful);
            doubtful.for_each(|room| room.others.is_wanted = true);
            self.look = now;
        }
        if now >= self.look {
            self.look = now + self.lease.length;
            let due = self.rooms.iter().filter(|(_, room)| room.is_due(now));
            let due: Vec<RoomName> = due.map(|(name, _)| name.clone()).collect();
            due.iter().for_each(|name| self.look_at(name));
        }
    }

    /// Asks what is to be asked of a room.
    fn ask(&mut self, name: &RoomName, now: u64, view: &LocalPresence, wants: &mut Vec<Want>) {
        let Some(room) = self.rooms.get_mut(name) else { return };
        room.is_queued = false;
        let (node, number) = (self.lease.node, self.number + 1);
        if let Some(change) = room.own.change(name, node, number, view, now) {
            self.number = number;
            wants.push(Want::Change(change));
        }
        // A roster counts this node's members too: they must stand there first.
        let may_ask = room.is_heard && room.others.asked.is_none() && !room.own.is_dirty;
        if may_ask && room.others.is_wanted {
            self.number += 1;
            let ticket = self.number;
            room.others.ask(ticket);
            let most = view.most_in_lists(name).unwrap_or(0);
            wants.push(Want::Roster(Roster { room: name.clone(), node, most, ticket }));
        }
        for node in std::mem::take(&mut room.doomed) {
            room.reaping.push(node);
            wants.push(Want::Reap { room: name.clone(), node });
        }
        if !room.is_heard && room.own.is_over() {
            self.rooms.remove(name);
        }
    }

    pub(super) fn done(&mut self, ask: Ask, answer: Option<Bytes>, now: u64, view: &LocalPresence) {
        if ask.link != self.link {
            return;
        }
        self.on_their_way -= 1;
        match ask.want {
            Want::Beat(beat) => self.beat_done(&beat, answer.and_then(Pulse::read), now),
            Want::Change(change) => self.change_done(&change, answer.as_deref(), now),
            Want::Roster(roster) => self.roster_done(&roster, answer, view),
            Want::Reap { room, node } => self.reap_done(&room, node, answer.as_deref(), view),
        }
    }

    fn beat_done(&mut self, beat: &Beat, pulse: Option<Pulse>, now: u64) {
        let is_heard = pulse.is_some();
        let shown = self.lease.answered(beat, pulse, now);
        if is_heard {
            self.looks.alive(&self.lease.alive);
        }
        if shown.is_lost {
            self.doubt = Some(now + self.lease.length);
        }
        if shown.is_lost || shown.is_renamed {
            self.write_anew();
        }
        if shown.may_reap {
            self.reap(beat.number);
        }
    }

    /// Marks what is to be ended: names heard before that sign of life that are not alive.
    fn reap(&mut self, beat: u64) {
        let Self { rooms, lease, queue, .. } = self;
        for (name, room) in rooms.iter_mut() {
            let names = room.others.names_before(beat);
            let dead = names.filter(|node| !lease.alive.contains(node));
            let dead = dead.filter(|node| !room.reaping.contains(node));
            room.doomed = dead.collect();
            if !room.doomed.is_empty() && !std::mem::replace(&mut room.is_queued, true) {
                queue.push_back(name.clone());
            }
        }
    }

    fn change_done(&mut self, change: &Change, answer: Option<&[u8]>, now: u64) {
        let after = answer.and_then(|text| std::str::from_utf8(text).ok()?.parse().ok());
        let Some(room) = self.rooms.get_mut(&change.room) else { return };
        if room.own.done(change, after) {
            self.doubt = Some(now + self.lease.length);
        }
        // What was refused is tried again when all rooms are looked at.
        if after.is_some() {
            self.look_at(&change.room);
        }
    }

    fn roster_done(&mut self, asked: &Roster, answer: Option<Bytes>, view: &LocalPresence) {
        let answer = answer.and_then(roster);
        match self.looks.answered(asked, answer.as_deref(), &self.lease.alive) {
            Looked::Other => {}
            Looked::Done => return,
            Looked::Held => return self.lease.want(),
        }
        let (own, trust) = (self.lease.node, self.doubt.is_none());
        let place = Place { view, room: &asked.room, beat: self.lease.number };
        let Some(room) = self.rooms.get_mut(&asked.room) else { return };
        if room.others.asked != Some(asked.ticket) {
            return;
        }
        match answer {
            Some(entries) => {
                room.is_known = true;
                if room.others.roster(entries, own, trust, place) {
                    self.lease.want();
                }
                self.look_at(&asked.room);
            }
            None => room.others.not_answered(),
        }
    }

    fn reap_done(
        &mut self,
        name: &RoomName,
        node: NodeId,
        answer: Option<&[u8]>,
        view: &LocalPresence,
    ) {
        let Some(room) = self.rooms.get_mut(name) else { return };
        room.reaping.retain(|other| *other != node);
        if answer.is_some() {
            let place = Place { view, room: name, beat: self.lease.number };
            room.others.ended(node, place);
        }
        if answer == Some(b"1") {
            self.stats.reaped.add(1);
        }
    }

    /// Whether something could be asked at once.
    pub(super) fn has_more(&self) -> bool {
        let has_some = !self.queue.is_empty() || self.looks.has_more();
        self.is_up && has_some && self.on_their_way < MOST_ASKED
    }

    /// Whether nothing is left to be written.
    pub(super) fn is_idle(&self) -> bool {
        let is_busy = |room: &Room| room.own.is_dirty || room.own.is_anew || room.own.is_writing;
        !self.is_up || !self.rooms.values().any(is_busy)
    }
}
