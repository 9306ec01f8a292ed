//! Slow readers, lost messages, and what they are told.

use crate::{party, room_kind, tea_party};
use roomcast_core::testing::{World, join, publish};
use roomcast_core::{Config, History, Slow};
use roomcast_protocol::command::{Page, Publish};
use roomcast_protocol::{CloseCode, Command, Key, UserId};
use std::time::Duration;

#[test]
fn a_slow_member_is_sent_away_and_recovers_and_nobody_else_notices() {
    let mut config = Config { outbox: 2_000, ..Config::default() };
    config.limits.burst = 1_000;
    let mut world = party(config, 1, "tea");
    world.stall("ann", 10);
    for _ in 0..100 {
        world.publish("bob", "tea", "1");
    }
    assert_eq!(world.hear("bob").len(), 200);
    world.read_on("ann");
    assert_eq!(world.closed("ann"), Some(CloseCode::TooSlow));
    world.hear("ann");
    world.come_back("ann");
    let heard = world.hear("ann");
    assert!(heard[0].starts_with("joined tea @100 recovered"), "{heard:?}");
}

#[test]
fn a_slow_member_of_a_room_that_skips_is_told_of_a_gap() {
    let mut config = room_kind(|kind| kind.slow = Slow::Skip);
    config.outbox = 1_000;
    let mut world = party(config, 1, "tea");
    world.stall("ann", 0);
    for _ in 0..20 {
        world.publish("bob", "tea", "1");
    }
    world.read_on("ann");
    let heard = world.hear("ann");
    assert!(heard[0].starts_with("gap tea 1-"), "{heard:?}");
    assert!(heard[0].ends_with(" slow"), "{heard:?}");
    assert_eq!(heard.last().unwrap(), "tea #20 bob: 1");
    assert_eq!(world.closed("ann"), None);
}

#[test]
fn a_slow_viewer_of_prices_gets_the_newest_of_each() {
    let mut world = party(room_kind(|kind| kind.slow = Slow::Latest), 1, "fx");
    world.stall("ann", 0);
    for (key, json) in [("eur", "1"), ("usd", "2"), ("eur", "3"), ("usd", "4"), ("eur", "5")] {
        let key = Some(Key::new(key).unwrap());
        world.publish_with("bob", Publish { key, ..publish("fx", json) });
    }
    world.read_on("ann");
    assert_eq!(world.hear("ann"), ["gap fx 1-3 conflated", "fx #4 bob: 4", "fx #5 bob: 5"]);
}

#[test]
fn a_viewer_of_prices_who_keeps_up_gets_each_of_those_that_come_together() {
    let mut world = party(room_kind(|kind| kind.slow = Slow::Latest), 1, "fx");
    for echo in [true, false] {
        for json in ["1", "2", "3"] {
            let key = Some(Key::new("eur").unwrap());
            let price = Publish { key, echo, ..publish("fx", json) };
            world.send("bob", Command::Publish(price));
        }
        world.handle_some(0, 6);
    }
    let heard = world.hear("ann");
    assert_eq!(heard, [1, 2, 3, 4, 5, 6].map(|n| format!("fx #{n} bob: {}", (n - 1) % 3 + 1)));
    let heard: Vec<_> =
        world.hear("bob").into_iter().filter(|line| !line.starts_with("ack")).collect();
    assert_eq!(heard, ["fx #1 bob: 1", "fx #2 bob: 2", "fx #3 bob: 3"]);
}

#[test]
fn one_who_takes_nothing_for_too_long_is_closed() {
    let mut world = tea_party();
    world.stall("ann", 0);
    world.publish("bob", "tea", "1");
    world.advance(Duration::from_secs(25));
    world.read_on("ann");
    assert_eq!(world.closed("ann"), Some(CloseCode::TooSlow));
}

#[test]
fn one_who_reads_slowly_is_alive() {
    let mut world = tea_party();
    world.stall("ann", 0);
    for _ in 0..100 {
        world.publish("bob", "tea", "1");
        world.advance(Duration::from_secs(1));
        world.read_some("ann", 1);
    }
    assert_eq!(world.closed("ann"), None);
    world.read_on("ann");
    assert_eq!(world.closed("ann"), None);
}

#[test]
fn a_shard_that_lost_messages_repairs_itself_from_history() {
    let mut config = Config { inbox: 2_000, ..Config::default() };
    config.limits.in_flight = 1_000;
    let mut world = party(config, 2, "tea");
    // More than ann's shard can take at once: it is told that it lost some, and reads them.
    for _ in 0..100 {
        world.send("bob", Command::Publish(publish("tea", "1")));
    }
    world.settle();
    let expected: Vec<String> = (1..=100).map(|n| format!("tea #{n} bob: 1")).collect();
    assert_eq!(world.hear("ann"), expected);
    assert!(world.hub().stats().iter().any(|stats| stats.repairs.get() > 0));
}

#[test]
fn a_publisher_is_told_also_of_a_message_that_found_no_place_where_it_is() {
    let mut world = small_inboxes();
    (0..100).for_each(|_| world.send("bob", Command::Publish(publish("tea", "1"))));
    world.settle();
    let heard = world.hear("bob");
    let (acks, messages): (Vec<_>, Vec<_>) =
        heard.into_iter().partition(|line| line.starts_with("ack"));
    assert_eq!(messages, said_by_bob(1..=100));
    assert_eq!(acks, (1..=100).map(|n| format!("ack tea #{n}")).collect::<Vec<_>>());
    assert!(world.hub().stats().iter().any(|stats| stats.repairs.get() > 0));
}

