//! What every broker promises, as stories: run them over yours with
//! `broker_suite!`, or one by one from [`STORIES`].

use super::{World, join, publish};
use crate::config::Config;
use crate::pattern::Pattern;
use crate::room_kind::{History, RoomKind};
use roomcast_protocol::command::{Join, Page, Publish};
use roomcast_protocol::{Command, Epoch, MessageId, Position};
use std::time::Duration;

macro_rules! stories {
    ($($story:ident),* $(,)?) => {
        /// Every story with its name, to be run over a broker one by one.
        pub const STORIES: &[(&str, fn(&mut World))] = &[$((stringify!($story), $story)),*];

        /// Makes one test of each story. The argument makes a world of at least two nodes or
        /// shards with the settings it is given, and what must live as long as the world.
        #[macro_export]
        macro_rules! broker_suite {
            ($make:expr) => {
                $(
                    #[test]
                    fn $story() {
                        let (mut world, _guard) = $make(&$crate::testing::suite::settings());
                        $crate::testing::suite::$story(&mut world);
                    }
                )*
            };
        }
    };
}

stories!(
    all_hear_one_order,
    who_was_away_recovers,
    what_is_gone_is_told,
    bytes_are_bounded,
    a_name_is_stored_once,
    names_belong_to_users,
    ephemeral_messages_have_no_place,
    a_publisher_may_want_no_copy,
    pages_go_both_ways,
    a_burst_is_read_in_parts,
    names_may_be_anything,
    a_room_speaks_without_members,
    an_unknown_position_is_told,
    nothing_may_be_kept,
    members_share_a_rate,
    a_crowd_comes_back,
);

/// The settings that the stories are about.
#[must_use]
pub fn settings() -> Config {
    let mut short = kind("short:*");
    short.history.size = 3;
    let mut small = kind("small:*");
    small.history.bytes = 4_000;
    let mut none = kind("none:*");
    none.history.size = 0;
    let mut slow = kind("slow:*");
    slow.rate = 5;
    let rooms = vec![short, small, none, slow, kind("*")];
    Config { rooms, dedupe: Duration::from_secs(60), ..Config::default() }
}

fn kind(pattern: &str) -> RoomKind {
    let history = History { ttl: Duration::from_secs(600), ..History::default() };
    RoomKind { history, ..RoomKind::new(Pattern::new(pattern).expect("a pattern")) }
}

fn come(world: &mut World, names: &[&str], room: &str) {
    for name in names {
        world.connect(name);
        world.join(name, room);
        let is_in = |world: &mut World| {
            let heard = world.hear(name);
            heard.iter().any(|line| line.starts_with(&format!("joined {room}")))
        };
        assert!(world.wait_for(is_in), "{name} was not let in");
    }
}

/// So many messages of a room, by offset, as a reply lists them.
fn said(name: &str, offsets: std::ops::RangeInclusive<u64>) -> String {
    offsets.map(|offset| format!(" [#{offset} {name}: {offset}]")).collect()
}

fn publish_each(world: &mut World, name: &str, room: &str, numbers: std::ops::RangeInclusive<u64>) {
    for number in numbers {
        world.publish(name, room, &number.to_string());
        let done = |world: &mut World| world.hear(name).iter().any(|line| line.starts_with("ack"));
        assert!(world.wait_for(done), "{name} was not answered");
    }
}

/// Everyone hears every message, in one order, its own too.
pub fn all_hear_one_order(world: &mut World) {
    let everyone = ["ann", "bob", "cat", "dan"];
    come(world, &everyone, "tea");
    for turn in 0..25 {
        for name in everyone {
            let publish = Publish { echo: true, ..publish("tea", &turn.to_string()) };
            world.publish_with(name, publish);
        }
    }
    let mut heard: Vec<Vec<String>> = vec![Vec::new(); everyone.len()];
    let complete = world.wait_for(|world| {
        for (name, heard) in everyone.iter().zip(&mut heard) {
            heard.extend(world.hear(name).into_iter().filter(|line| line.starts_with("tea #")));
        }
        heard.iter().all(|heard| heard.len() >= 100)
    });
    assert!(complete, "{heard:#?}");
    assert!(heard.iter().all(|other| *other == heard[0]), "{heard:#?}");
    for (index, line) in heard[0].iter().enumerate() {
        assert!(line.starts_with(&format!("tea #{} ", index + 1)), "{line}");
    }
}

