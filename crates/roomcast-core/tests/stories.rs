//! Stories: what people do, and what everyone hears.

use roomcast_core::testing::{World, identity, join, publish};
use roomcast_core::{Config, Grants, History, Pattern, PresenceKind, PublishBy, RoomKind, Slow};
use roomcast_protocol::command::{Join, Page, PresenceMode, Publish, Token};
use roomcast_protocol::dialect::guide::CHAT;
use roomcast_protocol::{
    CloseCode, Command, Epoch, Key, MessageId, Payload, Position, RoomName, Timestamp, UserId,
};
use std::time::Duration;

fn room_kind(change: impl FnOnce(&mut RoomKind)) -> Config {
    let mut kind = RoomKind::default();
    change(&mut kind);
    Config { rooms: vec![kind], ..Config::default() }
}

fn tea_party() -> World {
    let mut world = World::new(Config::default(), 2);
    for name in ["ann", "bob"] {
        world.connect(name);
        world.join(name, "tea");
        world.hear(name);
    }
    world
}

fn room(name: &str) -> RoomName {
    RoomName::new(name).unwrap()
}

#[test]
fn everyone_in_a_room_hears_the_same_in_the_same_order() {
    let mut world = tea_party();
    world.publish("ann", "tea", "1");
    world.publish("bob", "tea", "2");
    assert_eq!(world.hear("ann"), ["tea #1 ann: 1", "ack tea #1", "tea #2 bob: 2"]);
    assert_eq!(world.hear("bob"), ["tea #1 ann: 1", "tea #2 bob: 2", "ack tea #2"]);
}

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
    let mut world = World::new(room_kind(|kind| kind.history.size = 2), 1);
    for name in ["ann", "bob"] {
        world.connect(name);
        world.join(name, "tea");
        world.hear(name);
    }
    world.cut("ann");
    for json in ["1", "2", "3"] {
        world.publish("bob", "tea", json);
    }
    world.come_back("ann");
    assert_eq!(world.hear("ann"), ["joined tea @3 not recovered: expired"]);
}

