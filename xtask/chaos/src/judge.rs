//! Holds the clients' logs against the promises of `docs/protocol.md`.
//!
//! A **run** is what a client saw of a room without a loss announced: it begins where a `joined`
//! said `recovered:false` (or where nothing was known before) and goes on over connections, nodes
//! and epochs as long as `joined` says `recovered:true`. What is held:
//!
//! 1. In a run each offset is the one before + 1. Only a `gap` with `repairing:false` skips some,
//!    and only those that come next. So no offset comes twice, and none is missing silently.
//! 2. In a run no message (by its `message_id`) comes twice. A message may come again after a loss
//!    was announced, if its publisher sent it again to a room that had begun anew.
//! 3. `recovered:true` brings exactly the messages from `since` to the position it tells, in the
//!    same epoch or in another that goes on from there.
//! 4. In a room and epoch every client that hears of an offset, as a message or by an ack, hears
//!    of the same message, and a message has one offset. Where a client was told that an epoch
//!    goes on from another at its position, both have the same messages up to there.
//! 5. Whoever was in a run that lasted to the end, and in an epoch in which a later offset was
//!    acked, has heard that message, unless a `gap` named it.
//! 6. In one epoch a client's position never goes back.

mod walk;

use crate::log::{Event, Log};
use crate::truth::{Clash, Truth};
use walk::Walk;

/// What a client was promised and did not get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Breach {
    pub(crate) client: usize,
    pub(crate) room: Option<usize>,
    /// The entry of the client's log where it shows.
    pub(crate) entry: usize,
    pub(crate) what: String,
}

/// Reads all logs, each client's in its place, and finds every breach.
pub(crate) fn judge(logs: &[&Log]) -> Vec<Breach> {
    let mut truth = Truth::default();
    let mut breaches = Vec::new();
    let mut walks = Vec::new();
    for (client, log) in logs.iter().enumerate() {
        walks.extend(walk(client, log, &mut truth, &mut breaches));
    }
    let clashes = truth.join_epochs();
    breaches.extend(clashes.into_iter().map(|clash| breach(logs, clash)));
    for walk in &walks {
        let missing = walk.missing(&truth).map(|what| Breach {
            client: walk.client,
            room: Some(walk.room),
            entry: logs[walk.client].len().saturating_sub(1),
            what,
        });
        breaches.extend(missing);
    }
    breaches
}

fn breach(logs: &[&Log], ((client, entry), what): Clash) -> Breach {
    Breach { client, room: logs[client][entry].room, entry, what }
}

/// One client through all its rooms.
fn walk(client: usize, log: &Log, truth: &mut Truth, breaches: &mut Vec<Breach>) -> Vec<Walk> {
    let mut walks: Vec<Walk> = Vec::new();
    for (entry, step) in log.iter().enumerate() {
        let source = (client, entry);
        let mut found = |what| breaches.push(Breach { client, room: step.room, entry, what });
        if let Event::Wrong(what) = &step.event {
            found(what.clone());
        }
        let Some(room) = step.room else {
            if matches!(step.event, Event::Lost { .. }) {
                walks.iter_mut().for_each(Walk::out);
            }
            continue;
        };
        let at = walks.iter().position(|walk| walk.room == room);
        let at = at.unwrap_or_else(|| {
            walks.push(Walk::new(client, room));
            walks.len() - 1
        });
        if let Err(what) = walks[at].step(&step.event, source, truth) {
            found(what);
        }
    }
    walks
}

#[cfg(test)]
mod tests;
