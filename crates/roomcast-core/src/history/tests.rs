//! A log against a plain list of everything that was ever appended.

use super::*;
use proptest::collection::vec;
use proptest::prelude::*;
use roomcast_protocol::{Message, Payload, RoomName, Timestamp};
use std::time::Duration;

/// Appended after so many milliseconds, with so many bytes.
type Appended = (u64, usize);

fn delivery(offset: u64, at: Duration, size: usize) -> Arc<Placed> {
    let message = Message {
        user: None,
        room: RoomName::new("tea").unwrap(),
        position: Some(Position { epoch: Epoch(1), offset }),
        event: None,
        data: Payload::parse(&format!("\"{}\"", "x".repeat(size))).unwrap(),
        timestamp: Timestamp::from_millis(0),
        message_id: None,
        key: None,
    };
    Arc::new(Placed::new(message, at, None))
}

/// The log of those messages, and the offsets that it must have kept.
fn log_of(appended: &[Appended], bounds: &History) -> (RoomLog, Vec<u64>) {
    let mut log = RoomLog::new(Epoch(1));
    let mut all: Vec<Arc<Placed>> = Vec::new();
    let mut uptime = Duration::ZERO;
    for (after, size) in appended {
        uptime += Duration::from_millis(*after);
        let next = delivery(log.next().offset, uptime, *size);
        log.append(&next, bounds);
        all.push(next);
    }
    log.expire(Now { uptime, ..Now::default() }, bounds);
    let mut bytes = 0;
    let fits = |(place, kept): &(usize, &Arc<Placed>)| {
        bytes += kept.weight();
        *place < bounds.size && bytes <= bounds.bytes && kept.accepted + bounds.ttl >= uptime
    };
    let newest = all.iter().rev().enumerate().take_while(fits);
    let mut kept: Vec<u64> = newest.filter_map(|(_, kept)| kept.offset()).collect();
    kept.reverse();
    (log, kept)
}

fn offsets(snapshot: &Snapshot) -> Vec<u64> {
    snapshot.messages.iter().filter_map(|message| message.offset()).collect()
}

fn any_offset() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 0u64..60, 1 => Just(u64::MAX), 1 => any::<u64>()]
}

fn bounds() -> impl Strategy<Value = History> {
    (0usize..40, 0usize..20_000, 0u64..2_000).prop_map(|(size, bytes, ttl)| History {
        size,
        bytes,
        ttl: Duration::from_millis(ttl),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pages_are_those_of_a_plain_list(
        appended in vec((0u64..100, 0usize..500), 0..50),
        bounds in bounds(),
        offset in any_offset(),
        limit in prop_oneof![0u32..60, Just(u32::MAX)],
    ) {
        let (log, kept) = log_of(&appended, &bounds);
        let most = limit as usize;
        let last = |of: &[u64]| of[of.len().saturating_sub(most)..].to_vec();
        let older: Vec<u64> = kept.iter().copied().filter(|at| *at < offset).collect();
        let newer: Vec<u64> = kept.iter().copied().filter(|at| *at > offset).collect();
        for (page, found, more) in [
            (Page::Latest, last(&kept), kept.len() > most),
            (Page::Before(offset), last(&older), older.len() > most),
            (Page::After(offset), newer[..newer.len().min(most)].to_vec(), newer.len() > most),
        ] {
            let told = log.page(page, limit);
            prop_assert_eq!(offsets(&told), found, "{:?} of {:?}", page, &kept);
            prop_assert_eq!(told.more, more, "{:?} of {:?}", page, &kept);
        }
        prop_assert_eq!(log.head().offset, appended.len() as u64);
    }

    #[test]
    fn catching_up_gives_everything_since_and_the_newest(
        appended in vec((0u64..100, 0usize..500), 0..50),
        bounds in bounds(),
        since in proptest::option::of(any_offset()),
        newest in prop_oneof![0u32..60, Just(u32::MAX)],
    ) {
        let (log, kept) = log_of(&appended, &bounds);
        let head = appended.len() as u64;
        let found = log.catch_up(CatchUp { since, last: newest });
        let from = since.unwrap_or(head).min(head.saturating_sub(u64::from(newest)));
        let wanted: Vec<u64> = kept.iter().copied().filter(|at| *at > from).collect();
        prop_assert_eq!(offsets(&found), wanted);
        prop_assert_eq!(found.floor, head - kept.len() as u64);
        prop_assert_eq!(log.bytes() > 0, !kept.is_empty());
    }
}