/// Who comes back within the history gets everything missed, wherever it comes back to.
pub fn who_was_away_recovers(world: &mut World) {
    come(world, &["ann", "bob"], "tea");
    for round in 0..4 {
        world.cut("ann");
        publish_each(world, "bob", "tea", 3 * round + 1..=3 * round + 3);
        world.come_back("ann");
        let joined = format!("joined tea @{} recovered", 3 * round + 3);
        world.expect("ann", &[&(joined + &said("bob", 3 * round + 1..=3 * round + 3))]);
    }
}

/// What the history no longer has is told as missing.
pub fn what_is_gone_is_told(world: &mut World) {
    come(world, &["ann", "bob"], "short:a");
    world.cut("ann");
    publish_each(world, "bob", "short:a", 1..=5);
    world.come_back("ann");
    world.expect("ann", &["joined short:a @5 not recovered: expired"]);
    world.cut("ann");
    publish_each(world, "bob", "short:a", 6..=8);
    world.come_back("ann");
    world.expect("ann", &[&format!("joined short:a @8 recovered{}", said("bob", 6..=8))]);
}

/// A history has at most so many bytes, whatever the number.
pub fn bytes_are_bounded(world: &mut World) {
    come(world, &["ann", "bob"], "small:a");
    world.cut("ann");
    for _ in 0..20 {
        world.publish("bob", "small:a", &format!("{:?}", "x".repeat(1_000)));
        let done = |world: &mut World| world.hear("bob").iter().any(|line| line.starts_with("ack"));
        assert!(world.wait_for(done));
    }
    world.come_back("ann");
    world.expect("ann", &["joined small:a @20 not recovered: expired"]);
    let page = Command::History { room: join("small:a").room, limit: 100, page: Page::Latest };
    world.command("ann", page);
    let mut kept = 0;
    let answered = world.wait_for(|world| {
        let heard = world.hear("ann").concat();
        kept = heard.matches("[#").count();
        heard.starts_with("history")
    });
    assert!(answered && (1..=4).contains(&kept), "{kept} are kept");
}

fn named(room: &str, json: &str, id: &str) -> Publish {
    Publish { message_id: MessageId::new(id).ok(), echo: false, ..publish(room, json) }
}

/// A retry is stored once, wherever it arrives.
pub fn a_name_is_stored_once(world: &mut World) {
    come(world, &["ann", "bob"], "tea");
    world.publish_with("ann", named("tea", "1", "m"));
    world.expect("ann", &["ack tea #1"]);
    world.publish_with("ann", named("tea", "2", "m"));
    world.expect("ann", &["ack tea #1 duplicate"]);
    world.cut("ann");
    world.come_back("ann");
    world.expect("ann", &["joined tea @1 recovered [#1 ann: 1]"]);
    world.publish_with("ann", named("tea", "3", "m"));
    world.expect("ann", &["ack tea #1 duplicate"]);
    world.publish_with("ann", named("tea", "4", "other"));
    world.expect("bob", &["tea #1 ann: 1", "tea #2 ann: 4"]);
}

/// Two users may call their messages alike.
pub fn names_belong_to_users(world: &mut World) {
    come(world, &["ann", "bob"], "tea");
    world.publish_with("ann", named("tea", "1", "m"));
    world.expect("ann", &["ack tea #1"]);
    world.publish_with("bob", named("tea", "2", "m"));
    world.expect("ann", &["tea #2 bob: 2"]);
    let mut heard = Vec::new();
    let complete = world.wait_for(|world| {
        heard.append(&mut world.hear("bob"));
        heard.len() >= 2
    });
    heard.sort();
    assert!(complete && heard == ["ack tea #2", "tea #1 ann: 1"], "{heard:?}");
}

