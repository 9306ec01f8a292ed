//! Coming in, going on where one was, and reading back.

use crate::{party, room, room_kind, tea_party};
use roomcast_core::Config;
use roomcast_core::testing::{World, join, publish};
use roomcast_protocol::command::{Join, Page, Token};
use roomcast_protocol::{Command, Epoch, Payload, Position};
use std::time::Duration;

#[test]
fn one_who_is_cut_comes_back_and_has_all_in_order_once() {
    let mut world = tea_party();
    world.publish("bob", "tea", "1");
    world.hear("ann");
    world.cut("ann");
    for json in ["2", "3", "4"] {
        world.publish("bob", "tea", json);
    }
    world.come_back("ann");
    world.publish("bob", "tea", "5");
    assert_eq!(
        world.hear("ann"),
        ["joined tea @4 recovered [#2 bob: 2] [#3 bob: 3] [#4 bob: 4]", "tea #5 bob: 5"]
    );
}

#[test]
fn one_who_missed_nothing_is_told_so() {
    let mut world = tea_party();
    world.cut("ann");
    world.come_back("ann");
    assert_eq!(world.hear("ann"), ["joined tea @0 recovered"]);
}

#[test]
fn a_history_that_no_longer_reaches_back_is_never_given_in_part() {
    let mut world = party(room_kind(|kind| kind.history.size = 2), 1, "tea");
    world.cut("ann");
    for json in ["1", "2", "3"] {
        world.publish("bob", "tea", json);
    }
    world.come_back("ann");
    assert_eq!(world.hear("ann"), ["joined tea @3 not recovered: expired"]);
}

#[test]
fn what_one_recovery_may_not_hold_is_a_limit() {
    let mut world = party(Config { recovery: 100, ..Config::default() }, 1, "tea");
    world.cut("ann");
    for json in ["\"0123456789\""; 10] {
        world.publish("bob", "tea", json);
    }
    world.come_back("ann");
    assert_eq!(world.hear("ann"), ["joined tea @10 not recovered: limit"]);
}

#[test]
fn positions_of_another_life_or_of_the_future_are_not_believed() {
    let mut world = tea_party();
    world.publish("bob", "tea", "1");
    for (name, epoch, offset) in
        [("cat", Epoch(1), 0), ("dan", Epoch::UNKNOWN, 1), ("eve", Epoch(1), u64::MAX)]
    {
        world.connect(name);
        let since = Some(Position { epoch, offset });
        world.join_with(name, Join { since, rewind: 1, ..join("tea") });
        assert_eq!(world.hear(name), ["joined tea @1 not recovered: epoch [#1 bob: 1]"]);
    }
}

#[test]
fn a_future_offset_of_the_right_epoch_is_an_epoch_mismatch() {
    let mut world = tea_party();
    world.publish("bob", "tea", "1");
    world.cut("ann");
    world.advance(Duration::from_secs(1));
    // The room is forgotten and begins anew while ann is away with offset 1.
    world.cut("bob");
    world.advance(Duration::from_secs(1_000));
    world.come_back("ann");
    assert_eq!(world.hear("ann").last().unwrap(), "joined tea @0 not recovered: epoch");
}

#[test]
fn a_room_that_was_forgotten_before_anything_had_a_number_has_lost_nothing() {
    let mut world = tea_party();
    world.cut("ann");
    world.cut("bob");
    world.advance(Duration::from_secs(1_000));
    world.come_back("ann");
    assert_eq!(world.hear("ann"), ["joined tea @0 recovered"]);
    // A numbering in use was forgotten: no room begins with its epoch again.
    world.publish("ann", "tea", "1");
    world.cut("ann");
    world.advance(Duration::from_secs(1_000));
    world.come_back("bob");
    world.publish("bob", "tea", "2");
    let heard = world.hear("bob");
    assert_eq!(heard, ["joined tea @0 not recovered: epoch", "tea #1 bob: 2", "ack tea #1"]);
    world.come_back("ann");
    let heard = world.hear("ann");
    assert_eq!(heard.last().unwrap(), "joined tea @1 not recovered: epoch");
}

#[test]
fn a_rewind_gives_the_newest_without_claiming_recovery() {
    let mut world = tea_party();
    for json in ["1", "2", "3"] {
        world.publish("bob", "tea", json);
    }
    world.connect("cat");
    world.join_with("cat", Join { rewind: 2, ..join("tea") });
    assert_eq!(world.hear("cat"), ["joined tea @3 [#2 bob: 2] [#3 bob: 3]"]);
}

#[test]
fn a_join_and_what_follows_it_may_be_sent_at_once() {
    let mut world = tea_party();
    world.connect("cat");
    // Dan's reading of the room is under way when cat comes: cat waits for the next one.
    world.connect("dan");
    world.send("dan", Command::Join(join("tea")));
    world.send("cat", Command::Join(join("tea")));
    world.send("cat", Command::Publish(publish("tea", "1")));
    world.send("cat", Command::Publish(publish("tea", "2")));
    world.settle();
    assert_eq!(
        world.hear("cat"),
        ["joined tea @0", "tea #1 cat: 1", "tea #2 cat: 2", "ack tea #1", "ack tea #2"]
    );
}

