//! Three nodes of which one has members in a room: the other two hear nothing of it.

use crate::machine::{Machine, cpu_of_thread, threads};
use crate::node::{Node, rooms};
use crate::path::flow;
use crate::table::Table;
use anyhow::{Result, ensure};
use roomcast_testbed::Redis;
use std::time::{Duration, Instant};

const MESSAGES: usize = 200_000;

pub(crate) async fn measure(machine: &Machine, table: &mut Table) -> Result<()> {
    let redis = machine.redis(false)?;
    let (mut busy, _) = start(&redis, "busy").await?;
    let idle = [start(&redis, "one").await?, start(&redis, "two").await?];
    let loud = rooms("loud", 1)?;
    busy.join(&loud).await?;
    let (before, start) = (idle_cpu(&idle)?, Instant::now());
    flow(&redis, &mut busy, &loud, 4_096, MESSAGES).await?;
    let (spent, took) = (idle_cpu(&idle)? - before, start.elapsed());
    let received: u64 = idle.iter().map(|(node, _)| node.stats().received.get()).sum();
    ensure!(busy.stats().received.get() == MESSAGES as u64, "the busy node hears its own");
    table.fact("two nodes without members: messages received", "", received as f64);
    let share = spent.as_secs_f64() / 2.0 / took.as_secs_f64() * 100.0;
    table.fact("two nodes without members: CPU of each", "% of a core", share);
    let each = spent.as_secs_f64() / 2.0 * 1e6 / MESSAGES as f64;
    table.fact("two nodes without members: CPU of each for a message", "µs", each);
    Ok(())
}

/// A node with a room of its own, and the thread of its fan-out.
async fn start(redis: &Redis, name: &str) -> Result<(Node, Vec<String>)> {
    let others = threads()?;
    let mut node = Node::start(redis, 1).await?;
    node.join(&rooms(name, 1)?).await?;
    let own = threads()?.into_iter().filter(|thread| !others.contains(thread)).collect();
    Ok((node, own))
}

fn idle_cpu(nodes: &[(Node, Vec<String>)]) -> Result<Duration> {
    let threads = nodes.iter().flat_map(|(_, threads)| threads);
    threads.map(|thread| cpu_of_thread(thread)).sum()
}
