//! What every broker promises, over a real Redis and a real cluster of three: two nodes, each
//! with its own links.

mod healing;
mod nodes;

use nodes::Nodes;
use roomcast_core::Config;
use roomcast_core::testing::World;
use roomcast_core::testing::suite::{STORIES, settings};
use roomcast_testbed::{Cluster, Redis, RedisOptions};

mod standalone {
    use super::*;

    fn redis(config: &Config) -> (World, (Nodes, Redis)) {
        let redis = Redis::start(&RedisOptions::default()).expect("a Redis");
        let (world, nodes) = Nodes::start(&redis.url(), config);
        (world, (nodes, redis))
    }

    roomcast_core::broker_suite!(redis);
}

/// One cluster for all of them: three servers take their time to find each other.
#[test]
#[expect(clippy::print_stdout, reason = "which story fails, of all of them in one test")]
fn a_cluster_keeps_every_promise() {
    let cluster = Cluster::start().expect("a cluster");
    assert!(nodes::trouble(&cluster.urls()[0]).contains("`redis-cluster://`"));
    let url = cluster.urls()[0].replace("redis://", "redis-cluster://");
    for (name, story) in STORIES {
        println!("{name}");
        let (mut world, _nodes) = Nodes::apart(&url, &settings(), &format!("{name}:"));
        story(&mut world);
    }
}
