//! Tests of a node's view: its own members, those of other nodes, and what is told when.

use super::*;
use crate::inbox::{Inbox, inbox};
use roomcast_protocol::push::PresenceChange;

struct View {
    presence: LocalPresence,
    inbox: Inbox,
    room: RoomName,
}

const FULL: PresenceKind = PresenceKind::Full { up_to: 4 };

fn view() -> View {
    let (sender, inbox) = inbox(1 << 20);
    let presence = LocalPresence::new(vec![sender], Duration::from_millis(100)).shared();
    let view = View { presence, inbox, room: RoomName::new("tea").unwrap() };
    view.presence.watch(&view.room, FULL, 0);
    view
}

fn member(session: u64) -> Member {
    Member { session: SessionId(session), user: None, state: None }
}

fn stated(session: u64, state: &str) -> Member {
    Member { state: Payload::parse(state).ok(), ..member(session) }
}

fn set(count: usize, sessions: &[u64]) -> RemoteChange {
    let set = sessions.iter().map(|&session| member(session)).collect();
    RemoteChange { count, set, gone: Vec::new() }
}

fn of(sessions: &[u64]) -> RemoteCrowd {
    RemoteCrowd::of(sessions.iter().map(|&session| member(session)).collect())
}

fn ids(members: &[Member]) -> Vec<u64> {
    let mut ids: Vec<u64> = members.iter().map(|member| member.session.0).collect();
    ids.sort_unstable();
    ids
}

impl View {
    fn told(&mut self) -> Option<Arc<PresenceChange>> {
        self.presence.flush_now();
        let Event::Presence { change, .. } = self.inbox.try_recv()? else { panic!("presence") };
        assert!(self.inbox.try_recv().is_none());
        Some(change)
    }

    /// Who joined, left and changed, and how many there are.
    fn lists(&mut self) -> (Vec<u64>, Vec<u64>, Vec<u64>, usize) {
        let change = self.told().expect("something is told");
        assert!(!change.only_count && change.members.is_none(), "{change:?}");
        (ids(&change.joined), ids(&change.left), ids(&change.changed), change.count)
    }

    fn listed(&self) -> Option<Vec<u64>> {
        self.presence.roster(&self.room).members.map(|members| ids(&members))
    }
}

#[test]
fn what_is_known_already_is_not_told_again() {
    let mut view = view();
    view.presence.enter(&view.room, FULL, member(1), 0);
    view.presence.replace_remote(&view.room, 7, of(&[70]));
    assert_eq!(view.lists(), (vec![1, 70], vec![], vec![], 2));
    view.presence.remote(&view.room, 7, set(1, &[70])); // it typed, and thought better of it
    assert!(view.told().is_none());
    assert_eq!(view.listed(), Some(vec![1, 70]));
}

#[test]
fn members_of_all_nodes_are_one_crowd() {
    let mut view = view();
    view.presence.enter(&view.room, FULL, member(1), 0);
    view.presence.replace_remote(&view.room, 7, of(&[70]));
    view.presence.replace_remote(&view.room, 8, of(&[80]));
    assert_eq!(view.lists(), (vec![1, 70, 80], vec![], vec![], 3));
    view.presence.remote(&view.room, 7, set(2, &[71]));
    view.presence.remote_gone(&view.room, 8);
    assert_eq!(view.lists(), (vec![71], vec![80], vec![], 3));
    assert_eq!(view.listed(), Some(vec![1, 70, 71]));
}

#[test]
fn a_fresh_list_tells_only_differences() {
    let mut view = view();
    view.presence.replace_remotes(&view.room, vec![(7, Some(of(&[70, 71]))), (8, Some(of(&[80])))]);
    view.told();
    let same = || vec![(7, Some(of(&[70, 71]))), (8, None)];
    view.presence.replace_remotes(&view.room, same());
    assert!(view.told().is_none());
    let now = RemoteCrowd::of(vec![stated(70, "1"), member(72)]);
    view.presence.replace_remotes(&view.room, vec![(7, Some(now))]);
    assert_eq!(view.lists(), (vec![72], vec![71, 80], vec![70], 2));
}

#[test]
fn lists_come_only_when_all_are_known_and_few() {
    let mut view = view();
    view.presence.replace_remote(&view.room, 7, RemoteCrowd::unlisted(5));
    assert!(view.told().unwrap().only_count);
    assert!(view.presence.take_unlisted().is_empty());
    view.presence.remote(&view.room, 7, RemoteChange { count: 2, ..RemoteChange::default() });
    let change = view.told().unwrap();
    assert_eq!((change.only_count, change.count), (true, 2));
    assert_eq!(view.presence.take_unlisted().len(), 1, "the list is wanted");
    view.presence.replace_remotes(&view.room, vec![(7, Some(of(&[70, 71])))]);
    let change = view.told().unwrap();
    assert_eq!(change.members.as_ref().map(|all| ids(all)), Some(vec![70, 71]));
    view.presence.remote(&view.room, 7, set(5, &[72]));
    assert!(view.told().unwrap().only_count, "not all five are known");
}

#[test]
fn what_the_other_nodes_are_told_is_what_is_so_when_it_is_taken() {
    let view = view();
    let (presence, room) = (&view.presence, &view.room);
    for session in 1..=3 {
        presence.enter(room, FULL, member(session), 0);
    }
    presence.leave(room, SessionId(3), 0);
    assert!(presence.take_untold().is_empty(), "before the flush");
    presence.flush_now();
    assert_eq!(presence.take_untold().len(), 1);
    let first = presence.take_outgoing(room, false, false, 10);
    assert_eq!((ids(&first.set), first.gone.len(), first.count), (vec![1, 2], 1, 2));
    assert_eq!(first.everyone.map(|all| ids(&all)), Some(vec![1, 2]));
    presence.update(room, SessionId(2), MemberNews::State(Payload::of(&"x")));
    let next = presence.take_outgoing(room, false, true, 10);
    assert_eq!((ids(&next.set), next.is_listed, next.everyone), (vec![2], true, None));
    let part = presence.take_outgoing(room, true, true, 1);
    assert!(part.more && !part.is_listed && part.everyone.is_none());
    let rest = presence.take_outgoing(room, false, false, 1);
    assert_eq!((rest.more, rest.everyone.map(|all| all.len())), (false, Some(2)));
    assert_eq!(presence.own_rooms().len(), 1);
}

#[test]
fn a_room_without_members_anywhere_is_forgotten() {
    let mut view = view();
    view.presence.enter(&view.room, FULL, member(1), 0);
    view.presence.replace_remote(&view.room, 7, of(&[70]));
    view.presence.leave(&view.room, SessionId(1), 0);
    view.presence.unwatch(&view.room, 0);
    view.told();
    assert_eq!(view.presence.rooms(), 1, "another node's member, and somebody to tell of");
    view.presence.forget_remotes(&view.room);
    let last = view.presence.take_outgoing(&view.room, false, true, 10);
    assert_eq!((last.gone, last.count), (vec![SessionId(1)], 0));
    assert_eq!(view.presence.rooms(), 0);
}
