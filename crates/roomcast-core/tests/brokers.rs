//! What every broker promises, of the local one.

use roomcast_core::Config;
use roomcast_core::testing::World;

fn local(config: &Config) -> (World, ()) {
    (World::new(config.clone(), 2), ())
}

roomcast_core::broker_suite!(local);
