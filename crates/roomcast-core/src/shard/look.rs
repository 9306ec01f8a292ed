//! What the hub asks: which rooms and sessions are here, a bounded number of places at a time.

use super::Shard;
use crate::inspect::{Look, Part, RoomFilter, SessionEntry, SessionFilter};
use crate::now::Now;
use crate::session::Session;
use roomcast_protocol::{RoomName, SessionId};
use slab::Slab;
use std::time::Duration;

/// Places of rooms or sessions that one step looks at.
const STEP: usize = 1_024;

impl Shard {
    /// Answers; who asked may wait no longer.
    pub(super) fn look(&self, look: Look, now: Now) {
        match look {
            Look::Rooms(filter, step) => _ = step.answer.send(self.rooms_from(step.from, &filter)),
            Look::Sessions(filter, step) => {
                _ = step.answer.send(self.sessions_from(step.from, &filter, now));
            }
        }
    }

    fn rooms_from(&self, from: usize, filter: &RoomFilter) -> Part<RoomName, usize> {
        let wanted = |name: &str| {
            name.starts_with(&filter.prefix)
                && filter.after.as_deref().is_none_or(|after| after < name)
        };
        let rooms = step(&self.rooms, from).filter(|room| room.counted() > 0);
        let mut found: Vec<_> = rooms.filter(|room| wanted(room.name.as_str())).collect();
        found.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        found.truncate(filter.limit.saturating_add(1));
        let found = found.iter().map(|room| (room.name.clone(), room.counted())).collect();
        Part { found, next: next(&self.rooms, from) }
    }

    fn sessions_from(
        &self,
        from: usize,
        filter: &SessionFilter,
        now: Now,
    ) -> Part<SessionId, SessionEntry> {
        let wanted = |session: &&Session| {
            session.closing.is_none()
                && filter.user.as_ref().is_none_or(|user| session.is_of(user))
                && filter.after.is_none_or(|after| after < session.id)
        };
        let mut found: Vec<&Session> = step(&self.sessions, from).filter(wanted).collect();
        found.sort_unstable_by_key(|session| session.id);
        found.truncate(filter.limit.saturating_add(1));
        let found = found.iter().map(|session| (session.id, self.entry(session, now))).collect();
        Part { found, next: next(&self.sessions, from) }
    }

    fn entry(&self, session: &Session, now: Now) -> SessionEntry {
        let rooms = session.rooms.iter().take(SessionEntry::MAX_ROOMS);
        SessionEntry {
            session: session.id,
            user: session.user().cloned(),
            observer: session.identity.observer,
            dialect: session.dialect.name(),
            connected: Duration::from_millis(now.ms().saturating_sub(session.opened)),
            rooms: rooms.map(|place| self.rooms[place.room as usize].name.clone()).collect(),
            rooms_count: session.rooms.len(),
            outbox_bytes: session.outbox.bytes(),
            rtt: session.rtt.map(|rtt| Duration::from_millis(rtt.into())),
        }
    }
}

/// What stands at the places of one step.
fn step<T>(slab: &Slab<Box<T>>, from: usize) -> impl Iterator<Item = &T> {
    let places = from..from.saturating_add(STEP).min(slab.capacity());
    places.filter_map(|place| slab.get(place).map(Box::as_ref))
}

/// Where the next step begins.
fn next<T>(slab: &Slab<T>, from: usize) -> Option<usize> {
    from.checked_add(STEP).filter(|next| *next < slab.capacity())
}
