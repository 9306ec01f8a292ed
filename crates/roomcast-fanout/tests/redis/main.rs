//! What every broker promises, over a real Redis and a real cluster of three: two nodes, each
//! with its own links.

mod healing;
mod nodes;

use nodes::Nodes;
use roomcast_core::Config;
use roomcast_core::testing::World;
use roomcast_testbed::{Cluster, Redis, RedisOptions};

mod standalone {
    use super::*;

    fn redis(config: Config) -> (World, (Nodes, Redis)) {
        let redis = Redis::start(&RedisOptions::default()).expect("a Redis");
        let (world, nodes) = Nodes::start(&redis.url(), config);
        (world, (nodes, redis))
    }

    roomcast_core::broker_suite!(redis);
}

mod clustered {
    use super::*;

    fn cluster(config: Config) -> (World, (Nodes, Cluster)) {
        let cluster = Cluster::start().expect("a cluster");
        let url = cluster.urls()[0].replace("redis://", "redis-cluster://");
        let (world, nodes) = Nodes::start(&url, config);
        (world, (nodes, cluster))
    }

    roomcast_core::broker_suite!(cluster);
}
