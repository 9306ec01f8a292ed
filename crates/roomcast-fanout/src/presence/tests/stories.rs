//! Stories, each told over a store in memory and over a real Redis.

use super::fake::Fake;
use super::real::Real;
use super::world::{FULL, First, LEASE, UP_TO, World};
use roomcast_core::room_kind::PresenceKind;

pub(super) fn story(nodes: u64, kind: PresenceKind, tell: impl Fn(&mut World)) {
    for first in [First::Records, First::Answers] {
        let mut world = World::new(Box::<Fake>::default(), nodes, kind);
        world.first = first;
        tell(&mut world);
    }
    tell(&mut World::new(Box::new(Real::start()), nodes, kind));
}

impl World {
    pub(super) fn is_right(&mut self) {
        self.settle();
        self.check().unwrap();
    }

    pub(super) fn enters(&mut self, node: usize, sessions: impl IntoIterator<Item = u64>) {
        sessions.into_iter().for_each(|session| self.enter(node, session));
    }

    /// Nothing more of the node reaches the others, nor the other way round.
    fn freeze(&mut self, node: usize) {
        self.nodes[node].is_running = false;
    }

    pub(super) fn reaped(&self) -> u64 {
        self.nodes.iter().map(|node| node.stats.reaped.get()).sum()
    }
}

/// Nothing was told.
const NOTHING: (Vec<u64>, Vec<u64>, Vec<u64>) = (vec![], vec![], vec![]);

#[test]
fn members_come_go_and_change_for_all_nodes_to_see() {
    story(3, FULL, |world| {
        world.enter(0, 1);
        world.enter(1, 2);
        world.is_right();
        assert_eq!(world.told(2), (vec![1, 2], vec![], vec![]));
        world.state(0, 1, "{\"typing\":true}");
        world.is_right();
        assert_eq!(world.told(2), (vec![], vec![], vec![1]));
        world.leave(0, 1);
        world.enter(2, 3);
        world.is_right();
        assert_eq!(world.told(1), (vec![1, 2, 3], vec![1], vec![1]));
        world.leave(1, 2);
        world.leave(2, 3);
        world.is_right();
        assert_eq!(world.nodes[0].onlooker.count, 0);
    });
}

#[test]
fn a_large_room_is_told_as_a_count_and_as_a_list_when_it_is_small_again() {
    story(3, FULL, |world| {
        world.enters(0, 1..=4);
        world.enters(1, 11..=14);
        world.is_right();
        assert!(!world.nodes[2].onlooker.has_list && world.nodes[2].onlooker.count == 8);
        world.leave(0, 1);
        world.leave(1, 11);
        world.is_right();
        assert!(world.nodes[2].onlooker.has_list);
        world.enters(0, 100..110);
        world.is_right();
        world.enter(1, 15);
        (100..110).for_each(|session| world.leave(0, session));
        world.leave(0, 2);
        world.is_right();
        assert_eq!(world.nodes[2].onlooker.count, UP_TO);
    });
}

#[test]
fn many_members_are_written_in_parts_and_counted_right() {
    story(2, PresenceKind::Count, |world| {
        world.enters(0, 1..=2_500);
        world.is_right();
        world.state(0, 7, "1");
        world.is_right();
        world.cut(1);
        world.link(1);
        world.is_right();
        (1..=2_500).for_each(|session| world.leave(0, session));
        world.is_right();
    });
}

#[test]
fn a_member_that_comes_later_is_given_the_others() {
    story(2, FULL, |world| {
        world.cut(1);
        world.enter(0, 1);
        world.nodes[1].presence.unsubscribed(&world.room);
        world.settle();
        world.link(1);
        assert!(!world.nodes[1].presence.is_known(&world.room));
        world.is_right();
        assert!(world.nodes[1].presence.is_known(&world.room));
        assert_eq!(world.told(1), (vec![1], vec![], vec![]));
    });
}

#[test]
fn a_killed_nodes_members_leave_once_said_by_one_survivor() {
    story(3, FULL, |world| {
        world.enters(0, [1, 2]);
        world.enter(1, 3);
        world.is_right();
        world.pass(LEASE);
        world.told(1);
        world.told(2);
        world.freeze(0);
        world.pass(LEASE - LEASE / 2);
        assert_eq!(world.told(1), NOTHING, "its lease has not run out");
        world.pass(LEASE);
        world.is_right();
        assert_eq!(world.told(1), (vec![], vec![1, 2], vec![]));
        assert_eq!(world.told(2), (vec![], vec![1, 2], vec![]));
        assert_eq!(world.reaped(), 1);
    });
}

#[test]
fn a_paused_node_comes_back_under_another_name_and_nobody_is_doubled() {
    for relinked in [false, true] {
        story(3, FULL, |world| {
            world.enters(0, [1, 2]);
            world.enter(1, 3);
            world.is_right();
            world.pass(2 * LEASE);
            world.told(1);
            world.freeze(0);
            world.pass(2 * LEASE);
            assert_eq!(world.told(1), (vec![], vec![1, 2], vec![]));
            world.nodes[0].is_running = true;
            if relinked {
                world.cut(0);
                world.link(0);
            }
            world.is_right();
            world.pass(2 * LEASE);
            world.is_right();
            assert_eq!(world.told(1), (vec![1, 2], vec![], vec![]));
            assert_eq!(world.reaped(), 1);
        });
    }
}