/// Ephemeral messages reach members, have no place, and are not kept.
pub fn ephemeral_messages_have_no_place(world: &mut World) {
    come(world, &["ann", "bob"], "tea");
    let wave = Publish { ephemeral: true, echo: false, ..publish("tea", "1") };
    world.publish_with("ann", wave);
    world.expect("ann", &["ack tea ~"]);
    world.expect("bob", &["tea ~ ann: 1"]);
    world.publish_with("ann", named("tea", "2", "m"));
    world.expect("bob", &["tea #1 ann: 2"]);
    world.expect("ann", &["ack tea #1"]);
    world.connect("cat");
    world.join_with("cat", Join { rewind: 10, ..join("tea") });
    world.expect("cat", &["joined tea @1 [#1 ann: 2]"]);
}

/// Who publishes without echo gets no copy; the others do.
pub fn a_publisher_may_want_no_copy(world: &mut World) {
    come(world, &["ann", "bob"], "tea");
    world.publish_with("ann", Publish { echo: false, ..publish("tea", "1") });
    world.expect("bob", &["tea #1 ann: 1"]);
    world.expect("ann", &["ack tea #1"]);
    world.publish_with("bob", Publish { echo: false, ..publish("tea", "2") });
    world.expect("ann", &["tea #2 bob: 2"]);
}

/// History is read from both ends and from the middle.
pub fn pages_go_both_ways(world: &mut World) {
    come(world, &["ann"], "tea");
    publish_each(world, "ann", "tea", 1..=6);
    world.wait_for(|world| world.hear("ann").is_empty());
    for (page, limit, answer) in [
        (Page::Latest, 2, format!("history tea{} …", said("ann", 5..=6))),
        (Page::Before(5), 3, format!("history tea{} …", said("ann", 2..=4))),
        (Page::Before(3), 5, format!("history tea{}", said("ann", 1..=2))),
        (Page::After(0), 2, format!("history tea{} …", said("ann", 1..=2))),
        (Page::After(4), 5, format!("history tea{}", said("ann", 5..=6))),
        (Page::After(9), 5, "history tea".to_owned()),
    ] {
        let room = join("tea").room;
        world.connect("bob");
        world.command("bob", Command::History { room, limit, page });
        world.expect("bob", &[&answer]);
    }
    world.command("bob", Command::History { room: join("new").room, limit: 5, page: Page::Latest });
    world.expect("bob", &["history new"]);
}

/// What was published at once can be read in parts.
pub fn a_burst_is_read_in_parts(world: &mut World) {
    come(world, &["ann"], "tea");
    for number in 1..=100 {
        world.send("ann", Command::Publish(publish("tea", &number.to_string())));
    }
    let mut acks = 0;
    let done = world.wait_for(|world| {
        acks += world.hear("ann").iter().filter(|line| line.starts_with("ack")).count();
        acks == 100
    });
    assert!(done, "{acks} acks");
    for (page, limit, offsets, more) in [
        (Page::Latest, 2, 99..=100, " …"),
        (Page::Before(60), 3, 57..=59, " …"),
        (Page::After(37), 5, 38..=42, " …"),
        (Page::After(97), 5, 98..=100, ""),
    ] {
        world.connect("bob");
        let room = join("tea").room;
        world.command("bob", Command::History { room, limit, page });
        world.expect("bob", &[&format!("history tea{}{more}", said("ann", offsets))]);
    }
    world.connect("cat");
    world.join_with("cat", Join { rewind: 7, ..join("tea") });
    world.expect("cat", &[&format!("joined tea @100{}", said("ann", 94..=100))]);
}

