//! A few nodes around one store: what they ask is answered, what is published reaches them, and
//! on each of them somebody looks on and believes only what they are told.

use super::super::RedisPresence;
use super::super::ask::{Ask, Want};
use super::fake::Store;
use crate::stats::Stats;
use bytes::Bytes;
use roomcast_core::PresenceStore;
use roomcast_core::inbox::{Event, Inbox, inbox};
use roomcast_core::now::Now;
use roomcast_core::presence::MemberNews;
use roomcast_core::room_kind::PresenceKind;
use roomcast_protocol::push::{Member, PresenceChange};
use roomcast_protocol::{Payload, RoomName, SessionId, User};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

pub(super) const LEASE: u64 = 10_000;
pub(super) const BATCH: u64 = 100;
/// The largest room that is told lists.
pub(super) const UP_TO: usize = 6;
pub(super) const FULL: PresenceKind = PresenceKind::Full { up_to: UP_TO };

/// What comes first where both an answer and a record wait.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum First {
    Records,
    Answers,
}

pub(super) struct World {
    pub(super) store: Box<dyn Store>,
    pub(super) nodes: Vec<Node>,
    pub(super) room: RoomName,
    pub(super) kind: PresenceKind,
    pub(super) first: First,
    now: u64,
}

pub(super) struct Node {
    pub(super) presence: RedisPresence,
    pub(super) stats: Arc<Stats>,
    inbox: Inbox,
    /// Its own members, as the truth has them.
    pub(super) own: BTreeMap<u64, String>,
    pub(super) is_running: bool,
    pub(super) has_link: bool,
    pub(super) records: VecDeque<(RoomName, Bytes)>,
    pub(super) answers: VecDeque<(Ask, Bytes)>,
    pub(super) onlooker: Onlooker,
}

/// Somebody who is told of presence, as `docs/protocol.md` wants a client to apply it.
#[derive(Default)]
pub(super) struct Onlooker {
    pub(super) members: BTreeMap<u64, String>,
    pub(super) count: usize,
    pub(super) has_list: bool,
    pub(super) joined: Vec<u64>,
    pub(super) left: Vec<u64>,
    pub(super) changed: Vec<u64>,
}

impl Onlooker {
    fn apply(&mut self, change: &PresenceChange) {
        self.count = change.count;
        self.has_list = !change.only_count;
        if change.only_count {
            return;
        }
        if let Some(all) = &change.members {
            self.members = all.iter().map(entry).collect();
        }
        self.members.extend(change.joined.iter().chain(&change.changed).map(entry));
        for member in &change.left {
            self.members.remove(&member.session.0);
        }
        let ids = |members: &[Member]| members.iter().map(|m| m.session.0).collect::<Vec<_>>();
        self.joined.extend(ids(&change.joined));
        self.left.extend(ids(&change.left));
        self.changed.extend(ids(&change.changed));
    }
}

fn entry(member: &Member) -> (u64, String) {
    (member.session.0, member.state.as_ref().map_or("", Payload::as_str).to_owned())
}

impl Node {
    fn new(seed: u64) -> Self {
        let (sender, inbox) = inbox(1 << 20);
        let stats = Arc::new(Stats::default());
        let (batch, lease) = (Duration::from_millis(BATCH), Duration::from_millis(LEASE));
        let shared = Arc::clone(&stats);
        let presence = RedisPresence::new(vec![sender], batch, lease, seed << 16, shared);
        Self {
            presence,
            stats,
            inbox,
            own: BTreeMap::new(),
            is_running: true,
            has_link: false,
            records: VecDeque::new(),
            answers: VecDeque::new(),
            onlooker: Onlooker::default(),
        }
    }

    /// Takes what the shard is told.
    pub(super) fn listen(&mut self) {
        while let Some(event) = self.inbox.try_recv() {
            let Event::Presence { change, .. } = event else { panic!("{event:?}") };
            self.onlooker.apply(&change);
        }
    }
}

impl World {
    /// So many nodes with a link and an onlooker each.
    pub(super) fn new(store: Box<dyn Store>, nodes: u64, kind: PresenceKind) -> Self {
        let room = RoomName::new("chat:tea").unwrap();
        let nodes: Vec<Node> = (1..=nodes).map(Node::new).collect();
        let mut world = Self { store, nodes, room, kind, first: First::Records, now: 0 };
        for node in 0..world.nodes.len() {
            world.nodes[node].presence.watch(&world.room, kind, 0);
            world.link(node);
        }
        world.settle();
        world
    }

    pub(super) fn now(&self) -> Now {
        Now { uptime: Duration::from_millis(self.now), ..Now::default() }
    }

    pub(super) fn enter(&mut self, node: usize, session: u64) {
        let user = Some(User { id: None, name: Some("Ann ☕".into()) });
        let member = Member { session: SessionId(session), user, state: None };
        self.nodes[node].presence.enter(&self.room, self.kind, member, 0);
        self.nodes[node].own.insert(session, String::new());
    }

    pub(super) fn leave(&mut self, node: usize, session: u64) {
        self.nodes[node].presence.leave(&self.room, SessionId(session), 0);
        self.nodes[node].own.remove(&session);
    }

