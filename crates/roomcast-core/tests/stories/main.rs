//! Stories: what people do, and what everyone hears.

mod joining;
mod life;
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
