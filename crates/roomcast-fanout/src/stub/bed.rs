//! A world of nodes over one stub. Time is virtual: it passes when the test says so.

use super::Stub;
use crate::{Config, Fanout, RedisUrl};
use roomcast_core::testing::{NameGatekeeper, World};
use roomcast_core::{Hub, testing};
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

/// How long a command may take.
const TIMEOUT: Duration = Duration::from_secs(2);
/// A moment: everything that can happen at once does.
const STEP: Duration = Duration::from_millis(5);
/// How long a test waits for something, in virtual time.
const PATIENCE: Duration = Duration::from_secs(30);

/// Nodes of two shards each, and what they run over.
pub(super) struct Bed {
    pub(super) world: World,
    pub(super) stub: Stub,
    pub(super) fanouts: Vec<Fanout>,
    runtime: Runtime,
}

/// What a node is run by.
type Run = Box<dyn FnOnce(futures::future::BoxFuture<'static, ()>)>;

/// The nodes and their fan-outs, each handed to somebody who runs it.
fn nodes(
    count: usize,
    stub: &Stub,
    config: &roomcast_core::Config,
    mut run: impl FnMut() -> Run,
) -> (World, Vec<Fanout>) {
    let mut fanouts = Vec::new();
    let node = |node: usize| {
        let gatekeeper = Arc::new(NameGatekeeper);
        Hub::new(config.clone(), gatekeeper, 2, 7 + node as u64, |inboxes, seed| {
            let url = RedisUrl::new("redis://stub").expect("an address");
            let settings = Config { timeout: TIMEOUT, ..Config::new(url) };
            let (fanout, task) = Fanout::over(stub.bus(node), settings, config, inboxes, seed);
            run()(Box::pin(task));
            let parts = (fanout.broker(), fanout.presence());
            fanouts.push(fanout);
            parts
        })
    };
    let nodes: Vec<testing::Node> = (0..count).map(node).collect();
    (World::mesh(nodes, crate::clock::wall(), roomcast_testbed::wait), fanouts)
}

/// A world in real time, whose nodes have a thread each.
pub(super) fn threads(count: usize, config: &roomcast_core::Config) -> (World, Vec<Fanout>) {
    let stub = Stub::new(config.dedupe, TIMEOUT);
    nodes(count, &stub, config, || {
        Box::new(|task| {
            let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
            std::thread::spawn(move || runtime.block_on(task));
        })
    })
}

impl Bed {
    /// So many nodes.
    pub(super) fn new(count: usize, config: &roomcast_core::Config) -> Self {
        let stub = Stub::new(config.dedupe, TIMEOUT);
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
        let runtime = runtime.expect("a runtime");
        let (world, fanouts) = nodes(count, &stub, config, || {
            let handle = runtime.handle().clone();
            Box::new(move |task| _ = handle.spawn(task))
        });
        let mut bed = Self { world, stub, fanouts, runtime };
        bed.step();
        bed
    }

    /// Does something to the Redis, in virtual time.
    pub(super) fn redis(&self, act: impl FnOnce(&Stub)) {
        let _in = self.runtime.enter();
        act(&self.stub);
    }

    /// A moment passes.
    pub(super) fn step(&mut self) {
        self.leap(STEP);
    }

    /// So much time passes at once.
    pub(super) fn leap(&mut self, time: Duration) {
        self.world.settle();
        _ = self.runtime.block_on(async { timeout(time, pending::<()>()).await });
        self.world.advance(time);
    }

    /// Time passes.
    pub(super) fn pass(&mut self, time: Duration) {
        (0..time.as_millis() / STEP.as_millis()).for_each(|_| self.step());
    }

    /// Goes on until it is so; whether it ever was.
    pub(super) fn wait_for(&mut self, mut is_so: impl FnMut(&mut Self) -> bool) -> bool {
        (0..PATIENCE.as_millis() / STEP.as_millis()).any(|_| {
            self.step();
            is_so(self)
        })
    }

    /// Somebody hears these lines and nothing else before them.
    #[track_caller]
    pub(super) fn expect(&mut self, name: &str, lines: &[&str]) {
        let mut heard = self.world.hear(name);
        if heard.len() < lines.len() {
            self.wait_for(|bed| {
                heard.append(&mut bed.world.hear(name));
                heard.len() >= lines.len()
            });
        }
        assert!(heard == lines, "{name} heard {heard:#?}\ninstead of {lines:#?}");
    }

    /// Somebody hears these lines within a second: before rooms are looked after anyway.
    #[track_caller]
    pub(super) fn expect_soon(&mut self, name: &str, lines: &[&str]) {
        self.pass(Duration::from_secs(1));
        let heard = self.world.hear(name);
        assert!(heard == lines, "{name} heard {heard:#?}\ninstead of {lines:#?}");
    }

    /// Somebody comes and joins a room.
    #[track_caller]
    pub(super) fn come(&mut self, name: &str, room: &str, joined: &str) {
        self.world.connect(name);
        self.world.join(name, room);
        self.expect(name, &[joined]);
    }

    /// Closes the fan-outs of all nodes.
    pub(super) fn close(&mut self) {
        let closing = std::mem::take(&mut self.fanouts).into_iter().map(Fanout::close);
        self.runtime.block_on(futures::future::join_all(closing));
    }
}
