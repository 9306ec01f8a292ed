//! A broker far away: its words come late, out of order or not at all, and its store comes back
//! with everything, or with nothing.

use crate::{room, room_kind};
use roomcast_core::inbox::Snapshot;
use roomcast_core::testing::{LateBroker, World, identity, join, publish};
use roomcast_core::{Config, Event, Grants, History, Slow};
use roomcast_protocol::command::Join;
use roomcast_protocol::dialect::guide::CHAT;
use roomcast_protocol::{CloseCode, Command, Epoch, Position};
use std::sync::Arc;

/// Ann in a room on one shard, Bob in it on the other, and what is said to Ann's is held back.
fn far_apart(config: Config) -> (World, Arc<LateBroker>) {
    let (mut world, late) = World::late(config, 2);
    for name in ["ann", "bob"] {
        world.connect(name);
        world.join(name, "tea");
        world.hear(name);
    }
    late.hold(true);
    (world, late)
}

fn say(world: &mut World, messages: &[&str]) {
    messages.iter().for_each(|json| world.publish("bob", "tea", json));
}

/// Ann's shard is told what is held back at these places, one after the other.
fn release(world: &mut World, late: &LateBroker, places: &[usize]) {
    for place in places {
        assert!(late.release(0, *place), "nothing is held back");
        world.settle();
    }
}

fn let_go(world: &mut World, late: &LateBroker) {
    late.hold(false);
    world.settle();
}

#[test]
fn messages_that_overtake_each_other_are_put_in_order() {
    let (mut world, late) = far_apart(Config::default());
    say(&mut world, &["1", "2", "3"]);
    release(&mut world, &late, &[2, 1, 0]);
    assert_eq!(world.hear("ann"), ["tea #1 bob: 1"], "the others wait for the room to be read");
    let_go(&mut world, &late);
    assert_eq!(world.hear("ann"), ["tea #2 bob: 2", "tea #3 bob: 3"]);
}

#[test]
fn a_message_that_overtakes_the_answer_to_a_join_comes_once_and_in_its_place() {
    let (mut world, late) = far_apart(Config::default());
    world.connect("cat");
    world.send("cat", Command::Join(join("tea")));
    say(&mut world, &["1", "2"]);
    release(&mut world, &late, &[2, 1]);
    assert_eq!(world.hear("ann"), ["tea #1 bob: 1"]);
    let_go(&mut world, &late);
    assert_eq!(world.hear("ann"), ["tea #2 bob: 2"]);
    assert_eq!(world.hear("cat"), ["joined tea @2"]);
    let repairs: u64 = world.hub().stats().iter().map(|stats| stats.repairs.get()).sum();
    assert_eq!(repairs, 0, "one reading was enough");
}

#[test]
fn a_join_is_given_all_up_to_its_position_and_nothing_beyond_a_hole() {
    let (mut world, late) = far_apart(Config::default());
    world.connect("cat");
    world.send("cat", Command::Join(Join { rewind: 9, ..join("tea") }));
    say(&mut world, &["1", "2", "3"]);
    // The third overtakes the second, and both the answer that knows of none.
    release(&mut world, &late, &[1, 2, 0]);
    assert_eq!(world.hear("cat"), ["joined tea @1 [#1 bob: 1]"]);
    let_go(&mut world, &late);
    assert_eq!(world.hear("cat"), ["tea #2 bob: 2", "tea #3 bob: 3"]);
    assert_eq!(world.hear("ann"), ["tea #1 bob: 1", "tea #2 bob: 2", "tea #3 bob: 3"]);
}

#[test]
fn a_message_that_never_comes_is_read_when_the_next_one_does() {
    let (mut world, late) = far_apart(room_kind(|kind| {
        kind.history = History { size: 2, ..History::default() };
    }));
    say(&mut world, &["1", "2", "3", "4"]);
    (0..3).for_each(|_| late.lose(0, 0));
    release(&mut world, &late, &[0]);
    let_go(&mut world, &late);
    assert_eq!(world.hear("ann"), ["gap tea 1-2 broker", "tea #3 bob: 3", "tea #4 bob: 4"]);
}