/// Rooms, users, names and texts may be anything that is a name or a text.
pub fn names_may_be_anything(world: &mut World) {
    for room in ["a{b}c", "}{", "100%", "message", "subscribe", "日本☕", "a:b", "{}", "%7B"] {
        let (ann, bob) = (format!("ann {room}"), format!("{room} bob"));
        come(world, &[&ann, &bob], room);
        let text = format!("{:?}", format!("{room} \u{1} 1 2\n=,!"));
        let text = text.replace("\\u{1}", "\\u0001");
        world.publish_with(&ann, named(room, &text, room));
        world.expect(&bob, &[&format!("{room} #1 {ann}: {text}")]);
        world.cut(&bob);
        world.publish_with(&ann, named(room, "\"message\"", "unsubscribe"));
        world.expect(&ann, &[&format!("ack {room} #1"), &format!("ack {room} #2")]);
        world.come_back(&bob);
        let missed = format!("joined {room} @2 recovered [#2 {ann}: \"message\"]");
        world.expect(&bob, &[&missed]);
    }
}

/// What is published where nobody is can be read by who comes later.
pub fn a_room_speaks_without_members(world: &mut World) {
    let message = crate::testing::message("tea", "1");
    let now = world.now();
    let published = world.hub().publish(message, false, now);
    let accepted = world.finish(published).expect("it is taken");
    assert_eq!(accepted.position.map(|position| position.offset), Some(1));
    world.connect("ann");
    world.join_with("ann", Join { rewind: 5, ..join("tea") });
    world.expect("ann", &["joined tea @1 [#1 nobody: 1]"]);
}

/// A position that the room never had is not recovered from.
pub fn an_unknown_position_is_told(world: &mut World) {
    come(world, &["ann"], "tea");
    publish_each(world, "ann", "tea", 1..=2);
    let elsewhere = Position { epoch: Epoch(0xdead), offset: 1 };
    world.connect("bob");
    world.join_with("bob", Join { since: Some(elsewhere), ..join("tea") });
    world.expect("bob", &["joined tea @2 not recovered: epoch"]);
}

/// A room may keep nothing: then whoever was away for a message is told so.
pub fn nothing_may_be_kept(world: &mut World) {
    come(world, &["ann", "bob"], "none:a");
    world.cut("ann");
    world.come_back("ann");
    world.expect("ann", &["joined none:a @0 recovered"]);
    world.cut("ann");
    publish_each(world, "bob", "none:a", 1..=1);
    world.come_back("ann");
    world.expect("ann", &["joined none:a @1 not recovered: expired"]);
}

/// All members of a room together may publish so much, whichever node they are on.
pub fn members_share_a_rate(world: &mut World) {
    come(world, &["ann", "bob"], "slow:a");
    for turn in 0..12 {
        let name = if turn % 2 == 0 { "ann" } else { "bob" };
        world.publish_with(name, Publish { echo: false, ..publish("slow:a", "1") });
    }
    let (mut taken, mut refused) = (0, 0);
    let answered = world.wait_for(|world| {
        for line in ["ann", "bob"].iter().flat_map(|name| world.hear(name)) {
            taken += usize::from(line.starts_with("ack"));
            refused += usize::from(line == "error slow:a rate_limited");
        }
        taken + refused == 12
    });
    assert!(answered && (5..=7).contains(&taken), "{taken} taken, {refused} refused");
}

/// Many who come back at once all get what they missed.
pub fn a_crowd_comes_back(world: &mut World) {
    let crowd: Vec<String> = (0..100).map(|number| format!("c{number}")).collect();
    let names: Vec<&str> = crowd.iter().map(String::as_str).collect();
    come(world, &["ann"], "tea");
    come(world, &names, "tea");
    names.iter().for_each(|name| world.cut(name));
    publish_each(world, "ann", "tea", 1..=20);
    names.iter().for_each(|name| world.come_back(name));
    let all = format!("joined tea @20 recovered{}", said("ann", 1..=20));
    names.iter().for_each(|name| world.expect(name, &[&all]));
}
