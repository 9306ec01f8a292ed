//! What a node has heard of the other nodes' members of one room: how far, and what is missing.
//!
//! Changes come on the channel, rosters as answers: one may overtake the other. Each change of a
//! node has a number and names the one before it, and a roster says the number of each node's
//! last change; so what is older is known to be, and a change that is missing shows at the next.

use super::record::{Entry, News, NodeId, Record, Told};
use roomcast_core::LocalPresence;
use roomcast_core::presence::{RemoteChange, RemoteCrowd};
use roomcast_protocol::RoomName;
use std::collections::HashMap;

/// Most changes kept while a roster is asked for; beyond, it is asked for again.
const MAX_WAITING: usize = 1_024;

#[derive(Debug, Default)]
pub(super) struct Others {
    /// By process.
    heard: HashMap<u64, Heard>,
    /// The roster is to be asked for.
    pub(super) is_wanted: bool,
    /// It was, by this ticket.
    pub(super) asked: Option<u64>,
    /// Changes that follow some that are missing, until the roster comes.
    waiting: Vec<Record>,
    /// Earlier names of processes that still stand in Redis, and the beat at which they were seen.
    ghosts: HashMap<NodeId, u64>,
    /// Nodes are kept that the last roster did not have: Redis may have lost them.
    pub(super) is_doubtful: bool,
}

/// How far a process was heard.
#[derive(Debug, Clone, Copy)]
struct Heard {
    node: NodeId,
    /// The number of its last change; the greatest there is when it was ended.
    number: u64,
    /// It has members in the room. If not, this stands here only while a roster is on its way.
    is_here: bool,
    /// The number of this node's own last sign of life when the name was heard first.
    beat: u64,
    /// Heard since the roster was asked for.
    is_fresh: bool,
}

/// Where it all goes: the node's view of a room, and the number of its last sign of life.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) view: &'a LocalPresence,
    pub(super) room: &'a RoomName,
    pub(super) beat: u64,
}

impl Others {
    /// The roster is asked for now.
    pub(super) fn ask(&mut self, ticket: u64) {
        (self.is_wanted, self.asked) = (false, Some(ticket));
        self.heard.values_mut().for_each(|heard| heard.is_fresh = false);
    }

    /// The roster that was asked for did not come.
    pub(super) fn not_answered(&mut self) {
        self.asked = None;
        self.is_wanted = true;
        self.waiting.clear();
        self.heard.retain(|_, heard| heard.is_here);
    }

    /// A change came. Returns whether it is of a name that was not known.
    pub(super) fn arrived(&mut self, record: Record, place: Place<'_>) -> bool {
        let process = record.node.process();
        let before = self.heard.get(&process).copied();
        let number = if let News::Change(told) = &record.news { told.number } else { u64::MAX };
        if before.is_some_and(|heard| (heard.node, heard.number) >= (record.node, number)) {
            return false;
        }
        match record.news {
            News::Change(told) if told.count > 0 => {
                let follows = before.is_some_and(|heard| {
                    heard.is_here && (heard.node, heard.number) == (record.node, told.after)
                });
                if told.is_listed && !told.is_whole && !follows {
                    self.missed(Record { node: record.node, news: News::Change(told) });
                    return false;
                }
                apply(process, told, place);
                self.note(record.node, number, true, place.beat);
            }
            _ => {
                place.view.remote_gone(place.room, process);
                self.note_gone(record.node, number);
            }
        }
        before.is_none_or(|heard| heard.node != record.node)
    }

    fn missed(&mut self, record: Record) {
        let is_full = self.waiting.len() >= MAX_WAITING;
        if self.asked.is_some() && !is_full {
            self.waiting.push(record);
        } else {
            self.is_wanted = true;
        }
    }

    fn note(&mut self, node: NodeId, number: u64, is_fresh: bool, beat: u64) {
        let known = self.heard.get(&node.process()).filter(|heard| heard.node == node);
        let beat = known.map_or(beat, |heard| heard.beat);
        let heard = Heard { node, number, is_here: true, beat, is_fresh };
        self.heard.insert(node.process(), heard);
    }

    fn note_gone(&mut self, node: NodeId, number: u64) {
        self.ghosts.remove(&node);
        if self.asked.is_none() {
            self.heard.remove(&node.process());
            return;
        }
        // The roster on its way may still have it.
        let heard = Heard { node, number, is_here: false, beat: 0, is_fresh: true };
        self.heard.insert(node.process(), heard);
    }

