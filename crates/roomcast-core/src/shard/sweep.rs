//! Everything with a deadline: pings, silence, expiry, stalls, lingering rooms, the drain.
//!
//! One sweep goes over a part of the sessions at every tick, so that each is looked at about
//! once in [`Sweeper::round`].

use super::{Shard, after};
use crate::config::Config;
use crate::now::{Moment, Now, millis};
use crate::session::{Session, SessionKey};
use roomcast_protocol::dialect::Pings;
use roomcast_protocol::{CloseCode, Push, SessionId, Timestamp, UserId};
use std::collections::VecDeque;
use std::time::Duration;

/// Ticks in which every session is looked at once.
const PARTS: usize = 20;

#[derive(Debug)]
pub(super) struct Sweeper {
    tick: Duration,
    cursor: usize,
    /// Rooms without members, and when to forget them.
    pub(super) lingering: VecDeque<(u64, u32)>,
    /// Until when everyone is to be sent away, once a drain has begun.
    drained: Option<u64>,
    /// Sessions to send away, and when; the first one last.
    leaving: Vec<(u64, SessionKey)>,
    /// Sessions whose outbox found no room, to be closed as soon as nothing is borrowed.
    pub(super) overflowed: Vec<SessionKey>,
}

/// What a session is due for.
enum Due {
    Nothing,
    Close(CloseCode),
    Ping(roomcast_protocol::Frame),
    Expiring(Duration),
}

impl Sweeper {
    pub(super) fn new(config: &Config) -> Self {
        let shortest = config.heartbeat.interval.min(config.heartbeat.timeout);
        let round = (shortest / 4).clamp(Duration::from_millis(100), Duration::from_secs(1));
        Self {
            tick: round / PARTS as u32,
            cursor: 0,
            lingering: VecDeque::new(),
            drained: None,
            leaving: Vec::new(),
            overflowed: Vec::new(),
        }
    }
}

impl Shard {
    /// How often [`Shard::sweep`] wants to be called.
    #[must_use]
    pub fn tick(&self) -> Duration {
        self.sweeper.tick
    }

    /// Does what is due.
    pub fn sweep(&mut self, now: Now) {
        self.close_overflowed(now);
        let places = self.sessions.capacity();
        let part = places.div_ceil(PARTS);
        for _ in 0..part {
            self.sweeper.cursor = (self.sweeper.cursor + 1) % places.max(1);
            self.look_at(self.sweeper.cursor as u32, now);
        }
        self.forget_lingering(now);
        self.send_away(now);
        if self.id == 0 {
            self.engine.broker.sweep(now);
            self.engine.presence.flush(now);
        }
    }

    fn look_at(&mut self, index: u32, now: Now) {
        let Some(session) = self.sessions.get_mut(index as usize) else { return };
        if session.closing.is_some() {
            if session.given_up.is_some_and(|at| at.ms() <= now.ms()) {
                self.make_ready(index);
            }
            return;
        }
        session.outbox.shrink();
        match due(session, &self.engine.config, now) {
            Due::Nothing => {}
            Due::Close(code) => self.close_at(index, code, now),
            Due::Ping(frame) => {
                // Only a sign of life ends the waiting, not the next ping.
                session.pinged.get_or_insert(Moment::of(now.ms()));
                session.next_ping = after(now, self.engine.config.heartbeat.interval);
                self.push_frame(index, frame);
            }
            Due::Expiring(within) => {
                session.notice_at = None;
                self.push(index, &Push::Expiring { within });
            }
        }
    }

    fn forget_lingering(&mut self, now: Now) {
        while let Some(&(at, room)) = self.sweeper.lingering.front() {
            if at > now.ms() {
                return;
            }
            self.sweeper.lingering.pop_front();
            self.forget_room(room, now);
        }
    }