#[test]
fn a_join_is_atomic_with_the_live_feed() {
    let mut world = World::new(Config::default(), 1);
    world.connect("bob");
    world.join("bob", "tea");
    for n in 0..50 {
        let name = format!("guest{n}");
        world.connect(&name);
        world.send("bob", Command::Publish(publish("tea", "0")));
        world.send(&name, Command::Join(join("tea")));
        world.send("bob", Command::Publish(publish("tea", "1")));
        world.settle();
        let heard = world.hear(&name);
        assert_eq!(heard[0], format!("joined tea @{}", 2 * n + 1));
        assert_eq!(heard[1], format!("tea #{} bob: 1", 2 * n + 2));
    }
}

#[test]
fn history_is_read_by_page_in_both_directions() {
    let mut world = tea_party();
    for json in ["1", "2", "3"] {
        world.publish("bob", "tea", json);
    }
    world.hear("ann");
    let page = |page, limit| Command::History { room: room("tea"), limit, page };
    world.command("ann", page(Page::Latest, 2));
    world.command("ann", page(Page::Before(2), 5));
    world.command("ann", page(Page::After(0), 2));
    world.command("ann", page(Page::After(u64::MAX), 2));
    world.command("ann", page(Page::Before(0), 2));
    world.command("ann", page(Page::Latest, 0));
    assert_eq!(
        world.hear("ann"),
        [
            "history tea [#2 bob: 2] [#3 bob: 3] …",
            "history tea [#1 bob: 1]",
            "history tea [#1 bob: 1] [#2 bob: 2] …",
            "history tea",
            "history tea",
            "history tea …",
        ]
    );
}

#[test]
fn joining_leaving_and_joining_again_in_one_breath_is_done_in_that_order() {
    let mut world = tea_party();
    world.send("bob", Command::Leave { room: room("tea") });
    world.send("bob", Command::Join(join("tea")));
    world.send("bob", Command::Leave { room: room("tea") });
    world.send("bob", Command::Join(join("tea")));
    world.send("bob", Command::Publish(publish("tea", "1")));
    world.settle();
    assert_eq!(
        world.hear("bob"),
        ["left tea", "joined tea @0", "left tea", "joined tea @0", "tea #1 bob: 1", "ack tea #1"]
    );
}

#[test]
fn a_join_that_a_fresh_token_no_longer_allows_is_answered() {
    let mut config = Config::default();
    config.limits.in_flight = 3;
    let mut world = World::new(config, 1);
    world.connect("ann");
    for _ in 0..3 {
        world.send("ann", Command::Join(join("tea")));
        world.send("ann", Command::Publish(publish("tea", "1")));
        world.send("ann", Command::Refresh { token: Token("ann@900000 coffee".into()) });
        world.settle();
        assert_eq!(
            world.hear("ann"),
            ["refreshed", "error tea forbidden", "error tea not_joined"],
            "every command has its one answer"
        );
        world.command("ann", Command::Refresh { token: Token("ann@900000".into()) });
        assert_eq!(world.hear("ann"), ["refreshed"]);
    }
}

#[test]
fn a_command_waits_for_its_join_however_many_rooms_the_session_is_in() {
    let mut world = World::new(Config::default(), 1);
    world.connect("ann");
    for number in 0..8 {
        let room = format!("room{number}");
        world.send("ann", Command::Join(join(&room)));
        world.send("ann", Command::Publish(publish(&room, "1")));
        world.settle();
        let expected =
            [format!("joined {room} @0"), format!("{room} #1 ann: 1"), format!("ack {room} #1")];
        assert_eq!(world.hear("ann"), expected);
    }
}

#[test]
fn one_who_missed_much_in_many_rooms_is_let_in_all_the_same() {
    let mut config = Config { outbox: 4_000, recovery: 2_000, ..Config::default() };
    config.limits.burst = 1_000;
    let mut world = World::new(config, 1);
    let rooms: Vec<String> = (0..8).map(|n| format!("room{n}")).collect();
    for name in ["ann", "bob"] {
        world.connect(name);
        rooms.iter().for_each(|room| world.join(name, room));
    }
    let rejoins: Vec<Command> = rooms.iter().map(|room| world.rejoin("ann", room)).collect();
    world.cut("ann");
    for room in &rooms {
        (0..30).for_each(|_| world.publish("bob", room, "\"0123456789\""));
    }
    world.connect("ann");
    rejoins.into_iter().for_each(|join| world.send("ann", join));
    world.settle();
    world.advance(Duration::from_secs(1));
    let heard = world.hear("ann");
    assert_eq!(world.closed("ann"), None);
    assert!(heard[0].starts_with("joined room0 @30 recovered ["), "{heard:?}");
    assert_eq!(heard.last().unwrap(), "joined room7 @30 not recovered: limit");
}

#[test]
fn what_a_member_is_said_to_be_is_no_larger_than_a_message() {
    let mut world = World::new(room_kind(|kind| kind.max_message = 10), 1);
    world.connect("ann");
    let state = Payload::parse("\"0123456789\"").ok();
    world.join_with("ann", Join { state, ..join("tea") });
    assert_eq!(world.hear("ann"), ["error tea too_large"]);
}