    /// The roster came. With `trust`, a node that it does not have has no members. Returns
    /// whether there is a name that was not known.
    pub(super) fn roster(
        &mut self,
        entries: Vec<Entry>,
        own: NodeId,
        trust: bool,
        place: Place<'_>,
    ) -> bool {
        self.asked = None;
        let (mut nodes, mut is_new) = (Vec::new(), false);
        for (process, entry) in self.newest(entries, own, place.beat) {
            let (stamp, count) = ((entry.node, entry.number), entry.count);
            let known = self.heard.get(&process).copied();
            let members = entry.members.map(RemoteCrowd::of);
            let is_older = known.is_some_and(|heard| {
                let heard = (heard.node, heard.number);
                heard > stamp || heard == stamp && members.is_none()
            });
            if is_older {
                nodes.extend(known.filter(|heard| heard.is_here).map(|_| (process, None)));
                continue;
            }
            is_new |= known.is_none_or(|heard| heard.node != entry.node);
            self.note(entry.node, entry.number, false, place.beat);
            let crowd = members.unwrap_or(RemoteCrowd::unlisted(count));
            nodes.push((process, Some(crowd)));
        }
        self.settle(&mut nodes, trust);
        place.view.replace_remotes(place.room, nodes);
        for record in std::mem::take(&mut self.waiting) {
            is_new |= self.arrived(record, place);
        }
        is_new
    }

    /// Decides on the nodes that the roster said nothing new of.
    fn settle(&mut self, nodes: &mut Vec<(u64, Option<RemoteCrowd>)>, trust: bool) {
        self.is_doubtful = false;
        self.heard.retain(|&process, heard| {
            if !heard.is_here {
                return false;
            }
            let is_said = nodes.iter().any(|(said, _)| *said == process);
            if !is_said && (heard.is_fresh || !trust) {
                self.is_doubtful |= !heard.is_fresh;
                nodes.push((process, None));
            }
            is_said || heard.is_fresh || !trust
        });
    }

    /// The last name of each other process; earlier ones are ghosts.
    fn newest(&mut self, entries: Vec<Entry>, own: NodeId, beat: u64) -> HashMap<u64, Entry> {
        let mut newest: HashMap<u64, Entry> = HashMap::new();
        for entry in entries {
            if entry.node.process() == own.process() {
                if entry.node != own {
                    self.ghosts.entry(entry.node).or_insert(beat);
                }
                continue;
            }
            let process = entry.node.process();
            let other = match newest.remove(&process) {
                Some(other) if other.node > entry.node => {
                    let node = entry.node;
                    newest.insert(process, other);
                    Some(node)
                }
                other => {
                    newest.insert(process, entry);
                    other.map(|other| other.node)
                }
            };
            if let Some(ghost) = other {
                self.ghosts.entry(ghost).or_insert(beat);
            }
        }
        newest
    }

    /// The names that stand here and were heard before this node's sign of life of that number.
    pub(super) fn names_before(&self, beat: u64) -> impl Iterator<Item = NodeId> {
        let here = self.heard.values().filter(|heard| heard.is_here);
        let here = here.map(|heard| (heard.node, heard.beat));
        let all = here.chain(self.ghosts.iter().map(|(&node, &seen)| (node, seen)));
        all.filter(move |&(_, seen)| seen < beat).map(|(node, _)| node)
    }

    /// A node was ended in Redis.
    pub(super) fn ended(&mut self, node: NodeId, place: Place<'_>) {
        self.ghosts.remove(&node);
        let process = node.process();
        if self.heard.get(&process).is_some_and(|heard| heard.is_here && heard.node == node) {
            place.view.remote_gone(place.room, process);
            self.note_gone(node, u64::MAX);
        }
    }
}

fn apply(process: u64, told: Told, place: Place<'_>) {
    if !told.is_listed {
        let crowd = RemoteCrowd::unlisted(told.count);
        return place.view.replace_remote(place.room, process, crowd);
    }
    if told.is_whole {
        return place.view.replace_remote(place.room, process, RemoteCrowd::of(told.set));
    }
    let change = RemoteChange { count: told.count, set: told.set, gone: told.gone };
    place.view.remote(place.room, process, change);
}
