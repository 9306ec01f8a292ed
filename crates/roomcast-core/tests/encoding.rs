//! A broadcast is encoded once for each dialect, however many members and shards there are: once for
//! those who hear it at once, and once for all who missed it. (A program of its own with one test: the count is
//! the whole process's.)

use roomcast_core::testing::{World, identity, publish};
use roomcast_core::{Config, Delivery, Grants};
use roomcast_protocol::Command;
use roomcast_protocol::dialect::guide::CHAT;

#[test]
fn a_broadcast_is_encoded_once_per_dialect() {
    live();
    repaired();
}

fn live() {
    let mut world = World::new(Config::default(), 3);
    for n in 0..30 {
        let name = format!("guest{n}");
        if n % 2 == 0 {
            world.connect(&name);
            world.join(&name, "tea");
        } else {
            world.connect_with(&name, identity(&name, Grants::everything()), &CHAT, Some("tea"));
        }
    }
    let before = Delivery::encoded();
    world.publish("guest0", "tea", "1");
    assert_eq!(Delivery::encoded() - before, 2);
    assert_eq!(world.hear("guest28").last().unwrap(), "tea #1 guest0: 1");
}

/// Inboxes that take no message: all shards miss all of them and read the room again.
fn repaired() {
    let mut world = World::new(Config { inbox: 1, ..Config::default() }, 3);
    let members = ["ann", "bob", "cem"];
    members.iter().for_each(|name| {
        world.connect(name);
        world.join(name, "tea");
    });
    let before = Delivery::encoded();
    for n in 1..=5 {
        world.send("ann", Command::Publish(publish("tea", &n.to_string())));
    }
    world.settle();
    assert_eq!(Delivery::encoded() - before, 5);
    let messages = |line: &String| line.starts_with("tea #");
    for name in members {
        let heard = world.hear(name).into_iter().filter(messages).collect::<Vec<_>>();
        assert_eq!(heard, [1, 2, 3, 4, 5].map(|n| format!("tea #{n} ann: {n}")), "{name}");
    }
}
