//! What is printed at the end: what was survived, or the story of what went wrong.

use std::collections::{BTreeMap, HashSet};

use crate::judge::Breach;
use crate::log::{Event, Log};
use crate::storm::Survived;
use crate::world::World;

/// Breaches told in full.
const STORIES: usize = 4;
/// Lines of a log in a story.
const LINES: usize = 30;

/// The table of what was hurt, and how long it took to heal.
pub(crate) fn faults(survived: &BTreeMap<&'static str, Survived>) -> String {
    let mut text = format!("\n{:<34} {:>5}  {:>15}\n", "what was hurt", "often", "longest to heal");
    for (kind, Survived { times, longest, unhealed }) in survived {
        let heal =
            longest.map_or_else(|| "-".into(), |time| format!("{:.1} s", time.as_secs_f64()));
        let more = match unhealed {
            0 => String::new(),
            count => format!("  ({count} hurt again before)"),
        };
        text.push_str(&format!("{kind:<34} {times:>5}  {heal:>15}{more}\n"));
    }
    text
}

/// What the clients lived through, counted.
pub(crate) fn counts(logs: &[&Log]) -> String {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let mut published = HashSet::new();
    let mut acked = HashSet::new();
    for entry in logs.iter().flat_map(|log| log.iter()) {
        let mut add = |what: &str, count| *counts.entry(what.to_owned()).or_default() += count;
        match &entry.event {
            Event::Sent(name) if !published.insert((entry.room, *name)) => add("sent again", 1),
            Event::Sent(_) => add("published", 1),
            Event::Acked { name, duplicate, .. } => {
                add("acked", u64::from(acked.insert((entry.room, *name))));
                add("acked as duplicates", u64::from(*duplicate));
            }
            Event::Heard(_) => add("delivered live", 1),
            Event::Welcome { .. } => add("connections", 1),
            Event::Lost { own: true, .. } => add("connections dropped by clients", 1),
            Event::Lost { own: false, .. } => add("connections or tries that failed", 1),
            Event::Joined(joined) => {
                add("delivered by recovery", joined.messages.len() as u64);
                match (joined.recovered, &joined.reason) {
                    (true, _) => add("joins recovered", 1),
                    (false, None) => add("joins from nothing", 1),
                    (false, Some(why)) => add(&format!("losses announced: {why}"), 1),
                }
                add("joined told unasked", u64::from(!joined.asked));
            }
            Event::Gap { repairing, .. } => add(&format!("gaps, repairing:{repairing}"), 1),
            Event::Refused { code, .. } => add(&format!("refused: {code}"), 1),
            Event::Left { .. } => add("made to leave", 1),
            Event::Join { .. } | Event::Wrong(_) => {}
        }
    }
    let lines = counts.into_iter().map(|(what, count)| format!("{what:<40} {count:>9}\n"));
    format!("\n{}", lines.collect::<String>())
}

/// The story of each of the first breaches: what the client last lived through.
pub(crate) fn stories(world: &World, logs: &[&Log], breaches: &[Breach]) -> String {
    let mut text = String::new();
    for breach in breaches.iter().take(STORIES) {
        let Breach { client, room, entry, what } = breach;
        let place = room.map(|room| format!(" in room {room}")).unwrap_or_default();
        text.push_str(&format!("\nBREACH: c{client}{place}: {what}\n"));
        text.push_str(&story(world, logs[*client], *room, *entry));
    }
    text.push_str(&format!("\n{} breaches\n", breaches.len()));
    text
}

/// The last lines of a client's log about a room, with what was hurt meanwhile.
fn story(world: &World, log: &Log, room: Option<usize>, entry: usize) -> String {
    let lines = log[..=entry.min(log.len() - 1)].iter();
    let lines = lines.filter(|line| line.room == room || line.room.is_none());
    let mut lines: Vec<_> =
        lines.rev().take(LINES).map(|line| (line.time, format!("{}", line.event))).collect();
    let first = lines.last().map_or_else(Default::default, |line| line.0);
    let last = lines.first().map_or_else(Default::default, |line| line.0);
    let tale = world.tale.borrow();
    let hurt = tale.iter().filter(|(time, _)| (first..=last).contains(time));
    lines.extend(hurt.map(|(time, what)| (*time, format!("** {what}"))));
    lines.sort_by_key(|line| line.0);
    let line = |(time, what): &(std::time::Duration, String)| {
        format!("  {:8.3} s  {what}\n", time.as_secs_f64())
    };
    lines.iter().map(line).collect()
}
