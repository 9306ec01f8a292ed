//! Two nodes over one Redis, in one world.

use roomcast_core::testing::{NameGatekeeper, World};
use roomcast_core::{Config, Hub};
use roomcast_fanout::fanout::Status;
use roomcast_fanout::{Fanout, RedisUrl};
use roomcast_protocol::Timestamp;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Why a node at that address gets no link: what it says once it has tried.
pub(crate) fn trouble(url: &str) -> String {
    let settings = roomcast_fanout::Config::new(RedisUrl::new(url).expect("an address"));
    let fanout = Fanout::start(settings, &Config::default(), Vec::new(), 7).expect("a thread");
    let mut status = fanout.status();
    let first = status.borrow().clone();
    let tried = status.wait_for(|status| *status != first);
    match &*futures::executor::block_on(tried).expect("the node is there") {
        Status::Up => "none".to_owned(),
        Status::Down(reason) => reason.clone(),
    }
}

/// The fan-outs of the nodes.
pub(crate) struct Nodes {
    fanouts: Vec<Fanout>,
}

impl Nodes {
    /// Waits until every node has a link again.
    pub(crate) fn wait_up(&self) {
        for fanout in &self.fanouts {
            let mut status = fanout.status();
            let is_up = status.wait_for(|status| *status == Status::Up);
            futures::executor::block_on(is_up).expect("the node is there");
        }
    }

    /// Two nodes of two shards each.
    pub(crate) fn start(url: &str, config: &Config) -> (World, Self) {
        Self::apart(url, config, "")
    }

    /// The same, apart from others on that Redis by a prefix.
    pub(crate) fn apart(url: &str, config: &Config, prefix: &str) -> (World, Self) {
        let url = RedisUrl::new(url).expect("an address");
        let mut fanouts = Vec::new();
        let nodes = (0..2).map(|seed| {
            Hub::new(config.clone(), Arc::new(NameGatekeeper), 2, 7 + seed, |inboxes, seed| {
                let settings = roomcast_fanout::Config {
                    prefix: prefix.into(),
                    ..roomcast_fanout::Config::new(url.clone())
                };
                let fanout = Fanout::start(settings, config, inboxes, seed).expect("a thread");
                let parts = (fanout.broker(), fanout.presence());
                fanouts.push(fanout);
                parts
            })
        });
        let nodes = nodes.collect();
        let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        let wall = Timestamp::from_millis(i64::try_from(since.as_millis()).expect("a date"));
        let all = Self { fanouts };
        // Before anybody is there who could be told that there is no link yet.
        all.wait_up();
        (World::mesh(nodes, wall, roomcast_testbed::wait), all)
    }
}
