//! Two nodes over one Redis, in one world.

use roomcast_core::testing::{NameGatekeeper, World};
use roomcast_core::{Config, Hub};
use roomcast_fanout::fanout::Status;
use roomcast_fanout::{Fanout, RedisUrl};
use roomcast_protocol::Timestamp;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

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
