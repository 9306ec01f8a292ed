//! Those who ask who is in a room that this node does not hear: Redis is asked for them.

use super::ask;
use super::record::{Entry, NodeId};
use crate::redis_broker::unavailable;
use roomcast_core::inbox::InboxSender;
use roomcast_core::presence::Roster;
use roomcast_core::room_kind::PresenceKind;
use roomcast_core::{Answer, Asker};
use roomcast_protocol::RoomName;
use roomcast_protocol::push::Member;
use std::collections::{HashMap, HashSet, VecDeque};

/// No node: of a room that is only looked at, everyone is listed.
const NOBODY: NodeId = NodeId(0);

#[derive(Debug)]
pub(super) struct Looks {
    inboxes: Vec<InboxSender>,
    waiting: VecDeque<Look>,
    /// By the ticket of the question.
    asked: HashMap<u64, Look>,
    /// Answered, but with nodes that may not be alive: the next sign of life tells.
    held: Vec<(Look, Vec<Entry>)>,
}

/// What became of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Looked {
    /// It was to another question.
    Other,
    /// Whoever asked knows.
    Done,
    /// It is to be known first who is alive.
    Held,
}

#[derive(Debug)]
struct Look {
    room: RoomName,
    kind: PresenceKind,
    asker: Asker,
}

impl Looks {
    pub(super) fn new(inboxes: Vec<InboxSender>) -> Self {
        Self { inboxes, waiting: VecDeque::new(), asked: HashMap::new(), held: Vec::new() }
    }

    pub(super) fn has_more(&self) -> bool {
        !self.waiting.is_empty()
    }

    pub(super) fn want(&mut self, room: RoomName, kind: PresenceKind, asker: Asker) {
        self.waiting.push_back(Look { room, kind, asker });
    }

    /// At most so many questions, each with the next number as its ticket.
    pub(super) fn due(
        &mut self,
        number: &mut u64,
        most: usize,
    ) -> impl Iterator<Item = ask::Roster> {
        let some = self.waiting.len().min(most);
        self.waiting.drain(..some).map(|look| {
            *number += 1;
            let most = if let PresenceKind::Full { up_to } = look.kind { up_to } else { 0 };
            let room = look.room.clone();
            self.asked.insert(*number, look);
            ask::Roster { room, node: NOBODY, most, ticket: *number }
        })
    }

    /// Takes the answer to one of these questions; none if it failed.
    pub(super) fn answered(
        &mut self,
        asked: &ask::Roster,
        entries: Option<&[Entry]>,
        alive: &HashSet<NodeId>,
    ) -> Looked {
        let Some(look) = self.asked.remove(&asked.ticket) else { return Looked::Other };
        let Some(entries) = entries else {
            self.refuse(look.asker, &look.room);
            return Looked::Done;
        };
        if entries.iter().all(|entry| alive.contains(&entry.node)) {
            self.tell(look, entries);
            return Looked::Done;
        }
        self.held.push((look, entries.to_vec()));
        Looked::Held
    }

    /// These nodes are alive now: the others are as good as gone.
    pub(super) fn alive(&mut self, alive: &HashSet<NodeId>) {
        for (look, mut entries) in std::mem::take(&mut self.held) {
            entries.retain(|entry| alive.contains(&entry.node));
            self.tell(look, &entries);
        }
    }

    fn tell(&self, look: Look, entries: &[Entry]) {
        let answer = Answer::Roster(roster_of(entries, look.kind));
        look.asker.tell(&self.inboxes, &look.room, answer);
    }

    /// The link is gone, and every answer with it.
    pub(super) fn give_up(&mut self) {
        let asked = std::mem::take(&mut self.asked).into_values();
        let waiting = std::mem::take(&mut self.waiting);
        let held = std::mem::take(&mut self.held).into_iter().map(|(look, _)| look);
        for look in asked.chain(waiting).chain(held) {
            self.refuse(look.asker, &look.room);
        }
    }

    pub(super) fn refuse(&self, asker: Asker, room: &RoomName) {
        let refusal = unavailable("Redis is away: who is there is not known");
        asker.tell(&self.inboxes, room, Answer::Refused(refusal));
    }
}

/// All nodes' members together, as a list where each node's are one.
fn roster_of(entries: &[Entry], kind: PresenceKind) -> Roster {
    let count = entries.iter().map(|entry| entry.count).sum();
    let all: Option<Vec<&[Member]>> =
        entries.iter().map(|entry| entry.members.as_deref()).collect();
    let listed = all.filter(|_| matches!(kind, PresenceKind::Full { up_to } if count <= up_to));
    Roster { members: listed.map(|all| all.concat().into()), count }
}
