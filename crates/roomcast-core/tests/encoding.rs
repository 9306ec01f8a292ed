//! A broadcast is encoded once for each dialect, however many members and shards there are.
//! (A test of its own: the count is the whole process's.)

use roomcast_core::testing::{World, identity};
use roomcast_core::{Config, Delivery, Grants};
use roomcast_protocol::dialect::guide::CHAT;

#[test]
fn a_broadcast_is_encoded_once_per_dialect() {
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
