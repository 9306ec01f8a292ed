//! What is published, who hears it, and what is refused.

use crate::{room, room_kind, tea_party};
use roomcast_core::testing::{World, identity, join, publish};
use roomcast_core::{Config, Grants, Pattern, PublishBy};
use roomcast_protocol::command::{Join, Page, PresenceMode, Publish};
use roomcast_protocol::dialect::guide::CHAT;
use roomcast_protocol::{Command, MessageId, Payload};
use std::time::Duration;

#[test]
fn everyone_in_a_room_hears_the_same_in_the_same_order() {
    let mut world = tea_party();
    world.publish("ann", "tea", "1");
    world.publish("bob", "tea", "2");
    assert_eq!(world.hear("ann"), ["tea #1 ann: 1", "ack tea #1", "tea #2 bob: 2"]);
    assert_eq!(world.hear("bob"), ["tea #1 ann: 1", "tea #2 bob: 2", "ack tea #2"]);
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
fn a_room_has_one_bound_over_all_shards() {
    let mut world = World::new(room_kind(|kind| kind.max_members = 2), 3);
    for name in ["ann", "bob", "cat"] {
        world.connect(name);
        world.join(name, "tea");
    }
    assert_eq!(world.hear("cat"), ["error tea limit"]);
    world.cut("ann");
    world.join("cat", "tea");
    assert_eq!(world.hear("cat"), ["joined tea @0"]);
}

#[test]
fn a_presence_state_is_small() {
    let mut world = tea_party();
    let data = |bytes: usize| Payload::parse(&format!("\"{}\"", "x".repeat(bytes - 2))).unwrap();
    let state = |data| Command::State { room: room("tea"), data };
    world.command("ann", state(data(4_096)));
    world.command("ann", state(data(4_097)));
    assert_eq!(world.hear("ann"), ["ack tea ~", "error tea too_large"]);
}
