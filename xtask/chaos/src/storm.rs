//! One fault after the other, with quiet between, and how long each took to heal.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};

use crate::dice::Dice;
use crate::fault::Deck;
use crate::options::Options;
use crate::parts::Parts;
use crate::world::World;

/// How often it is looked whether all is well.
const LOOK: Duration = Duration::from_millis(20);
/// How long the first joins may take.
const START: Duration = Duration::from_secs(60);
/// How long one fault is given to heal before the next one comes.
const HEAL: Duration = Duration::from_secs(20);

/// What is known of one kind of fault.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Survived {
    pub(crate) times: u32,
    /// From the end of the fault until everyone was in all rooms, and everything published before
    /// had its ack.
    pub(crate) longest: Option<Duration>,
    /// Faults that were followed by another one before they had healed.
    pub(crate) unhealed: u32,
}

/// Each kind of fault that was survived.
pub(crate) type Tally = BTreeMap<&'static str, Survived>;

/// Hurts the parts for the time asked for.
pub(crate) async fn rage(
    world: &World,
    mut parts: Parts,
    options: &Options,
) -> Result<(Parts, Tally)> {
    if healed(world, world.start, START).await.is_none() {
        bail!("not everyone is in: {}", world.ails(world.start).unwrap_or_default());
    }
    world.tell("everyone is in");
    let dice = Dice::of(options.seed, u64::MAX - 1);
    let most = (options.time / 8).max(Duration::from_millis(1_500));
    let mut deck = Deck::new(dice, options.redis, options.nodes, most);
    let mut tally = Tally::new();
    let end = Instant::now() + options.time;
    loop {
        let quiet = deck.dice().between(Duration::from_millis(200), Duration::from_secs(2));
        sleep(quiet).await;
        if Instant::now() >= end {
            return Ok((parts, tally));
        }
        let fault = deck.deal();
        world.tell(fault.to_string());
        parts = spawn_blocking(move || {
            parts.hurt(fault)?;
            parts.all_live()?;
            anyhow::Ok(parts)
        })
        .await
        .context("the thread that hurts parts")??;
        let patience = if deck.dice().one_in(4) { Duration::ZERO } else { HEAL };
        let heal = healed(world, Instant::now(), patience).await;
        let took = heal.map(|time| format!("healed after {:.2} s", time.as_secs_f64()));
        world.tell(took.unwrap_or_else(|| "not healed yet, and on it goes".into()));
        let survived = tally.entry(fault.kind()).or_default();
        survived.times += 1;
        survived.longest = survived.longest.max(heal);
        survived.unhealed += u32::from(heal.is_none());
    }
}

/// How long it took until everything begun before was brought to its end.
async fn healed(world: &World, since: Instant, patience: Duration) -> Option<Duration> {
    let begun = Instant::now();
    loop {
        if world.ails(since).is_none() {
            return Some(begun.elapsed());
        }
        if begun.elapsed() >= patience {
            return None;
        }
        sleep(LOOK).await;
    }
}
