//! Stories: what people do, and what everyone hears.

mod backend;
mod joining;
mod life;
mod nodes;
mod observing;
mod publishing;
mod slowness;

use roomcast_core::testing::World;
use roomcast_core::{Config, RoomKind};
use roomcast_protocol::RoomName;

fn room_kind(change: impl FnOnce(&mut RoomKind)) -> Config {
    let mut kind = RoomKind::default();
    change(&mut kind);
    Config { rooms: vec![kind], ..Config::default() }
}

/// Ann and Bob in a room, having heard that they are.
fn party(config: Config, shards: usize, room: &str) -> World {
    let mut world = World::new(config, shards);
    for name in ["ann", "bob"] {
        world.connect(name);
        world.join(name, room);
        world.hear(name);
    }
    world
}

fn tea_party() -> World {
    party(Config::default(), 2, "tea")
}

fn room(name: &str) -> RoomName {
    RoomName::new(name).unwrap()
}
