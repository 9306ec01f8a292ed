//! A thousand shards that read one room at once.

use crate::machine::{Machine, Start};
use crate::node::{Node, PATIENCE, rooms};
use crate::table::Table;
use anyhow::{Context as _, Result, bail, ensure};
use roomcast_core::{Event, Inbox};

const SHARDS: usize = 1_000;

pub(crate) async fn measure(machine: &Machine, table: &mut Table) -> Result<()> {
    let redis = machine.redis(false)?;
    let mut node = Node::start(&redis, SHARDS).await?;
    let room = rooms("tea", 1)?.remove(0);
    (0..SHARDS).for_each(|shard| node.subscribe(&room, shard));
    // Once before the room is heard, and once while it is.
    for when in ["of a new room", "of a room that is heard"] {
        let before = node.stats().reads.get();
        let start = Start::now(&redis)?;
        (0..SHARDS).for_each(|shard| node.catch_up(&room, shard));
        for inbox in &mut node.inboxes {
            read(inbox).await?;
        }
        let name = |what: &str| format!("{SHARDS} catch-ups at once {when}: {what}");
        table.fact(&name("readings"), "", (node.stats().reads.get() - before) as f64);
        table.fact(&name("all answered"), "ms", start.spent(&redis)?.time.as_secs_f64() * 1e3);
    }
    node.fanout.close().await;
    Ok(())
}

async fn read(inbox: &mut Inbox) -> Result<()> {
    let mut events = Vec::new();
    let told = tokio::time::timeout(PATIENCE, inbox.recv_many(&mut events, 1));
    ensure!(told.await.context("no answer")? == 1, "the fan-out has ended");
    match events.pop() {
        Some(Event::CaughtUp { snapshot: Some(_), .. }) => Ok(()),
        other => bail!("{other:?} while the room is read"),
    }
}