    pub(super) fn state(&mut self, node: usize, session: u64, state: &str) {
        let news = MemberNews::State(Payload::parse(state).unwrap());
        self.nodes[node].presence.update(&self.room, SessionId(session), news);
        self.nodes[node].own.entry(session).and_modify(|known| state.clone_into(known));
    }

    /// The node has a link, and hears the room.
    pub(super) fn link(&mut self, node: usize) {
        let node = &mut self.nodes[node];
        node.has_link = true;
        node.presence.link_up();
        node.presence.subscribed(&self.room, self.kind);
    }

    /// The node's link breaks; what was on its way is lost.
    pub(super) fn cut(&mut self, node: usize) {
        let node = &mut self.nodes[node];
        node.has_link = false;
        node.records.clear();
        node.answers.clear();
        node.presence.link_down();
    }

    /// Time passes.
    pub(super) fn tick(&mut self, ms: u64) {
        self.now += ms;
        self.store.pass(ms);
    }

    /// The node tells its shards what changed, and asks what is due. Returns whether it asked
    /// anything but for a sign of life.
    pub(super) fn act(&mut self, node: usize) -> bool {
        let now = self.now();
        let node = &mut self.nodes[node];
        node.presence.flush(now);
        node.listen();
        let asks = node.presence.due(now);
        let is_busy = asks.iter().any(|ask| !matches!(ask.want, Want::Beat(_)));
        for ask in asks {
            let answer = self.store.ask(&ask);
            node.answers.push_back((ask, answer));
        }
        self.publish();
        is_busy
    }

    fn publish(&mut self) {
        for (room, record) in self.store.published() {
            for node in self.nodes.iter_mut().filter(|node| node.has_link) {
                node.records.push_back((room.clone(), record.clone()));
            }
        }
    }

    pub(super) fn hear_record(&mut self, node: usize) -> bool {
        let node = &mut self.nodes[node];
        let Some((room, record)) = node.records.pop_front() else { return false };
        node.presence.arrived(&room, record);
        true
    }

    pub(super) fn hear_answer(&mut self, node: usize) -> bool {
        let now = self.now();
        let node = &mut self.nodes[node];
        let Some((ask, answer)) = node.answers.pop_front() else { return false };
        node.presence.done(ask, Some(answer), now);
        true
    }

    /// One round: every running node acts, then hears all that waits for it. Returns whether
    /// anything happened.
    pub(super) fn round(&mut self) -> bool {
        let mut is_busy = false;
        for node in 0..self.nodes.len() {
            if !self.nodes[node].is_running {
                continue;
            }
            is_busy |= self.act(node);
            if self.first == First::Answers {
                while self.hear_answer(node) {}
            }
            while self.hear_record(node) {
                is_busy = true;
            }
            while self.hear_answer(node) {}
        }
        is_busy
    }

    /// So much time passes, in rounds.
    pub(super) fn pass(&mut self, ms: u64) {
        for _ in 0..ms / BATCH {
            self.tick(BATCH);
            self.round();
        }
    }

    /// Goes on until nothing happens any more.
    pub(super) fn settle(&mut self) {
        let mut quiet = 0;
        for _ in 0..1_000 {
            self.tick(BATCH);
            quiet = if self.round() { 0 } else { quiet + 1 };
            if quiet == 3 {
                return;
            }
        }
        panic!("it does not come to rest");
    }

    /// Who joined, left and changed on that node, as its onlooker was told since the last time.
    pub(super) fn told(&mut self, node: usize) -> (Vec<u64>, Vec<u64>, Vec<u64>) {
        let onlooker = &mut self.nodes[node].onlooker;
        let mut lists = [&mut onlooker.joined, &mut onlooker.left, &mut onlooker.changed];
        let lists = lists.each_mut().map(|list| {
            let mut list = std::mem::take(*list);
            list.sort_unstable();
            list
        });
        let [joined, left, changed] = lists;
        (joined, left, changed)
    }

    /// What is so, by the members of all nodes that run.
    pub(super) fn truth(&self) -> BTreeMap<u64, String> {
        let nodes = self.nodes.iter().filter(|node| node.is_running);
        nodes.flat_map(|node| node.own.clone()).collect()
    }

    /// Every running node's view, and what its onlooker was told, are the truth.
    pub(super) fn check(&self) -> Result<(), String> {
        let truth = self.truth();
        for (at, node) in self.nodes.iter().enumerate().filter(|(_, node)| node.is_running) {
            let roster = node.presence.roster(&self.room);
            let listed = matches!(self.kind, PresenceKind::Full { up_to } if truth.len() <= up_to);
            let members = roster.members.map(|all| all.iter().map(entry).collect());
            let expected = listed.then(|| truth.clone());
            let onlooker = &node.onlooker;
            if (&members, roster.count) != (&expected, truth.len()) {
                let view = (members, roster.count);
                return Err(format!("node {at} sees {view:?} and not {truth:?}"));
            }
            let is_told = onlooker.has_list == listed || onlooker.count == 0;
            if onlooker.count != truth.len() || !is_told {
                return Err(format!("on node {at} {} are told of {truth:?}", onlooker.count));
            }
            if listed && onlooker.members != truth {
                let told = &onlooker.members;
                return Err(format!("on node {at} {told:?} are told and not {truth:?}"));
            }
        }
        Ok(())
    }
}
