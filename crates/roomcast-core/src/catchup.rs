//! Recovery: what a join may be given of a snapshot, honestly.

use crate::delivery::Placed;
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
pub(crate) fn splice(found: &mut Snapshot, mut meanwhile: Vec<Arc<Placed>>) -> bool {
    meanwhile.sort_by_key(|message| message.offset());
    let mut all_fit = true;
    for placed in meanwhile {
        let Some(position) = placed.message.position else { continue };
        if is_after(found.head, position) {
            found.head = position;
            found.messages.push(placed);
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
    messages: impl Iterator<Item = &'a Arc<Placed>>,
    dialect: &dyn Dialect,
    limit: usize,
) -> Option<Vec<Frame>> {
    let mut room = limit;
    messages
        .map(|message| {
            let frame = message.frame(dialect).clone();
            room = room.checked_sub(frame.len())?;
            Some(frame)
        })
        .collect()
}

/// The newest messages, as many as asked for and as fit.
fn rewind(all: &[Arc<Placed>], join: &Join, dialect: &dyn Dialect, limit: usize) -> Vec<Frame> {
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
    mut messages: impl Iterator<Item = &'a Arc<Placed>>,
    dialect: &dyn Dialect,
    limit: usize,
) -> Vec<Frame> {
    let Some(first) = messages.next() else { return Vec::new() };
    let first = first.frame(dialect).clone();
    let left = limit.saturating_sub(first.len());
    let mut frames = vec![first];
    frames.extend(take_fitting(messages, dialect, left));
    frames
}

/// The first ones that fit.
fn take_fitting<'a>(
    messages: impl Iterator<Item = &'a Arc<Placed>>,
    dialect: &dyn Dialect,
    limit: usize,
) -> Vec<Frame> {
    let mut room = limit;
    messages
        .map_while(|message| {
            let frame = message.frame(dialect);
            room = room.checked_sub(frame.len())?;
            Some(frame.clone())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use roomcast_protocol::{Epoch, Message, Payload, Position, RoomName, Timestamp};
    use std::time::Duration;

    fn at(epoch: u64, offset: u64) -> Position {
        Position { epoch: Epoch(epoch), offset }
    }

    fn deliveries(positions: &[(u64, u64)]) -> Vec<Arc<Placed>> {
        let delivery = |&(epoch, offset): &(u64, u64)| {
            let message = Message {
                user: None,
                room: RoomName::new("tea").unwrap(),
                position: Some(at(epoch, offset)),
                event: None,
                data: Payload::parse("1").unwrap(),
                timestamp: Timestamp::from_millis(0),
                message_id: None,
                key: None,
            };
            Arc::new(Placed::new(message, Duration::ZERO, None))
        };
        positions.iter().map(delivery).collect()
    }

    /// What was found of a room whose epoch 2 goes on after the third message of epoch 1, and one.
    fn found() -> Snapshot {
        let messages = deliveries(&[(1, 3), (2, 4)]);
        Snapshot { head: at(2, 4), lineage: vec![at(1, 3)], floor: 2, messages, more: false }
    }

    #[test]
    fn a_snapshot_reaches_what_its_numbering_came_through() {
        let found = found();
        for position in [at(2, 4), at(2, 0), at(1, 3), at(1, 0)] {
            assert!(found.reaches(position), "{position:?}");
        }
        for position in [at(2, 5), at(1, 4), at(3, 1), at(1, u64::MAX)] {
            assert!(!found.reaches(position), "{position:?}");
        }
    }

    #[test]
    fn what_came_meanwhile_goes_behind_the_snapshot_as_far_as_there_is_no_hole() {
        let cases = [
            (&[][..], 4, true),
            (&[(1, 3), (2, 4)], 4, true),
            (&[(2, 6), (2, 5), (2, 5)], 6, true),
            (&[(2, 5), (2, 7)], 5, false),
            (&[(1, 4), (2, 5)], 5, false),
            (&[(3, 5)], 4, false),
        ];
        for (meanwhile, head, all_fit) in cases {
            let mut found = found();
            assert_eq!(splice(&mut found, deliveries(meanwhile)), all_fit, "{meanwhile:?}");
            assert_eq!(found.head, at(2, head), "{meanwhile:?}");
            let offsets: Vec<u64> = found.messages.iter().filter_map(|m| m.offset()).collect();
            assert_eq!(offsets, (3..=head).collect::<Vec<_>>(), "{meanwhile:?}");
        }
    }
}