#[test]
fn a_room_that_goes_on_in_another_epoch_misses_nothing() {
    let (mut world, late) = far_apart(Config::default());
    late.hold(false);
    say(&mut world, &["1"]);
    late.turn();
    say(&mut world, &["2"]);
    let told = ["tea #1 bob: 1", "joined tea @1 recovered", "tea #2 bob: 2"];
    assert_eq!(world.hear("ann"), told);
    world.cut("ann");
    say(&mut world, &["3"]);
    world.come_back("ann");
    assert_eq!(world.hear("ann"), ["joined tea @3 recovered [#3 bob: 3]"]);
}

#[test]
fn a_position_of_an_earlier_epoch_recovers_as_far_as_that_one_counts() {
    let (mut world, late) = far_apart(Config::default());
    late.hold(false);
    say(&mut world, &["1", "2"]);
    let rejoin = world.rejoin("ann", "tea");
    world.cut("ann");
    late.turn();
    say(&mut world, &["3"]);
    world.connect("ann");
    world.command("ann", rejoin.clone());
    assert_eq!(world.hear("ann"), ["joined tea @3 recovered [#3 bob: 3]"]);
    let Command::Join(rejoin) = rejoin else { unreachable!("it is a join") };
    let ahead = rejoin.since.map(|since| Position { offset: 3, ..since });
    let unknown = Some(Position { epoch: Epoch(9), offset: 1 });
    for (name, since) in [("cat", ahead), ("dan", unknown)] {
        world.connect(name);
        world.join_with(name, Join { since, ..join("tea") });
        assert_eq!(world.hear(name), ["joined tea @3 not recovered: epoch"]);
    }
}

#[test]
fn offsets_of_another_epoch_are_never_taken_for_the_next_ones() {
    let (mut world, late) = far_apart(Config::default());
    late.hold(false);
    say(&mut world, &["1"]);
    late.hold(true);
    late.forget(world.now());
    say(&mut world, &["1", "2"]);
    // The first word of the new life is a message whose offset would come next: #2.
    release(&mut world, &late, &[2]);
    assert_eq!(world.hear("ann"), ["tea #1 bob: 1"]);
    let_go(&mut world, &late);
    assert_eq!(world.hear("ann"), ["joined tea @2 not recovered: epoch"]);
    say(&mut world, &["3"]);
    assert_eq!(world.hear("ann"), ["tea #3 bob: 3"]);
}

#[test]
fn what_came_after_a_room_began_anew_is_delivered() {
    let (mut world, late) = far_apart(Config::default());
    late.forget(world.now());
    // The room is read, and a message overtakes the answer.
    release(&mut world, &late, &[0]);
    say(&mut world, &["1"]);
    release(&mut world, &late, &[1, 0]);
    assert_eq!(world.hear("ann"), ["joined tea @0 not recovered: epoch", "tea #1 bob: 1"]);
}

#[test]
fn a_room_that_cannot_be_read_refuses_joins_and_keeps_its_members() {
    let (mut world, late) = World::late(Config::default(), 1);
    world.connect("ann");
    world.join("ann", "tea");
    late.can_read(false);
    world.connect("bob");
    world.send("bob", Command::Join(join("tea")));
    world.send("bob", Command::Publish(publish("tea", "1")));
    world.send("bob", Command::Leave { room: room("tea") });
    world.settle();
    let refused = ["error tea unavailable", "error tea not_joined", "error tea not_joined"];
    assert_eq!(world.hear("bob"), refused);
    assert_eq!(world.hub().members(&room("tea")), 1);
    world.publish("ann", "tea", "2");
    late.can_read(true);
    world.join("bob", "tea");
    assert_eq!(world.hear("bob"), ["joined tea @1"]);
    assert_eq!(world.hear("ann"), ["joined tea @0", "tea #1 ann: 2", "ack tea #1"]);
    world.cut("ann");
    world.cut("bob");
    assert_eq!(world.hub().members(&room("tea")), 0);
}

