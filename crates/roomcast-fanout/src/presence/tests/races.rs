//! Moments that a story seldom meets: what comes between a question and its answer.

use super::super::ask::{Ask, Beat, Want};
use super::super::lease::{Lease, Shown};
use super::super::record::{NodeId, Pulse};
use super::fake::{Fake, Store};
use super::real::Real;
use super::stories::story;
use super::world::{FULL, LEASE};
use std::time::Duration;

#[test]
fn a_roster_waits_for_what_this_node_has_still_to_write() {
    story(2, FULL, |world| {
        // The other node's members are known by a roster that was too large for lists.
        world.cut(1);
        world.enters(0, 1..=4);
        world.enters(1, 11..=14);
        world.settle();
        world.link(1);
        world.settle();
        world.leave(1, 11);
        world.tick(100);
        world.act(1);
        // The change is on its way when the room becomes small enough for lists.
        world.leave(1, 12);
        world.tick(100);
        world.act(1);
        world.is_right();
        assert!(world.nodes[1].onlooker.has_list);
    });
}

#[test]
fn a_node_that_is_new_is_not_taken_for_dead() {
    story(3, FULL, |world| {
        world.cut(2);
        world.pass(3 * LEASE);
        // The survivors' next sign of life is answered before the new node is known.
        world.tick(LEASE / 2);
        world.act(0);
        world.link(2);
        world.enter(2, 1);
        for _ in 0..3 {
            world.tick(100);
            world.act(2);
            while world.hear_answer(2) {}
        }
        assert!(world.hear_record(0), "the new node has told of its member");
        while world.hear_answer(0) {}
        world.is_right();
        assert_eq!(world.told(1), (vec![1], vec![], vec![]));
        assert_eq!(world.reaped(), 0);
    });
}

fn beat(node: NodeId, is_new: bool) -> Ask {
    let lease = Duration::from_millis(LEASE);
    Ask { link: 1, want: Want::Beat(Beat { node, lease, is_new, number: 1 }) }
}

#[test]
fn a_lease_that_has_run_out_is_not_taken_up_again() {
    let stores: [Box<dyn Store>; 2] = [Box::<Fake>::default(), Box::new(Real::start())];
    for mut store in stores {
        let mut beat = |node, is_new, passed| {
            store.pass(passed);
            Pulse::read(store.ask(&beat(node, is_new))).unwrap()
        };
        let (ann, bob) = (NodeId::first(1 << 16), NodeId::first(2 << 16));
        assert!(!beat(ann, false, 0).holds, "it was never taken");
        assert_eq!(beat(ann, true, 0).alive, [ann]);
        assert_eq!(beat(bob, true, LEASE / 2).alive, [ann, bob]);
        assert!(beat(ann, false, LEASE / 4).holds);
        let late = beat(ann, false, 2 * LEASE);
        assert_eq!((late.holds, late.alive), (false, vec![]));
        let memory = beat(ann.next(), true, 0).memory;
        let late = beat(ann, false, 0);
        assert_eq!((late.holds, &late.memory), (false, &memory));
        assert_eq!(late.alive, [ann.next()]);
    }
}

fn pulse(holds: bool, memory: &str) -> Option<Pulse> {
    Some(Pulse { holds, memory: memory.into(), alive: Vec::new() })
}

#[test]
fn a_node_takes_another_name_when_its_lease_has_run_out_by_either_clock() {
    let first = NodeId::first(1 << 16);
    let mut lease = Lease::new(first, LEASE);
    assert!(!lease.holds(0) && !lease.check(0));
    let new = lease.due(0).unwrap();
    assert!(new.is_new && lease.due(0).is_none(), "one at a time");
    assert_eq!(lease.answered(&new, pulse(true, "a"), 10), Shown::default());
    assert!(lease.holds(LEASE - 1) && !lease.holds(LEASE), "from when it was sent");
    assert!(lease.due(LEASE / 4 - 1).is_none());
    // By its own clock.
    assert!(!lease.check(LEASE - 1) && lease.check(LEASE));
    assert_eq!(lease.node, first.next());
    let new = lease.due(LEASE).unwrap();
    assert!(new.is_new && !lease.holds(LEASE));
    lease.answered(&new, pulse(true, "a"), LEASE);
    // By Redis, which has lost its data as well.
    let next = lease.due(2 * LEASE - 1).unwrap();
    let shown = lease.answered(&next, pulse(false, "b"), 2 * LEASE - 1);
    assert_eq!(shown, Shown { is_renamed: true, is_lost: true, may_reap: false });
    assert_eq!(lease.node, first.next().next());
    assert!(!next.is_new && lease.due(2 * LEASE).unwrap().is_new);
}

#[test]
fn only_signs_of_life_without_a_break_let_a_node_end_others() {
    let mut lease = Lease::new(NodeId::first(1 << 16), LEASE);
    let at = |lease: &mut Lease, now, answer| {
        let beat = lease.due(now).unwrap();
        lease.answered(&beat, answer, now).may_reap
    };
    let yes = || pulse(true, "a");
    for quarter in 0..4 {
        assert!(!at(&mut lease, quarter * LEASE / 4, yes()));
    }
    assert!(at(&mut lease, LEASE, yes()));
    // One that failed begins the time anew, and so does a new link.
    assert!(!at(&mut lease, 5 * LEASE / 4, None));
    assert!(!at(&mut lease, 6 * LEASE / 4, yes()));
    assert!(!at(&mut lease, 9 * LEASE / 4, yes()));
    assert!(at(&mut lease, 10 * LEASE / 4, yes()));
    lease.link_changed();
    assert!(!at(&mut lease, 11 * LEASE / 4, yes()));
}
