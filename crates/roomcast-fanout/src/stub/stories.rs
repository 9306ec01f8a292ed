//! Stories of what goes wrong between nodes and Redis, one of each kind.

mod answers;
mod data;
mod hearing;

use super::bed::{Bed, threads};
use roomcast_core::testing::suite::settings;
use roomcast_core::testing::{World, publish};
use roomcast_protocol::MessageId;
use roomcast_protocol::command::Publish;

/// One on each shard of two nodes.
const EVERYONE: [&str; 4] = ["ann", "bob", "cat", "dan"];

fn start() -> Bed {
    let mut bed = Bed::new(2, &settings());
    EVERYONE.iter().for_each(|name| bed.come(name, "tea", "joined tea @0"));
    bed
}

fn quiet(json: &str) -> Publish {
    Publish { echo: false, ..publish("tea", json) }
}

fn named(json: &str) -> Publish {
    Publish { message_id: MessageId::new(json).ok(), ..quiet(json) }
}

/// Bob publishes, and everyone hears it.
#[track_caller]
fn say(bed: &mut Bed, number: u64) {
    bed.world.publish_with("bob", quiet(&number.to_string()));
    bed.expect("bob", &[&format!("ack tea #{number}")]);
    let line = format!("tea #{number} bob: {number}");
    ["ann", "cat", "dan"].iter().for_each(|name| bed.expect(name, &[&line]));
}

mod suite {
    use super::*;

    fn two(config: &roomcast_core::Config) -> (World, Vec<crate::Fanout>) {
        threads(2, config)
    }

    roomcast_core::broker_suite!(two);
}

mod suite_of_three {
    use super::*;

    fn three(config: &roomcast_core::Config) -> (World, Vec<crate::Fanout>) {
        threads(3, config)
    }

    roomcast_core::broker_suite!(three);
}
