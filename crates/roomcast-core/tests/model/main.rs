//! The engine against its promises: scripts that nobody would think of, and what must hold in
//! each of them.
//!
//! `script` makes scripts, `party` plays one in a world, `finale` looks at what is left of it, `client` is a client as `docs/protocol.md`
//! wants it, which keeps a position for each room and believes nothing, `truth` is what everyone
//! must agree on.

mod client;
mod finale;
mod party;
mod script;
mod truth;

use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};
use script::Script;
use std::hash::{BuildHasher, RandomState};

/// Scripts played in one run, unless `PROPTEST_CASES` asks for more.
const CASES: u32 = 400;

fn config() -> Config {
    let default = Config::default();
    let cases = default.cases.max(CASES);
    let mut config = Config { cases, failure_persistence: None, ..default };
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(RandomState::new().hash_one("model"));
    }
    config
}

#[test]
fn the_promises_hold_in_every_script() {
    let config = config();
    let RngSeed::Fixed(seed) = config.rng_seed else { unreachable!("the seed was set above") };
    let mut runner = TestRunner::new(config);
    let outcome = runner.run(&script::scripts(), |script: Script| {
        party::play(&script).map_err(TestCaseError::fail)
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(why, script)) => {
            panic!("{why}\nin {script:#?}\nagain with PROPTEST_RNG_SEED={seed}")
        }
        Err(error) => panic!("{error}\nagain with PROPTEST_RNG_SEED={seed}"),
    }
}