    /// Gives every session its own moment to go, told at once, and closes it then.
    pub(super) fn drain(&mut self, window: Duration, now: Now) {
        self.sweeper.drained = Some(after(now, window));
        let keys: Vec<SessionKey> =
            self.sessions.iter().map(|(index, session)| session.key(index as u32)).collect();
        let moments: Vec<_> =
            keys.into_iter().filter_map(|key| Some((self.tell_moment(key, now)?, key))).collect();
        self.sweeper.leaving.extend(moments);
        self.sweeper.leaving.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    }

    /// Who was on its way when the drain began is sent away with the others.
    pub(super) fn drain_late(&mut self, key: SessionKey, now: Now) {
        let Some(at) = self.tell_moment(key, now) else { return };
        let place = self.sweeper.leaving.partition_point(|(other, _)| *other > at);
        self.sweeper.leaving.insert(place, (at, key));
    }

    /// Tells a session when to go, where there is a drain: a moment of its own until the end.
    fn tell_moment(&mut self, key: SessionKey, now: Now) -> Option<u64> {
        let left = self.sweeper.drained?.saturating_sub(now.ms());
        let moment = self.random.next() % left.max(1);
        let after = Duration::from_millis(moment);
        self.push(key.index, &Push::Reconnect { after, reason: "drain" });
        Some(now.ms().saturating_add(moment))
    }

    fn send_away(&mut self, now: Now) {
        while self.sweeper.leaving.last().is_some_and(|(at, _)| *at <= now.ms()) {
            if let Some((_, key)) = self.sweeper.leaving.pop() {
                self.close(key, CloseCode::Drain, now);
            }
        }
    }

    /// Closes every session of the user, or only this one of them; how many they were.
    pub(super) fn disconnect(
        &mut self,
        user: &UserId,
        only: Option<SessionId>,
        code: CloseCode,
        now: Now,
    ) -> usize {
        let is_theirs = |session: &Session| {
            session.closing.is_none()
                && session.is_of(user)
                && only.is_none_or(|only| only == session.id)
        };
        let theirs = self.sessions.iter().filter(|(_, session)| is_theirs(session));
        let keys: Vec<SessionKey> =
            theirs.map(|(index, session)| session.key(index as u32)).collect();
        keys.iter().for_each(|&key| self.close(key, code, now));
        keys.len()
    }
}

fn due(session: &Session, config: &Config, now: Now) -> Due {
    if let Some(end) = session.identity.expires_at {
        let grace = i64::try_from(millis(config.expiry.grace)).unwrap_or(i64::MAX);
        if end.as_millis().saturating_add(grace) <= now.wall.as_millis() {
            return Due::Close(CloseCode::TokenExpired);
        }
        if session.notice_at.is_some_and(|at| at <= now.wall) {
            return Due::Expiring(until(end, now));
        }
    }
    let stall = millis(config.stall);
    if session.blocked.is_some_and(|since| since.ms().saturating_add(stall) <= now.ms()) {
        return Due::Close(CloseCode::TooSlow);
    }
    heartbeat(session, config, now)
}

fn heartbeat(session: &Session, config: &Config, now: Now) -> Due {
    let (interval, timeout) = (millis(config.heartbeat.interval), millis(config.heartbeat.timeout));
    if session.pinged.is_some_and(|pinged| pinged.ms().saturating_add(timeout) <= now.ms()) {
        return Due::Close(CloseCode::NoSignOfLife);
    }
    let is_due = match session.dialect.pings() {
        Pings::WhenSilent => {
            session.pinged.is_none() && session.heard.saturating_add(interval) <= now.ms()
        }
        Pings::Always => session.next_ping.max(session.opened.saturating_add(interval)) <= now.ms(),
    };
    if is_due { Due::Ping(session.dialect.ping()) } else { Due::Nothing }
}

/// How long until that moment; none is left once it has passed.
pub(super) fn until(end: Timestamp, now: Now) -> Duration {
    let left = end.as_millis().saturating_sub(now.wall.as_millis());
    Duration::from_millis(u64::try_from(left).unwrap_or(0))
}
