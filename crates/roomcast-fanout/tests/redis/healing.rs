//! What rooms do when Redis goes and comes back.

use super::nodes::Nodes;
use roomcast_core::testing::suite::settings;
use roomcast_core::testing::{World, join, publish};
use roomcast_protocol::MessageId;
use roomcast_protocol::command::Publish;
use roomcast_testbed::{Redis, RedisOptions};

const EVERYONE: [&str; 4] = ["ann", "bob", "cat", "dan"];

fn start(append_only: bool) -> (World, Nodes, Redis) {
    let options = RedisOptions { append_only, ..RedisOptions::default() };
    let redis = Redis::start(&options).expect("a Redis");
    let (mut world, nodes) = Nodes::start(&redis.url(), &settings());
    // One on each shard of the two nodes.
    for name in EVERYONE {
        world.connect(name);
        world.join(name, "tea");
        world.expect(name, &["joined tea @0"]);
    }
    (world, nodes, redis)
}

fn quiet(json: &str) -> Publish {
    Publish { echo: false, ..publish("tea", json) }
}

/// Somebody hears this of the room next, whatever is said of Redis, which may have been away for
/// long on a busy machine.
#[track_caller]
fn expect_of_room(world: &mut World, name: &str, line: &str) {
    let mut heard = Vec::new();
    let in_time = world.wait_for(|world| {
        heard.extend(world.hear(name).into_iter().filter(|line| !line.starts_with("system")));
        !heard.is_empty()
    });
    assert!(in_time && heard == [line], "{name} heard {heard:?} instead of {line}");
}

/// Bob publishes until it is taken: what is refused is told as such, and asked for again under
/// the same name.
fn publish_at_last(world: &mut World, json: &str) {
    let publish = Publish { message_id: MessageId::new(json).ok(), ..quiet(json) };
    let (mut answers, mut is_away, mut is_refused) = (Vec::new(), false, false);
    world.publish_with("bob", publish.clone());
    let taken = world.wait_for(|world| {
        for line in world.hear("bob") {
            is_away = (is_away || line == "system degraded") && line != "system restored";
            is_refused |= line == "error tea unavailable";
            answers.push(line);
        }
        // Told that Redis is away, it waits to be told that it is back.
        if is_refused && !is_away {
            is_refused = false;
            world.publish_with("bob", publish.clone());
        }
        answers.iter().any(|line| line.starts_with("ack"))
    });
    assert!(taken, "{answers:?}");
}

#[test]
fn a_redis_that_comes_back_with_its_data_is_gone_on_with() {
    let (mut world, nodes, mut redis) = start(true);
    world.publish_with("cat", quiet("1"));
    world.expect("cat", &["ack tea #1"]);
    for name in ["ann", "bob", "dan"] {
        world.expect(name, &["tea #1 cat: 1"]);
    }
    world.cut("ann");
    world.publish_with("cat", quiet("2"));
    world.expect("cat", &["ack tea #2"]);
    for name in ["bob", "dan"] {
        world.expect(name, &["tea #2 cat: 2"]);
    }
    redis.restart(true).expect("it comes back");
    nodes.wait_up();
    expect_of_room(&mut world, "bob", "joined tea @2 recovered");
    publish_at_last(&mut world, "3");
    world.come_back("ann");
    world.expect("ann", &["joined tea @3 recovered [#2 cat: 2] [#3 bob: 3]"]);
}

#[test]
fn a_redis_that_comes_back_empty_is_told_as_such() {
    let (mut world, nodes, mut redis) = start(false);
    world.publish_with("bob", quiet("1"));
    world.expect("bob", &["ack tea #1"]);
    for name in ["ann", "cat", "dan"] {
        world.expect(name, &["tea #1 bob: 1"]);
    }
    redis.restart(false).expect("it comes back");
    nodes.wait_up();
    for name in EVERYONE {
        expect_of_room(&mut world, name, "joined tea @0 not recovered: epoch");
    }
    publish_at_last(&mut world, "2");
    expect_of_room(&mut world, "ann", "tea #1 bob: 2");
}

#[test]
fn what_came_while_a_node_was_deaf_is_read() {
    let (mut world, _nodes, redis) = start(false);
    let mut admin = redis.connect().expect("a connection");
    for round in 1..=20 {
        if round % 4 == 2 {
            admin.ask(&["CLIENT", "KILL", "TYPE", "pubsub"]).expect("an answer");
        }
        publish_at_last(&mut world, &round.to_string());
        expect_of_room(&mut world, "ann", &format!("tea #{round} bob: {round}"));
    }
}

#[test]
fn while_redis_is_away_everyone_is_told_once_and_nothing_is_taken() {
    let (mut world, nodes, mut redis) = start(true);
    redis.stop().expect("it stands still");
    for name in EVERYONE {
        world.expect(name, &["system degraded"]);
    }
    world.publish_with("bob", quiet("1"));
    world.expect("bob", &["error tea unavailable"]);
    world.connect("eve");
    world.join_with("eve", join("new"));
    world.expect("eve", &["error new unavailable"]);
    redis.resume().expect("it goes on");
    nodes.wait_up();
    for name in EVERYONE {
        world.expect(name, &["system restored"]);
    }
    world.publish_with("bob", quiet("1"));
    world.expect("bob", &["ack tea #1"]);
    world.expect("ann", &["tea #1 bob: 1"]);
    world.expect("eve", &["system restored"]);
    world.join_with("eve", join("new"));
    world.expect("eve", &["joined new @0"]);
}

#[test]
fn what_any_program_publishes_reaches_everyone() {
    let (mut world, _nodes, redis) = start(false);
    let hello = r#"{"user":"ops","text":"hi"}"#;
    redis.command(&["PUBLISH", "room:tea", hello]).expect("an answer");
    for name in EVERYONE {
        world.expect(name, &[r#"tea ~ ops: {"text":"hi"}"#]);
    }
    redis.command(&["PUBLISH", "room:tea", "\u{1}nonsense"]).expect("an answer");
    publish_at_last(&mut world, "1");
    world.expect("ann", &["tea #1 bob: 1"]);
}
