//! Signs of life, presence, tokens, drains, and what is left behind.

use crate::{room, room_kind, tea_party};
use roomcast_core::testing::{World, identity, join, publish};
use roomcast_core::{Config, Grants, Heartbeat, PresenceKind};
use roomcast_protocol::command::{Join, PresenceMode, Publish, Token};
use roomcast_protocol::dialect::guide::RELIABLE;
use roomcast_protocol::{CloseCode, Command, MessageId, Payload, Timestamp, UserId};
use std::time::Duration;

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
fn a_token_that_lasts_less_than_the_notice_is_announced_at_half_its_time() {
    let mut world = World::default();
    let mut ann = identity("ann", Grants::everything());
    ann.expires_at = Some(Timestamp::from_millis(10_000));
    world.connect_as("ann", ann);
    world.advance(Duration::from_secs(4));
    assert_eq!(world.hear("ann"), [""; 0]);
    world.advance(Duration::from_secs(2));
    assert_eq!(world.hear("ann"), ["expiring"]);
    world.command("ann", Command::Refresh { token: Token("ann@16000".into()) });
    world.advance(Duration::from_secs(4));
    assert_eq!(world.hear("ann"), ["refreshed"]);
    world.advance(Duration::from_secs(2));
    assert_eq!(world.hear("ann"), ["expiring"]);
}

#[test]
fn who_arrives_while_the_drain_has_begun_is_sent_away_with_the_others() {
    let mut world = tea_party();
    world.hub().drain(Duration::from_secs(10));
    world.settle();
    world.connect("late");
    let heard = world.hear("late");
    assert!(heard.iter().any(|frame| frame.starts_with("reconnect")), "{heard:?}");
    world.advance(Duration::from_secs(12));
    assert_eq!(world.closed("late"), Some(CloseCode::Drain));
    world.connect("last");
    world.advance(Duration::from_secs(1));
    assert_eq!(world.closed("last"), Some(CloseCode::Drain));
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
    drop(world.hub().disconnect(&UserId::new("ann").unwrap(), None, CloseCode::Disconnected));
    world.settle();
    assert_eq!(world.closed("ann"), Some(CloseCode::Disconnected));
    assert_eq!(world.closed("bob"), None);
    assert_eq!(world.hub().sessions(), 1);
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

#[test]
fn one_who_is_always_pinged_is_closed_even_if_the_timeout_is_longer_than_the_interval() {
    let heartbeat = Heartbeat { interval: Duration::from_secs(1), timeout: Duration::from_secs(3) };
    let mut world = World::new(Config { heartbeat, ..Config::default() }, 1);
    world.connect_with("ann", identity("ann", Grants::everything()), &RELIABLE, None);
    world.advance(Duration::from_secs(6));
    assert_eq!(world.closed("ann"), Some(CloseCode::NoSignOfLife));
}

#[test]
fn one_who_came_while_the_room_was_too_large_for_lists_is_given_the_list() {
    let config = room_kind(|kind| kind.presence = PresenceKind::Full { up_to: 2 });
    let mut world = World::new(config, 1);
    for name in ["ann", "bob"] {
        world.connect(name);
        world.join(name, "tea");
    }
    world.advance(Duration::from_secs(1));
    world.connect("cat");
    world.join_with("cat", Join { presence: PresenceMode::Full, ..join("tea") });
    world.cut("bob");
    world.advance(Duration::from_secs(1));
    assert_eq!(world.hear("cat"), ["joined tea @0 =3", "presence tea {ann cat} +cat -bob =2"]);
}

#[test]
fn durations_without_end_mean_never() {
    let forever = Duration::MAX;
    let mut config = room_kind(|kind| kind.history.ttl = forever);
    config.heartbeat = Heartbeat { interval: Duration::from_secs(1), timeout: forever };
    config.expiry.grace = forever;
    (config.stall, config.linger, config.dedupe) = (forever, forever, forever);
    (config.outbox, config.recovery) = (usize::MAX, usize::MAX);
    let mut world = World::new(config, 1);
    let mut ann = identity("ann", Grants::everything());
    ann.expires_at = Some(Timestamp::from_millis(40_000));
    world.connect_as("ann", ann);
    world.join("ann", "tea");
    let message_id = MessageId::new("1").ok();
    world.publish_with("ann", Publish { message_id, ..publish("tea", "1") });
    world.stall("ann", 0);
    world.advance(Duration::from_secs(60));
    assert_eq!(world.closed("ann"), None);
    world.connect("bob");
    world.join("bob", "coffee");
    world.cut("bob");
    world.hub().drain(forever);
    world.advance(Duration::from_secs(10));
    assert_eq!(world.hub().sessions(), 1);
}

#[test]
fn one_who_may_no_longer_see_who_is_there_is_told_no_more_of_it() {
    let mut world = World::new(Config::default(), 1);
    world.connect("ann");
    world.join_with("ann", Join { presence: PresenceMode::Full, ..join("tea") });
    world.advance(Duration::from_secs(1));
    world.hear("ann");
    let token = Token("ann@900000 * join".into());
    world.command("ann", Command::Refresh { token });
    world.connect("bob");
    world.join("bob", "tea");
    world.advance(Duration::from_secs(1));
    world.publish("bob", "tea", "1");
    assert_eq!(world.hear("ann"), ["refreshed", "tea #1 bob: 1"]);
}