#[test]
fn a_client_of_the_guide_whose_room_cannot_be_read_is_told_and_sent_to_come_back() {
    let (mut world, late) = World::late(Config::default(), 1);
    late.can_read(false);
    world.connect_with("gus", identity("gus", Grants::everything()), &CHAT, Some("tea"));
    let heard = world.hear("gus");
    assert!(heard.len() == 1 && heard[0].contains(r#""code":"unavailable""#), "{heard:?}");
    assert_eq!(world.closed("gus"), Some(CloseCode::StateLost));
    assert_eq!(world.hub().members(&room("tea")), 0);
}

#[test]
fn a_client_of_the_guide_does_not_hear_of_epochs() {
    let (mut world, late) = World::late(Config::default(), 1);
    world.connect_with("gus", identity("gus", Grants::everything()), &CHAT, Some("tea"));
    late.turn();
    world.settle();
    late.forget(world.now());
    world.settle();
    assert!(world.hear("gus").is_empty());
}

#[test]
fn a_thousand_joins_share_one_reading_in_the_order_in_which_they_came() {
    let (mut world, late) = World::late(Config::default(), 1);
    late.hold(true);
    let names: Vec<String> = (0..1_000).map(|n| format!("guest{n}")).collect();
    for (n, name) in names.iter().enumerate() {
        world.connect(name);
        world.send(name, Command::Join(join("tea")));
        if n % 100 == 0 {
            world.send(name, Command::Publish(publish("tea", "1")));
        }
    }
    // The first one's reading, then one for all the others.
    assert!(late.release(0, 0));
    world.settle();
    assert_eq!(world.hear("guest0"), ["joined tea @0"]);
    let_go(&mut world, &late);
    for name in &names[1..] {
        assert_eq!(world.hear(name)[0], "joined tea @1");
    }
    let said = (1..10).map(|n| format!("tea #{} guest{}: 1", n + 1, n * 100));
    let expected: Vec<String> = ["tea #1 guest0: 1", "ack tea #1"].map(str::to_owned).into();
    assert_eq!(world.hear("guest0"), expected.into_iter().chain(said).collect::<Vec<_>>());
}

#[test]
fn everyone_is_told_of_the_service_once_in_each_dialect() {
    let (mut world, late) = World::late(Config::default(), 2);
    world.connect("ann");
    world.connect_with("gus", identity("gus", Grants::everything()), &CHAT, Some("tea"));
    world.connect("cat");
    late.tell(|| Event::System { event: "degraded", text: "rooms are read slowly" });
    world.settle();
    for name in ["ann", "cat"] {
        assert_eq!(world.hear(name), ["system degraded"]);
    }
    assert!(world.hear("gus").is_empty());
}

#[test]
fn an_answer_that_is_older_than_what_was_delivered_lets_nobody_in() {
    let (mut world, late) = far_apart(Config::default());
    say(&mut world, &["1"]);
    release(&mut world, &late, &[0]);
    world.connect("cat");
    world.send("cat", Command::Join(join("tea")));
    let Command::Join(Join { since: Some(stands), .. }) = world.rejoin("ann", "tea") else {
        unreachable!("ann is in the room")
    };
    late.tell(|| {
        let head = Position { offset: 0, ..stands };
        let (lineage, messages) = (Vec::new(), Vec::new());
        let snapshot = Some(Snapshot { head, lineage, floor: 0, messages, more: false });
        // The second reading of ann's shard is cat's.
        Event::CaughtUp { room: room("tea"), ticket: 2, snapshot }
    });
    release(&mut world, &late, &[1]);
    assert_eq!(world.hear("cat"), ["error tea unavailable"]);
    let_go(&mut world, &late);
    say(&mut world, &["2"]);
    assert_eq!(world.hear("ann"), ["tea #1 bob: 1", "tea #2 bob: 2"]);
}

#[test]
fn gaps_before_and_after_a_room_began_anew_stay_apart() {
    let mut config = room_kind(|kind| kind.slow = Slow::Skip);
    config.outbox = 600;
    let (mut world, late) = far_apart(config);
    late.hold(false);
    world.stall("ann", 0);
    say(&mut world, &["1"; 20]);
    late.hold(true);
    late.forget(world.now());
    say(&mut world, &["1"; 20]);
    let_go(&mut world, &late);
    say(&mut world, &["1"; 20]);
    world.read_on("ann");
    let heard = world.hear("ann");
    let anew = heard.iter().position(|line| line == "joined tea @20 not recovered: epoch");
    let gap = heard.iter().position(|line| line.starts_with("gap tea 21-"));
    assert!(anew.is_some() && gap > anew, "{heard:?}");
}
