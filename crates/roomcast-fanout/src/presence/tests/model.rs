//! Random scripts on three nodes: whatever is lost or comes late, in the end all views are the
//! truth, and what each onlooker was told adds up to it.

use super::fake::{Fake, Store};
use super::real::Real;
use super::world::{FULL, LEASE, World};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::collections::BTreeSet;

const NODES: usize = 3;
/// Scripts over the store in memory, unless `PROPTEST_CASES` asks for more.
const CASES: u32 = 800;
/// Scripts over a real Redis.
const REAL_CASES: u32 = 30;

#[derive(Debug, Clone)]
enum Step {
    /// A member comes, or goes if it is there.
    Toggle(usize, u64),
    State(usize, u64, u8),
    /// Time passes.
    Tick(u64),
    /// A node asks.
    Act(usize),
    HearRecords(usize, usize),
    HearAnswers(usize, usize),
    /// Records that wait are dropped, and the node is told so in the end.
    Lose(usize),
    /// A node's link breaks, or is made.
    Link(usize),
    /// A node stands still, or goes on.
    Pause(usize),
    Wipe,
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let node = || 0..NODES;
    prop_oneof![
        8 => (node(), 1..6_u64).prop_map(|(node, at)| Step::Toggle(node, at)),
        2 => (node(), 1..6_u64, 0..4_u8).prop_map(|(node, at, state)| Step::State(node, at, state)),
        4 => (1..200_u64).prop_map(Step::Tick),
        8 => node().prop_map(Step::Act),
        6 => (node(), 1..4_usize).prop_map(|(node, most)| Step::HearRecords(node, most)),
        6 => (node(), 1..4_usize).prop_map(|(node, most)| Step::HearAnswers(node, most)),
        1 => node().prop_map(Step::Lose),
        1 => node().prop_map(Step::Link),
        1 => node().prop_map(Step::Pause),
        1 => Just(Step::Wipe),
        1 => (1..3 * LEASE).prop_map(Step::Pass),
    ]
}

struct Play {
    world: World,
    lost: BTreeSet<usize>,
}

impl Play {
    fn new(store: Box<dyn Store>) -> Self {
        Self { world: World::new(store, NODES as u64, FULL), lost: BTreeSet::new() }
    }

    fn step(&mut self, step: &Step) {
        let world = &mut self.world;
        match *step {
            Step::Toggle(node, at) => {
                let session = 10 * node as u64 + at;
                if world.nodes[node].own.contains_key(&session) {
                    world.leave(node, session);
                } else {
                    world.enter(node, session);
                }
            }
            Step::State(node, at, state) => {
                world.state(node, 10 * node as u64 + at, &state.to_string());
            }
            Step::Tick(ms) => world.tick(ms),
            Step::Act(node) if world.nodes[node].is_running => _ = world.act(node),
            Step::HearRecords(node, most) if world.nodes[node].is_running => {
                (0..most).for_each(|_| _ = world.hear_record(node));
            }
            Step::HearAnswers(node, most) if world.nodes[node].is_running => {
                (0..most).for_each(|_| _ = world.hear_answer(node));
            }
            Step::Lose(node) => {
                world.nodes[node].records.clear();
                self.lost.insert(node);
            }
            Step::Link(node) if world.nodes[node].has_link => world.cut(node),
            Step::Link(node) => world.link(node),
            Step::Pause(node) => world.nodes[node].is_running ^= true,
            Step::Wipe => world.store.wipe(),
            Step::Pass(ms) => world.pass(ms),
            Step::Act(_) | Step::HearRecords(..) | Step::HearAnswers(..) => {}
        }
    }

    /// Everything works again, and all is at rest.
    fn rest(&mut self) -> Result<(), String> {
        let world = &mut self.world;
        for node in 0..NODES {
            world.nodes[node].is_running = true;
            if !world.nodes[node].has_link {
                world.link(node);
            }
            if self.lost.contains(&node) {
                world.nodes[node].presence.lagged();
            }
        }
        world.pass(4 * LEASE);
        world.settle();
        world.check()
    }
}

fn play(store: Box<dyn Store>, steps: &[Step]) -> Result<(), String> {
    let mut play = Play::new(store);
    steps.iter().for_each(|step| play.step(step));
    play.rest()
}

fn run(cases: u32, store: impl Fn() -> Box<dyn Store>) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let steps = prop::collection::vec(step(), 1..80);
    TestRunner::new(config)
        .run(&steps, |steps| play(store(), &steps).map_err(TestCaseError::fail))
        .unwrap();
}

#[test]
fn all_views_become_the_truth() {
    run(Config::default().cases.max(CASES), || Box::<Fake>::default());
}

#[test]
fn all_views_become_the_truth_over_redis() {
    run(REAL_CASES, || Box::new(Real::start()));
}
