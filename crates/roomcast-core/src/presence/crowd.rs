//! The members of one room as a node sees them: its own, and those of other nodes.

use super::Roster;
use super::gathered::Gathered;
use super::nodes::{Outgoing, RemoteChange, RemoteCrowd};
use crate::inbox::ShardId;
use crate::presence::MemberNews;
use crate::room_kind::PresenceKind;
use roomcast_protocol::SessionId;
use roomcast_protocol::push::{Member, PresenceChange};
use std::collections::{HashMap, HashSet};

#[derive(Debug, Default)]
pub(super) struct Crowd {
    /// Most members that are told as a list; none where only their number ever is.
    up_to: Option<usize>,
    /// This node's own members.
    members: HashMap<SessionId, Member>,
    /// Those of other nodes.
    remotes: HashMap<u64, RemoteCrowd>,
    /// How many of its own members, and of those who watch, are on which shard.
    pub(super) shards: HashMap<ShardId, usize>,
    gathered: Gathered,
    pub(super) has_changed: bool,
    /// Some member was last told only the count.
    pub(super) told_count: bool,
    /// Own members of whom the other nodes are to be told something.
    untold: HashSet<SessionId>,
}

impl Crowd {
    /// One more on the shard wants to hear of changes.
    pub(super) fn come(&mut self, kind: PresenceKind, shard: ShardId) {
        self.up_to = if let PresenceKind::Full { up_to } = kind { Some(up_to) } else { None };
        *self.shards.entry(shard).or_default() += 1;
    }

    /// One less does.
    pub(super) fn go(&mut self, shard: ShardId) {
        let Some(count) = self.shards.get_mut(&shard) else { return };
        *count -= 1;
        if *count == 0 {
            self.shards.remove(&shard);
        }
    }

    pub(super) fn enter(&mut self, member: Member, share: bool) {
        self.touch(member.session, share);
        self.members.insert(member.session, member.clone());
        self.gathered.join(member);
    }

    pub(super) fn leave(&mut self, session: SessionId, shard: ShardId, share: bool) {
        let Some(member) = self.members.remove(&session) else { return };
        self.touch(session, share);
        self.go(shard);
        self.gathered.leave(member);
    }

    pub(super) fn update(&mut self, session: SessionId, news: MemberNews, share: bool) {
        let Some(member) = self.members.get_mut(&session) else { return };
        match news {
            MemberNews::State(state) => member.state = Some(state),
            MemberNews::User(user) => member.user = Some(user),
        }
        self.gathered.change(member.clone());
        self.touch(session, share);
    }

    fn touch(&mut self, session: SessionId, share: bool) {
        if share {
            self.untold.insert(session);
        }
    }

    /// Whether nothing of it is worth keeping.
    pub(super) fn is_over(&self) -> bool {
        self.shards.is_empty()
            && self.remotes.is_empty()
            && self.untold.is_empty()
            && !self.has_changed
    }

    /// Whether other nodes are to be told something.
    pub(super) fn has_untold(&self) -> bool {
        !self.untold.is_empty()
    }

    fn count(&self) -> usize {
        self.members.len() + self.remotes.values().map(|remote| remote.count).sum::<usize>()
    }

    /// Whether its members may be told as a list, as far as their number goes.
    fn is_small(&self) -> bool {
        self.up_to.is_some_and(|up_to| self.count() <= up_to)
    }

    /// Whether it would be told as a list, if only all members were known.
    pub(super) fn wants_lists(&self) -> bool {
        self.is_small() && self.remotes.values().any(|remote| remote.members.is_none())
    }

    pub(super) fn roster(&self) -> Roster {
        let as_list =
            self.is_small() && self.remotes.values().all(|remote| remote.members.is_some());
        let members = as_list.then(|| {
            let others = self.remotes.values().filter_map(|remote| remote.members.as_ref());
            self.members.values().chain(others.flat_map(HashMap::values)).cloned().collect()
        });
        Roster { members, count: self.count() }
    }

