//! Recovery: what a join may be given of a snapshot, honestly.

use crate::delivery::Delivery;
use crate::inbox::Snapshot;
use crate::room::is_after;
use roomcast_protocol::command::{Join, Page};
use roomcast_protocol::reply::NotRecovered;
use roomcast_protocol::{Dialect, Frame};
use std::sync::Arc;

/// What a join is given.
#[derive(Debug)]
pub(crate) struct Recovered {
    /// The messages, encoded, oldest first.
    pub(crate) messages: Vec<Frame>,
    /// Everything since the client's position is among them.
    pub(crate) complete: bool,
    /// Why not.
    pub(crate) reason: Option<NotRecovered>,
}

/// Puts what came meanwhile behind the snapshot, as far as it goes on without a hole. Whether all
/// of it has its place now, or had one already; what has none may tell of messages that are missing.
pub(crate) fn splice(found: &mut Snapshot, mut meanwhile: Vec<Arc<Delivery>>) -> bool {
    meanwhile.sort_by_key(|delivery| delivery.offset());
    let mut all_fit = true;
    for delivery in meanwhile {
        let Some(position) = delivery.message.position else { continue };
        if is_after(found.head, position) {
            found.head = position;
            found.messages.push(delivery);
        } else {
            all_fit &= found.reaches(position);
        }
    }
    all_fit
}

/// Chooses from a snapshot what the join asked for: everything since its position, or only what
/// it rewinds to and the reason. Never a part of what was missed, never a silent hole.
pub(crate) fn recover(
    join: &Join,
    snapshot: &Snapshot,
    dialect: &dyn Dialect,
    limit: usize,
) -> Recovered {
    let all = &snapshot.messages;
    let missed = match missed(join, snapshot) {
        Ok(Some(since)) => fitting(all.iter().filter(|d| d.offset() > Some(since)), dialect, limit)
            .ok_or(NotRecovered::Limit)
            .map(Some),
        Ok(None) => Ok(None),
        Err(reason) => Err(reason),
    };
    match missed {
        Ok(Some(messages)) => Recovered { messages, complete: true, reason: None },
        Ok(None) => {
            Recovered { messages: rewind(all, join, dialect, limit), complete: false, reason: None }
        }
        Err(reason) => Recovered {
            messages: rewind(all, join, dialect, limit),
            complete: false,
            reason: Some(reason),
        },
    }
}

/// The offset after which everything is wanted and can be had; none without a position.
fn missed(join: &Join, snapshot: &Snapshot) -> Result<Option<u64>, NotRecovered> {
    let Some(since) = join.since else { return Ok(None) };
    if !snapshot.reaches(since) {
        return Err(NotRecovered::Epoch);
    }
    if since.offset < snapshot.floor {
        return Err(NotRecovered::Expired);
    }
    Ok(Some(since.offset))
}

/// All of them encoded, if they fit.
fn fitting<'a>(
    deliveries: impl Iterator<Item = &'a Arc<Delivery>>,
    dialect: &dyn Dialect,
    limit: usize,
) -> Option<Vec<Frame>> {
    let mut room = limit;
    deliveries
        .map(|delivery| {
            let frame = delivery.frame(dialect).clone();
            room = room.checked_sub(frame.len())?;
            Some(frame)
        })
        .collect()
}

/// The newest messages, as many as asked for and as fit.
fn rewind(all: &[Arc<Delivery>], join: &Join, dialect: &dyn Dialect, limit: usize) -> Vec<Frame> {
    let newest = all.iter().rev().take(join.rewind as usize);
    let mut frames = take_fitting(newest, dialect, limit);
    frames.reverse();
    frames
}

/// As much of a page as one answer may hold, oldest first, and whether there is more in the
/// direction asked for. Where there is a message the page has one, whatever the limit: who reads
/// page by page would else never come past it.
pub(crate) fn page_of(
    found: &Snapshot,
    page: Page,
    dialect: &dyn Dialect,
    limit: usize,
) -> (Vec<Frame>, bool) {
    let messages = match page {
        Page::After(_) => one_at_least(found.messages.iter(), dialect, limit),
        Page::Latest | Page::Before(_) => {
            let mut newest = one_at_least(found.messages.iter().rev(), dialect, limit);
            newest.reverse();
            newest
        }
    };
    let more = found.more || messages.len() < found.messages.len();
    (messages, more)
}

/// The first one, and those after it that fit beside it.
fn one_at_least<'a>(
    mut deliveries: impl Iterator<Item = &'a Arc<Delivery>>,
    dialect: &dyn Dialect,
    limit: usize,
) -> Vec<Frame> {
    let Some(first) = deliveries.next() else { return Vec::new() };
    let first = first.frame(dialect).clone();
    let left = limit.saturating_sub(first.len());
    let mut frames = vec![first];
    frames.extend(take_fitting(deliveries, dialect, left));
    frames
}

/// The first ones that fit.
fn take_fitting<'a>(
    deliveries: impl Iterator<Item = &'a Arc<Delivery>>,
    dialect: &dyn Dialect,
    limit: usize,
) -> Vec<Frame> {
    let mut room = limit;
    deliveries
        .map_while(|delivery| {
            let frame = delivery.frame(dialect);
            room = room.checked_sub(frame.len())?;
            Some(frame.clone())
        })
        .collect()
}