#[test]
fn a_node_that_is_back_before_anybody_ended_it_just_moves_over() {
    story(2, FULL, |world| {
        world.enters(0, [1, 2]);
        world.enter(1, 3);
        world.is_right();
        // The survivor's link is young: it may not end anybody yet.
        world.freeze(0);
        world.pass(LEASE);
        world.cut(1);
        world.link(1);
        world.settle();
        world.told(1);
        world.nodes[0].is_running = true;
        world.is_right();
        world.pass(3 * LEASE);
        world.is_right();
        assert_eq!(world.told(1), NOTHING);
        assert_eq!(world.reaped(), 0);
    });
}

#[test]
fn an_emptied_redis_is_filled_again_and_nobody_flickers() {
    for relinked in [false, true] {
        story(3, FULL, |world| {
            world.enters(0, [1, 2]);
            world.enter(1, 3);
            world.enter(2, 4);
            world.is_right();
            world.pass(2 * LEASE);
            (0..3).for_each(|node| _ = world.told(node));
            world.store.wipe();
            if relinked {
                (0..3).for_each(|node| world.cut(node));
                world.pass(2 * LEASE);
                world.store.wipe();
                world.link(2);
                world.settle();
                world.link(0);
                world.settle();
                world.link(1);
            }
            world.pass(4 * LEASE);
            world.is_right();
            for node in 0..3 {
                assert_eq!(world.told(node), NOTHING, "node {node}");
            }
            assert_eq!(world.reaped(), 0);
        });
    }
}

#[test]
fn a_node_that_stays_away_when_redis_was_emptied_has_left_in_the_end() {
    story(2, FULL, |world| {
        world.enter(0, 1);
        world.enter(1, 2);
        world.is_right();
        world.freeze(0);
        world.cut(1);
        world.store.wipe();
        world.link(1);
        world.settle();
        world.told(1);
        world.pass(3 * LEASE);
        world.is_right();
        assert_eq!(world.told(1), (vec![], vec![1], vec![]));
    });
}

#[test]
fn without_redis_a_node_goes_on_with_its_own_and_keeps_what_it_knew() {
    story(2, FULL, |world| {
        world.enter(0, 1);
        world.enter(1, 2);
        world.is_right();
        (0..2).for_each(|node| world.cut(node));
        world.told(1);
        world.enter(1, 3);
        world.leave(0, 1);
        world.enter(0, 4);
        world.pass(2 * LEASE);
        assert_eq!(world.told(1), (vec![3], vec![], vec![]));
        assert_eq!(world.nodes[1].onlooker.count, 3);
        (0..2).for_each(|node| world.link(node));
        world.is_right();
        assert_eq!(world.told(1), (vec![4], vec![1], vec![]));
    });
}

#[test]
fn lost_records_are_made_up_for() {
    for says_so in [false, true] {
        story(2, FULL, |world| {
            world.enters(0, [1, 2]);
            world.is_right();
            world.told(1);
            world.leave(0, 1);
            world.enter(0, 3);
            world.freeze(1);
            world.settle();
            world.nodes[1].records.clear();
            world.nodes[1].is_running = true;
            if says_so {
                world.nodes[1].presence.lagged();
            } else {
                // The next change shows that one is missing.
                world.enter(0, 4);
            }
            world.is_right();
            let joined = if says_so { vec![3] } else { vec![3, 4] };
            assert_eq!(world.told(1), (joined, vec![1], vec![]));
        });
    }
}

#[test]
fn a_roster_may_overtake_records_and_records_a_roster() {
    for answer_first in [false, true] {
        story(2, FULL, |world| {
            world.enters(0, [1, 2]);
            world.is_right();
            world.told(1);
            // The roster is answered between two changes, of which it knows the first.
            world.leave(0, 1);
            world.tick(100);
            world.act(0);
            while world.hear_answer(0) {}
            world.nodes[1].presence.lagged();
            world.act(1);
            world.leave(0, 2);
            world.tick(100);
            world.act(0);
            while world.hear_answer(0) {}
            if answer_first {
                while world.hear_answer(1) {}
            }
            while world.hear_record(1) {}
            while world.hear_answer(1) {}
            world.is_right();
            assert_eq!(world.told(1), (vec![], vec![1, 2], vec![]));
        });
    }
}

#[test]
fn a_node_that_ends_takes_its_members_with_it() {
    story(2, FULL, |world| {
        world.enters(0, [1, 2]);
        world.is_right();
        world.told(1);
        world.leave(0, 1);
        world.leave(0, 2);
        world.nodes[0].presence.final_flush();
        assert!(!world.nodes[0].presence.is_idle());
        world.act(0);
        while world.hear_answer(0) {}
        assert!(world.nodes[0].presence.is_idle());
        world.freeze(0);
        world.is_right();
        assert_eq!(world.told(1), (vec![], vec![1, 2], vec![]));
    });
}