#[test]
fn what_no_history_can_repair_becomes_a_gap() {
    let mut config = room_kind(|kind| {
        kind.history = History { size: 10, ..History::default() };
    });
    config.inbox = 2_000;
    config.limits.in_flight = 1_000;
    let mut world = party(config, 2, "tea");
    for _ in 0..100 {
        world.send("bob", Command::Publish(publish("tea", "1")));
    }
    world.settle();
    let heard = world.hear("ann");
    assert!(heard.iter().any(|line| line.starts_with("gap tea ") && line.ends_with("-90 broker")));
    assert_eq!(heard.last().unwrap(), "tea #100 bob: 1");
}

/// Two shards with small inboxes: ann and cat on one, bob on the other; ann and bob in a room.
fn small_inboxes() -> World {
    let mut config = Config { inbox: 2_000, ..Config::default() };
    config.limits.in_flight = 1_000;
    let mut world = party(config, 2, "tea");
    world.connect("cat");
    world
}

fn said_by_bob(offsets: std::ops::RangeInclusive<u64>) -> Vec<String> {
    offsets.map(|n| format!("tea #{n} bob: 1")).collect()
}

#[test]
fn what_was_lost_before_somebody_joins_is_repaired_with_the_join() {
    let mut world = small_inboxes();
    (0..100).for_each(|_| world.send("bob", Command::Publish(publish("tea", "1"))));
    world.send("cat", Command::Join(join("tea")));
    world.settle();
    assert_eq!(world.hear("ann"), said_by_bob(1..=100));
    assert_eq!(world.hear("cat"), ["joined tea @100"]);
}

#[test]
fn what_is_lost_after_a_join_has_read_is_repaired_too() {
    let mut world = small_inboxes();
    (0..50).for_each(|_| world.send("bob", Command::Publish(publish("tea", "1"))));
    world.send("cat", Command::Join(join("tea")));
    (0..50).for_each(|_| world.send("bob", Command::Publish(publish("tea", "1"))));
    world.settle();
    assert_eq!(world.hear("ann"), said_by_bob(1..=100));
    assert_eq!(world.hear("cat")[1..], said_by_bob(51..=100));
}

#[test]
fn one_who_reads_at_once_is_not_sent_away_for_a_burst() {
    let mut config = Config { outbox: 1_000, ..Config::default() };
    config.limits.in_flight = 1_000;
    let mut world = party(config, 1, "tea");
    (0..100).for_each(|_| world.send("bob", Command::Publish(publish("tea", "1"))));
    world.settle();
    assert_eq!(world.closed("ann"), None);
    assert_eq!(world.hear("ann"), said_by_bob(1..=100));
}

#[test]
fn a_gap_that_waits_is_told_before_the_room_is_left() {
    let mut config = room_kind(|kind| kind.slow = Slow::Skip);
    config.outbox = 600;
    let mut world = party(config, 1, "tea");
    world.stall("ann", 0);
    (0..20).for_each(|_| world.publish("bob", "tea", "1"));
    world.command("ann", Command::Leave { room: crate::room("tea") });
    world.read_on("ann");
    let heard = world.hear("ann");
    assert!(heard[0].starts_with("gap tea 1-"), "{heard:?}");
    assert_eq!(heard[heard.len() - 2..], ["tea #20 bob: 1", "left tea"]);
}

#[test]
fn what_waits_is_counted_right_where_a_message_finds_no_room() {
    let mut config = room_kind(|kind| kind.slow = Slow::Skip);
    config.outbox = 400;
    let mut world = World::new(config, 1);
    for name in ["ann", "bob"] {
        world.connect(name);
        world.join(name, "tea");
    }
    world.stall("ann", 0);
    world.publish("bob", "tea", "1");
    world.publish("bob", "tea", &format!("\"{}\"", "x".repeat(500)));
    world.cut("bob");
    world.read_on("ann");
    assert_eq!(world.closed("ann"), Some(CloseCode::TooSlow));
    assert_eq!(world.hub().stats()[0].outbox_bytes.get(), 0);
}

#[test]
fn one_who_does_not_even_read_the_close_is_let_go() {
    let mut world = tea_party();
    world.stall("ann", 0);
    world.publish("bob", "tea", "1");
    drop(world.hub().disconnect(&UserId::new("ann").unwrap(), None, CloseCode::Disconnected));
    world.advance(Duration::from_secs(25));
    assert_eq!(world.hub().sessions(), 1);
}

#[test]
fn pages_for_one_who_does_not_read_are_refused_before_they_overflow() {
    let mut world = party(Config { recovery: 400, outbox: 400, ..Config::default() }, 1, "tea");
    world.publish("bob", "tea", &format!("\"{}\"", "x".repeat(150)));
    world.hear("ann");
    world.stall("ann", 0);
    let page = || Command::History { room: crate::room("tea"), limit: 9, page: Page::Latest };
    (0..9).for_each(|_| world.send("ann", page()));
    world.settle();
    world.read_on("ann");
    let heard = world.hear("ann");
    let refused = heard.iter().filter(|line| *line == "error tea rate_limited").count();
    assert!(heard.len() == 9 && (1..9).contains(&refused), "{heard:?}");
    assert!(heard.iter().all(|line| line.starts_with("error") || line.contains("[#1 bob")));
    assert_eq!(world.closed("ann"), None);
}