#[test]
fn what_one_recovery_may_not_hold_is_a_limit() {
    let mut world = World::new(Config { recovery: 100, ..Config::default() }, 1);
    for name in ["ann", "bob"] {
        world.connect(name);
        world.join(name, "tea");
        world.hear(name);
    }
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
        ["joined tea @0", "tea #1 cat: 1", "ack tea #1", "tea #2 cat: 2", "ack tea #2"]
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
fn a_repeated_message_id_is_stored_once() {
    let mut world = tea_party();
    let named = Publish { message_id: MessageId::new("m-1").ok(), ..publish("tea", "1") };
    world.publish_with("ann", named.clone());
    world.publish_with("ann", named.clone());
    assert_eq!(world.hear("ann"), ["tea #1 ann: 1", "ack tea #1", "ack tea #1 duplicate"]);
    // Another user's message of the same name is another message.
    world.publish_with("bob", named.clone());
    assert_eq!(world.hear("ann"), ["tea #2 bob: 1"]);
    // After the window it is a new one.
    for _ in 0..8 {
        world.advance(Duration::from_secs(20));
        world.publish("ann", "tea", "0");
    }
    world.hear("ann");
    world.publish_with("ann", named);
    assert_eq!(world.hear("ann"), ["tea #11 ann: 1", "ack tea #11"]);
}

#[test]
fn echo_false_leaves_the_publisher_out_and_the_ack_fills_its_place() {
    let mut world = tea_party();
    world.publish_with("ann", Publish { echo: false, ..publish("tea", "1") });
    assert_eq!(world.hear("ann"), ["ack tea #1"]);
    assert_eq!(world.hear("bob"), ["tea #1 ann: 1"]);
}

#[test]
fn ephemeral_messages_have_no_place_and_no_history() {
    let mut world = tea_party();
    world.publish_with("ann", Publish { ephemeral: true, ..publish("tea", "1") });
    assert_eq!(world.hear("bob"), ["tea ~ ann: 1"]);
    assert_eq!(world.hear("ann"), ["tea ~ ann: 1", "ack tea ~"]);
    world.cut("bob");
    world.come_back("bob");
    assert_eq!(world.hear("bob"), ["joined tea @0 recovered"]);
}

#[test]
fn what_is_not_granted_or_not_joined_is_refused_and_nothing_else_changes() {
    let mut world = tea_party();
    let only_hear =
        Grants::none().allow(Pattern::new("tea").unwrap(), &[roomcast_core::Action::Join]);
    world.connect_as("cat", identity("cat", only_hear));
    world.join("cat", "coffee");
    world.publish("cat", "tea", "1");
    world.join("cat", "tea");
    world.join("cat", "tea");
    world.publish("cat", "tea", "1");
    world.command("cat", Command::History { room: room("tea"), limit: 1, page: Page::Latest });
    world.command("cat", Command::Presence { room: room("tea") });
    world.command("cat", Command::Leave { room: room("coffee") });
    assert_eq!(
        world.hear("cat"),
        [
            "error coffee forbidden",
            "error tea not_joined",
            "joined tea @0",
            "error tea already_joined",
            "error tea forbidden",
            "error tea forbidden",
            "error tea forbidden",
            "error coffee not_joined",
        ]
    );
    world.join_with("cat", Join { presence: PresenceMode::Full, ..join("tea") });
    assert_eq!(world.hear("cat"), ["error tea forbidden"]);
    assert!(world.hear("ann").is_empty());
}

#[test]
fn a_room_kept_for_the_backend_takes_nothing_of_members() {
    let mut world = World::new(room_kind(|kind| kind.publish = PublishBy::Backend), 1);
    world.connect("ann");
    world.join("ann", "feed");
    world.publish("ann", "feed", "1");
    assert_eq!(world.hear("ann"), ["joined feed @0", "error feed forbidden"]);
}

#[test]
fn limits_of_a_room_and_of_a_session_refuse_one_command() {
    let mut config = room_kind(|kind| {
        kind.max_members = 1;
        kind.max_message = 10;
        kind.rate = 2;
    });
    config.limits.rooms = 1;
    let mut world = World::new(config, 1);
    world.connect("ann");
    world.connect("bob");
    world.join("ann", "tea");
    world.join("bob", "tea");
    world.join("ann", "coffee");
    world.publish("ann", "tea", "\"0123456789\"");
    for _ in 0..3 {
        world.publish("ann", "tea", "1");
    }
    assert_eq!(world.hear("bob"), ["error tea limit"]);
    let heard = world.hear("ann");
    assert_eq!(heard[..3], ["joined tea @0", "error coffee limit", "error tea too_large"]);
    assert_eq!(heard.last().unwrap(), "error tea rate_limited");
}

#[test]
fn a_session_may_send_a_burst_and_then_so_many_commands_a_second() {
    let mut config = Config::default();
    config.limits.commands_per_second = 10;
    config.limits.burst = 5;
    let mut world = World::new(config, 1);
    world.connect("ann");
    world.join("ann", "tea");
    for _ in 0..10 {
        world.publish("ann", "tea", "1");
    }
    let heard = world.hear("ann");
    let refused = heard.iter().filter(|line| *line == "error tea rate_limited").count();
    assert_eq!(refused, 6, "{heard:?}");
    world.advance(Duration::from_millis(100));
    world.publish("ann", "tea", "1");
    assert_eq!(world.hear("ann"), ["tea #5 ann: 1", "ack tea #5"]);
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
fn a_slow_member_is_sent_away_and_recovers_and_nobody_else_notices() {
    let mut config = Config { outbox: 2_000, ..Config::default() };
    config.limits.burst = 1_000;
    let mut world = World::new(config, 1);
    for name in ["ann", "bob"] {
        world.connect(name);
        world.join(name, "tea");
        world.hear(name);
    }
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
    let mut world = World::new(config, 1);
    for name in ["ann", "bob"] {
        world.connect(name);
        world.join(name, "tea");
        world.hear(name);
    }
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
    let mut world = World::new(room_kind(|kind| kind.slow = Slow::Latest), 1);
    for name in ["ann", "bob"] {
        world.connect(name);
        world.join(name, "fx");
        world.hear(name);
    }
    world.stall("ann", 0);
    for (key, json) in [("eur", "1"), ("usd", "2"), ("eur", "3"), ("usd", "4"), ("eur", "5")] {
        let key = Some(Key::new(key).unwrap());
        world.publish_with("bob", Publish { key, ..publish("fx", json) });
    }
    world.read_on("ann");
    assert_eq!(world.hear("ann"), ["gap fx 1-3 conflated", "fx #4 bob: 4", "fx #5 bob: 5"]);
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
fn silence_is_pinged_and_then_closed() {
    let mut world = tea_party();
    world.advance(Duration::from_secs(32));
    assert_eq!(world.hear("ann"), ["ping"]);
    world.publish("ann", "tea", "1");
    world.advance(Duration::from_secs(12));
    assert_eq!(world.closed("ann"), None);
    assert_eq!(world.closed("bob"), Some(CloseCode::NoSignOfLife));
}

#[test]
fn members_see_who_comes_and_goes_in_batches() {
    let mut world = World::new(Config::default(), 2);
    let with_presence = || Join { presence: PresenceMode::Full, ..join("tea") };
    world.connect("ann");
    world.join_with("ann", with_presence());
    assert_eq!(world.hear("ann"), ["joined tea @0 {ann} =1"]);
    world.advance(Duration::from_secs(1));
    world.hear("ann");
    for name in ["bob", "cat"] {
        world.connect(name);
        world.join(name, "tea");
    }
    world.advance(Duration::from_secs(1));
    assert_eq!(world.hear("ann"), ["presence tea +bob +cat =3"]);
    world.cut("bob");
    let data = Payload::parse("\"away\"").unwrap();
    world.command("cat", Command::State { room: room("tea"), data });
    world.command("cat", Command::Presence { room: room("tea") });
    world.advance(Duration::from_secs(1));
    assert_eq!(world.hear("ann"), ["presence tea -bob ~cat =2"]);
    assert_eq!(world.hear("cat"), ["joined tea @0", "ack tea ~", "members tea {ann cat} =2"]);
}

#[test]
fn a_large_room_is_counted_and_a_smaller_one_listed_again() {
    let config = room_kind(|kind| kind.presence = PresenceKind::Full { up_to: 2 });
    let mut world = World::new(config, 1);
    world.connect("ann");
    world.join_with("ann", Join { presence: PresenceMode::Full, ..join("tea") });
    for name in ["bob", "cat"] {
        world.connect(name);
        world.join(name, "tea");
    }
    world.advance(Duration::from_secs(1));
    assert_eq!(world.hear("ann").last().unwrap(), "presence tea =3");
    world.cut("bob");
    world.advance(Duration::from_secs(1));
    assert_eq!(world.hear("ann"), ["presence tea {ann cat} -bob =2"]);
}

#[test]
fn an_expiring_token_is_announced_and_can_be_refreshed() {
    let mut world = World::default();
    let with_end = |name: &str, end: i64| {
        let mut identity = identity(name, Grants::everything());
        identity.expires_at = Some(Timestamp::from_millis(end));
        identity
    };
    world.connect_as("ann", with_end("ann", 60_000));
    world.connect_as("bob", with_end("bob", 60_000));
    world.join("bob", "tea");
    world.advance(Duration::from_secs(31));
    let refresh = |token: &str| Command::Refresh { token: Token(token.into()) };
    world.command("ann", refresh("bob@900000"));
    world.command("ann", refresh(""));
    world.command("ann", refresh("ann@900000"));
    assert_eq!(
        world.hear("ann"),
        ["expiring", "ping", "error unauthorized", "error unauthorized", "refreshed"]
    );
    world.command("bob", Command::Presence { room: room("tea") });
    world.advance(Duration::from_secs(30));
    world.hear("bob");
    world.publish("bob", "tea", "1");
    world.command("ann", Command::Presence { room: room("tea") });
    assert_eq!(world.hear("bob"), ["error tea token_expired"]);
    world.advance(Duration::from_secs(12));
    assert_eq!(world.closed("bob"), Some(CloseCode::TokenExpired));
    assert_eq!(world.closed("ann"), None);
}

#[test]
fn a_drain_gives_everyone_a_moment_of_its_own() {
    let mut world = World::new(Config::default(), 2);
    let names: Vec<String> = (0..20).map(|n| format!("guest{n}")).collect();
    names.iter().for_each(|name| world.connect(name));
    world.hub().drain(Duration::from_secs(10));
    world.settle();
    assert!(names.iter().all(|name| world.hear(name) == ["reconnect"]));
    world.advance(Duration::from_secs(5));
    let gone = names.iter().filter(|name| world.closed(name).is_some()).count();
    assert!((3..18).contains(&gone), "{gone} of 20 at half time");
    world.advance(Duration::from_secs(6));
    assert!(names.iter().all(|name| world.closed(name) == Some(CloseCode::Drain)));
}

#[test]
fn the_backend_disconnects_a_user_everywhere() {
    let mut world = tea_party();
    world.hub().disconnect(&UserId::new("ann").unwrap(), CloseCode::Disconnected);
    world.settle();
    assert_eq!(world.closed("ann"), Some(CloseCode::Disconnected));
    assert_eq!(world.closed("bob"), None);
    assert_eq!(world.hub().sessions(), 1);
}

#[test]
fn a_shard_that_lost_messages_repairs_itself_from_history() {
    let mut config = Config { inbox: 2_000, ..Config::default() };
    config.limits.in_flight = 1_000;
    let mut world = World::new(config, 2);
    for name in ["ann", "bob"] {
        world.connect(name);
        world.join(name, "tea");
        world.hear(name);
    }
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
fn what_no_history_can_repair_becomes_a_gap() {
    let mut config = room_kind(|kind| {
        kind.history = History { size: 10, ..History::default() };
    });
    config.inbox = 2_000;
    config.limits.in_flight = 1_000;
    let mut world = World::new(config, 2);
    for name in ["ann", "bob"] {
        world.connect(name);
        world.join(name, "tea");
        world.hear(name);
    }
    for _ in 0..100 {
        world.send("bob", Command::Publish(publish("tea", "1")));
    }
    world.settle();
    let heard = world.hear("ann");
    assert!(heard.iter().any(|line| line.starts_with("gap tea ") && line.ends_with("-90 broker")));
    assert_eq!(heard.last().unwrap(), "tea #100 bob: 1");
}

#[test]
fn guide_and_native_members_hear_each_other() {
    let mut world = World::default();
    world.connect("ann");
    world.join("ann", "tea");
    world.connect_with("bob", identity("bob", Grants::everything()), &CHAT, Some("tea"));
    world.hear("ann");
    world.say("bob", r#"{"user":"mallory","text":"hi"}"#);
    world.publish("ann", "tea", r#"{"text":"hello"}"#);
    assert_eq!(
        world.hear("bob"),
        [
            r#"{"user":"bob","text":"hi","room":"tea","timestamp":"1970-01-01T00:00:01.000Z"}"#,
            r#"{"user":"ann","text":"hello","room":"tea","timestamp":"1970-01-01T00:00:01.000Z"}"#,
        ]
    );
    assert_eq!(world.hear("ann")[0], r#"tea #1 bob: {"text":"hi"}"#);
    world.cut("ann");
    world.advance(Duration::from_secs(1));
    assert_eq!(world.hear("bob"), [r#"{"type":"system","text":"User left"}"#]);
}

#[test]
fn nothing_is_left_of_those_who_went() {
    let mut world = tea_party();
    world.publish("ann", "tea", "1");
    world.cut("ann");
    world.cut("bob");
    world.advance(Duration::from_secs(600));
    let stats = world.hub().stats();
    assert!(stats.iter().all(|shard| {
        [&shard.sessions, &shard.rooms, &shard.memberships, &shard.outbox_bytes]
            .iter()
            .all(|count| count.get() == 0)
    }));
    assert_eq!(world.hub().history_bytes(), 0);
}
