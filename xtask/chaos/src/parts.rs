//! The parts that are hurt: Redis and the nodes. Everything here blocks.

use std::thread::sleep;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use roomcast_testbed::{Node, NodeOptions, Redis, RedisOptions};

use crate::fault::Fault;
use crate::options::Options;

/// How long a node may take to drain, beside what it is configured to.
const DRAIN: Duration = Duration::from_secs(20);
/// Lines of a node's log that are shown where it fell.
const LINES: usize = 20;

/// The configuration of each node: signs of life often enough for a short run, a history that
/// outlasts every absence, and `message_id`s that are remembered over every outage.
const CONFIG: &str = r#"
heartbeat = { interval = "3s", timeout = "3s" }
drain = { timeout = "5s", rate = 50 }
engine = { dedupe = "10m" }
auth.anonymous = { "*" = ["join", "publish", "presence", "history"] }

[[room]]
pattern = "*"
history = { size = 5000, ttl = "10m" }
"#;

/// Redis, if there is one, and the nodes.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) nodes: Vec<Node>,
    redis: Option<Redis>,
}

impl Parts {
    pub(crate) fn start(options: &Options) -> Result<Self> {
        let durable = RedisOptions { append_only: true, ..RedisOptions::default() };
        let redis = options.redis.then(|| Redis::start(&durable)).transpose()?;
        let url = redis.iter().map(|redis| ("REDIS_URL".to_owned(), redis.url()));
        let node = NodeOptions {
            program: options.server.clone(),
            config: CONFIG.to_owned(),
            variables: url.collect(),
            workers: 2,
        };
        let nodes = (0..options.nodes).map(|_| Node::start(&node)).collect::<Result<_>>()?;
        Ok(Self { nodes, redis })
    }

    /// Does it, and comes back when the part works again, as far as it knows.
    pub(crate) fn hurt(&mut self, fault: Fault) -> Result<()> {
        match fault {
            Fault::NodeStops(node, time) => {
                self.nodes[node].stop()?;
                sleep(time);
                self.nodes[node].resume()
            }
            Fault::NodeDies(node, down) => {
                self.nodes[node].kill()?;
                sleep(down);
                self.nodes[node].restart()
            }
            Fault::NodeGoes(node, down) => {
                self.nodes[node].terminate()?;
                let status = self.nodes[node].wait(DRAIN)?;
                ensure!(status.success(), "node {node} drained and ended with {status}");
                sleep(down);
                self.nodes[node].restart()
            }
            _ => self.hurt_redis(fault),
        }
    }

    fn hurt_redis(&mut self, fault: Fault) -> Result<()> {
        let Some(redis) = &mut self.redis else { return Ok(()) };
        match fault {
            Fault::RedisDies { keep, down } => {
                redis.kill()?;
                sleep(down);
                redis.restart(keep)?;
            }
            Fault::RedisStops(time) => {
                redis.stop()?;
                sleep(time);
                redis.resume()?;
            }
            Fault::CommandsWait(time) => {
                let millis = time.as_millis().to_string();
                redis.command(&["CLIENT", "PAUSE", &millis, "ALL"])?;
                sleep(time);
            }
            Fault::SubscribersAreCut => _ = redis.command(&["CLIENT", "KILL", "TYPE", "pubsub"])?,
            Fault::ConnectionsAreCut => _ = redis.command(&["CLIENT", "KILL", "TYPE", "normal"])?,
            Fault::NodeStops(..) | Fault::NodeDies(..) | Fault::NodeGoes(..) => {}
        }
        Ok(())
    }

    /// No node may have ended unasked.
    pub(crate) fn all_live(&mut self) -> Result<()> {
        for (number, node) in self.nodes.iter_mut().enumerate() {
            if let Some(status) = node.ended()? {
                let log = node.log();
                let lines: Vec<&str> = log.lines().rev().take(LINES).collect();
                let lines: Vec<&str> = lines.into_iter().rev().collect();
                bail!("node {number} ended by itself with {status}:\n{}", lines.join("\n"));
            }
        }
        Ok(())
    }
}