    /// What is to be told, if anything: with empty lists it would look as in a room that is too
    /// large for them.
    pub(super) fn take_change(&mut self) -> Option<PresenceChange> {
        self.has_changed = false;
        let gathered = std::mem::take(&mut self.gathered);
        let Roster { members, count } = self.roster();
        if members.is_none() {
            self.told_count = !self.shards.is_empty();
            return Some(PresenceChange { count, only_count: true, ..PresenceChange::default() });
        }
        let members = members.filter(|_| std::mem::take(&mut self.told_count));
        let is_new = members.is_some() || !gathered.is_empty();
        is_new.then(|| PresenceChange { count, members, ..gathered.into_change() })
    }

    /// What is new of the members of another node. Returns whether anything is.
    pub(super) fn remote(&mut self, node: u64, change: RemoteChange) -> bool {
        let before = self.remotes.entry(node).or_insert_with(|| RemoteCrowd::unlisted(0));
        if change.count == 0 {
            return self.remote_gone(node);
        }
        let count = std::mem::replace(&mut before.count, change.count);
        let Some(members) = &mut before.members else { return count != change.count };
        for session in &change.gone {
            if let Some(member) = members.remove(session) {
                self.gathered.leave(member);
            }
        }
        for member in change.set {
            put(members, member, &mut self.gathered);
        }
        if members.len() != change.count {
            // Not all are known: a change is missing.
            before.members = None;
        }
        true
    }

    /// All members of another node as they are now. Returns whether anything is new.
    pub(super) fn replace(&mut self, node: u64, now: RemoteCrowd) -> bool {
        if now.count == 0 {
            return self.remote_gone(node);
        }
        let before = self.remotes.remove(&node).unwrap_or_else(RemoteCrowd::empty);
        let is_new = match (before.members, &now.members) {
            (Some(known), Some(members)) => {
                let turns = self.gathered.turns();
                let (mut stayed, gone): (HashMap<_, _>, HashMap<_, _>) =
                    known.into_iter().partition(|(session, _)| members.contains_key(session));
                gone.into_values().for_each(|member| self.gathered.leave(member));
                let all = members.values().cloned();
                all.for_each(|member| put(&mut stayed, member, &mut self.gathered));
                turns != self.gathered.turns()
            }
            // Who came and went is not known: everyone is told anew.
            (None, Some(_)) => {
                self.told_count = true;
                true
            }
            (known, None) => known.is_some() || before.count != now.count,
        };
        self.remotes.insert(node, now);
        is_new
    }

    /// The other node has no members here now. Returns whether it had.
    pub(super) fn remote_gone(&mut self, node: u64) -> bool {
        let Some(remote) = self.remotes.remove(&node) else { return false };
        for member in remote.members.into_iter().flatten() {
            self.gathered.leave(member.1);
        }
        remote.count > 0
    }

    /// The other nodes with members here.
    pub(super) fn nodes(&self) -> Vec<u64> {
        self.remotes.keys().copied().collect()
    }

    /// Other nodes' members are no longer followed here.
    pub(super) fn forget_remotes(&mut self) {
        self.remotes.clear();
    }

    /// What other nodes are to be told now, at most so many members; the rest waits.
    pub(super) fn take_outgoing(&mut self, anew: bool, listed: bool, most: usize) -> Outgoing {
        if anew {
            self.untold = self.members.keys().copied().collect();
        }
        let now: Vec<SessionId> = self.untold.iter().copied().take(most).collect();
        let (mut set, mut gone) = (Vec::new(), Vec::new());
        for session in now {
            self.untold.remove(&session);
            match self.members.get(&session) {
                Some(member) => set.push(member.clone()),
                None => gone.push(session),
            }
        }
        let (count, more) = (self.members.len(), !self.untold.is_empty());
        let is_listed = !more && self.up_to.is_some_and(|up_to| count <= up_to);
        let everyone =
            (is_listed && (anew || !listed)).then(|| self.members.values().cloned().collect());
        Outgoing { set, gone, count, more, is_listed, has_lists: self.up_to.is_some(), everyone }
    }

    pub(super) fn most_in_lists(&self) -> Option<usize> {
        self.up_to
    }

    pub(super) fn has_own(&self) -> bool {
        !self.members.is_empty()
    }
}

/// Puts a member among those of its node, and tells what is new of it.
fn put(members: &mut HashMap<SessionId, Member>, member: Member, gathered: &mut Gathered) {
    match members.insert(member.session, member.clone()) {
        Some(before) if before == member => {}
        Some(_) => gathered.change(member),
        None => gathered.join(member),
    }
}
