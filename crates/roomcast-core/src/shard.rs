//! A shard: one core's rooms and sessions, plain data without locks, driven by one thread.
//!
//! It is told what happens (`open`, `receive`, `handle`, `sweep`, `closed`) and when, and says
//! which sessions have something to write (`next_ready`, `flush`). Its parts: `commands` (what a
//! session asks), `events` (what it is told), `delivery` (messages on their way to members),
//! `lanes` (whom to write to, and how soon), `reading` (what it is asked), `members` (who
//! is in which room), `look` (what the hub asks), `sweep` (everything with a deadline).

mod cast;
mod commands;
mod delivery;
mod events;
mod lanes;
mod look;
mod members;
mod reading;
mod sweep;

use crate::access::Gatekeeper;
use crate::asker::Ack;
use crate::broker::Broker;
use crate::by_room::ByRoom;
use crate::census::Census;
use crate::config::Config;
use crate::inbox::ShardId;
use crate::now::{Moment, Now, millis};
use crate::outbox::Missing;
use crate::presence::PresenceStore;
use crate::random::Random;
use crate::room::Room;
use crate::session::{Ending, Session, SessionKey, SessionSpec};
use crate::stats::Stats;
use events::Held;
pub use lanes::Lane;
use lanes::Lanes;
use roomcast_protocol::command::Join;
use roomcast_protocol::dialect::Decoded;
use roomcast_protocol::reply::Welcome;
use roomcast_protocol::{
    CloseCode, CommandId, Dialect, Frame, Incoming, Push, Refusal, Reply, RoomName, SessionId,
};
use slab::Slab;
use std::fmt;
use std::io::{self, IoSlice};
use std::sync::Arc;
use std::time::Duration;
use sweep::Sweeper;

/// What all shards of a node share.
pub(crate) struct Engine {
    pub(crate) config: Config,
    pub(crate) broker: Arc<dyn Broker>,
    pub(crate) presence: Arc<dyn PresenceStore>,
    pub(crate) gatekeeper: Arc<dyn Gatekeeper>,
    pub(crate) census: Census,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("broker", &self.broker).finish_non_exhaustive()
    }
}

/// One core's rooms and sessions.
#[derive(Debug)]
pub struct Shard {
    id: ShardId,
    engine: Arc<Engine>,
    /// Boxed, as rooms are: they come and go, and a place costs a pointer. A crowd that grows would
    /// else be copied as a whole, again and again.
    sessions: Slab<Box<Session>>,
    rooms: Slab<Box<Room>>,
    names: ByRoom<u32>,
    /// Rooms with messages that come at the end of what is handled now.
    gathering: Vec<u32>,
    /// Acks that come behind them.
    acks: Vec<Ack>,
    held: Held,
    lanes: Lanes,
    random: Random,
    next_serial: u32,
    next_ticket: u32,
    sweeper: Sweeper,
    stats: Arc<Stats>,
}

/// What a session was that is over.
#[derive(Debug)]
pub struct Closed {
    /// Its id.
    pub session: SessionId,
    /// The dialect it spoke.
    pub dialect: &'static str,
    /// Why it ended.
    pub ending: Ending,
    /// How long it lasted.
    pub lasted: Duration,
}

/// How far the writing to a session came.
#[derive(Debug)]
pub enum Flush {
    /// Everything was written.
    Idle,
    /// The socket is full: flush again when it can be written to.
    Blocked,
    /// Everything was written, a close frame last: the connection is at its end.
    Closing(Ending),
    /// The session is gone, or did not take its last frames in time: the connection is dropped.
    Gone,
}

impl Shard {
    pub(crate) fn new(id: ShardId, engine: Arc<Engine>, seed: u64) -> Self {
        let sweeper = Sweeper::new(&engine.config);
        Self {
            id,
            engine,
            sessions: Slab::new(),
            rooms: Slab::new(),
            names: ByRoom::default(),
            gathering: Vec::new(),
            acks: Vec::new(),
            held: Held::default(),
            lanes: Lanes::default(),
            random: Random::new(seed),
            next_serial: 0,
            next_ticket: 0,
            sweeper,
            stats: Arc::default(),
        }
    }

    /// The settings of the engine.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.engine.config
    }

    /// What this shard has done and holds.
    #[must_use]
    pub fn stats(&self) -> Arc<Stats> {
        Arc::clone(&self.stats)
    }

    /// A connection was accepted: begins its session and says `welcome`.
    pub fn open(&mut self, spec: SessionSpec, now: Now) -> SessionKey {
        self.next_serial = self.next_serial.wrapping_add(1);
        let join = spec.join.clone();
        let id = SessionId(self.random.next());
        let mut session = Session::new(id, self.next_serial, spec, now);
        session.admit(Arc::clone(&session.identity), self.engine.config.expiry.notice, now);
        let implied = session.dialect.implied_presence();
        let index = self.sessions.insert(Box::new(session)) as u32;
        self.stats.opened.add(1);
        self.stats.sessions.add(1);
        let welcome = self.welcome(index, now);
        self.reply(index, &Reply::Welcome(Box::new(welcome)));
        if let Some(room) = join {
            let join = Join { room, since: None, rewind: 0, presence: implied, state: None };
            self.join(index, None, join, now);
        }
        let key = self.sessions[index as usize].key(index);
        self.drain_late(key, now);
        key
    }

    /// A frame came from the client.
    pub fn receive(&mut self, key: SessionKey, incoming: Incoming<'_>, now: Now) {
        self.heard(key, now);
        let Some(session) = self.live(key) else { return };
        let first = session.rooms.first().map(|first| &self.rooms[first.room as usize].name);
        match session.dialect.decode(incoming, session.context(first)) {
            Decoded::Command(id, command) => self.command(key.index, id, command, now),
            Decoded::Answer(frame) => self.push_frame(key.index, frame),
            Decoded::Nothing => {}
            Decoded::Refused(id, refusal) => self.refuse(key.index, id, None, refusal),
        }
    }

    /// The client showed a sign of life, such as a pong.
    pub fn heard(&mut self, key: SessionKey, now: Now) {
        let Some(session) = self.session_mut(key) else { return };
        session.heard = now.ms();
        if let Some(pinged) = session.pinged.take() {
            let rtt = now.ms().saturating_sub(pinged.ms());
            session.rtt = u32::try_from(rtt).ok();
            self.stats.heartbeat_rtt.observe(rtt as f64 / 1e3);
        }
    }

    /// The connection is gone. What its session was, for the log; none if it was gone already.
    pub fn closed(&mut self, key: SessionKey, now: Now) -> Option<Closed> {
        self.session_mut(key)?;
        self.leave_all(key.index, now);
        let session = self.sessions.remove(key.index as usize);
        let ending = session.closing.unwrap_or(Ending::Client);
        self.stats.count_closed(ending);
        self.stats.sessions.sub(1);
        self.stats.outbox_bytes.sub(session.outbox.bytes() as u64);
        let lasted = Duration::from_millis(now.ms().saturating_sub(session.opened));
        Some(Closed { session: session.id, dialect: session.dialect.name(), ending, lasted })
    }

    /// Ends a session with a close code; what waits is written first.
    pub fn close(&mut self, key: SessionKey, code: CloseCode, now: Now) {
        if self.live(key).is_some() {
            self.close_at(key.index, code, now);
        }
    }

    /// The client said goodbye: `answer` is the last that it hears, after what it asked before.
    pub fn goodbye(&mut self, key: SessionKey, answer: Frame, now: Now) {
        if self.live(key).is_some() {
            self.end(key.index, Ending::Client, answer, false, now);
        }
    }

    /// Queues a control frame, such as the pong that answers a client's ping.
    pub fn control(&mut self, key: SessionKey, frame: Frame) {
        if self.live(key).is_some() {
            self.push_frame(key.index, frame);
        }
    }

    /// Writes what waits for a session, as much as its socket takes.
    ///
    /// # Errors
    /// What `write` says; the connection is then as good as gone.
    pub fn flush(
        &mut self,
        key: SessionKey,
        now: Now,
        write: impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>,
    ) -> io::Result<Flush> {
        let Some(session) = self.sessions.get_mut(key.index as usize) else {
            return Ok(Flush::Gone);
        };
        let given_up = session.given_up.is_some_and(|at| at.ms() <= now.ms());
        if session.serial != key.serial || given_up {
            return Ok(Flush::Gone);
        }
        let (rooms, dialect) = (&self.rooms, &session.dialect);
        let before = session.outbox.bytes();
        let result = session.outbox.write(write, |gap| say_gap(rooms, *dialect, gap));
        let after = session.outbox.bytes();
        self.stats.outbox_bytes.add_alone((after as u64).wrapping_sub(before as u64));
        let progress = result?;
        if progress.written > 0 && session.blocked.is_some() {
            // A full socket that takes more has somebody who reads: its pong may wait behind.
            (session.heard, session.pinged) = (now.ms(), None);
        }
        if progress.done {
            // Its place in a lane means nothing any more.
            (session.blocked, session.lane) = (None, None);
            return Ok(session.closing.map_or(Flush::Idle, Flush::Closing));
        }
        if progress.written > 0 || session.blocked.is_none() {
            session.blocked = Some(Moment::of(now.ms()));
        }
        Ok(Flush::Blocked)
    }

    /// Bytes that wait for a session until it reads them: a transport reads no more of a client
    /// that does not read. What a room drops for slow members is not among them, or a client that
    /// is always behind would never be heard again.
    #[must_use]
    pub fn waiting(&self, key: SessionKey) -> usize {
        self.live(key).map_or(0, |session| session.outbox.lasting())
    }

    /// The session, unless it is gone or being closed.
    fn live(&self, key: SessionKey) -> Option<&Session> {
        let session = self.sessions.get(key.index as usize)?;
        (session.serial == key.serial && session.closing.is_none()).then_some(session)
    }

    fn session_mut(&mut self, key: SessionKey) -> Option<&mut Session> {
        let session = self.sessions.get_mut(key.index as usize)?;
        (session.serial == key.serial).then_some(session)
    }

    fn reply(&mut self, index: u32, reply: &Reply) {
        if let Some(frame) = self.sessions[index as usize].dialect.reply(reply) {
            self.push_frame(index, frame);
        }
    }

    fn push(&mut self, index: u32, push: &Push) {
        if let Some(frame) = self.sessions[index as usize].dialect.push(push) {
            self.push_frame(index, frame);
        }
    }

    fn refuse(
        &mut self,
        index: u32,
        id: Option<CommandId>,
        room: Option<RoomName>,
        refusal: Refusal,
    ) {
        self.stats.refused.add(1);
        self.reply(index, &Reply::Refused { id, room, refusal });
    }

    /// Queues what is not a message of a room. A transport stops reading a client for whom much
    /// waits, so only pushes and answers on their way can still come: their bound is the
    /// outbox and one recovery.
    fn push_frame(&mut self, index: u32, frame: Frame) {
        let limit = self.engine.config.backlog();
        let session = &mut self.sessions[index as usize];
        if session.closing.is_some() {
            return;
        }
        let before = session.outbox.bytes();
        session.outbox.push(frame);
        let after = session.outbox.bytes();
        self.stats.outbox_bytes.add_alone((after - before) as u64);
        if self.sessions[index as usize].blocked.is_none() {
            self.make_ready(index);
        }
        if after > limit {
            self.sweeper.overflowed.push(self.sessions[index as usize].key(index));
        }
    }

    /// Leaves every room, queues the close frame, and takes nothing more.
    fn close_at(&mut self, index: u32, code: CloseCode, now: Now) {
        // What a slow client did not read in time it will recover: the close frame goes first.
        let at_once = code == CloseCode::TooSlow;
        let frame = Frame::close(code.code(), code.reason());
        self.end(index, Ending::Code(code), frame, at_once, now);
    }

    fn end(&mut self, index: u32, ending: Ending, last: Frame, at_once: bool, now: Now) {
        self.leave_all(index, now);
        let session = &mut self.sessions[index as usize];
        if session.closing.is_some() {
            return;
        }
        let before = session.outbox.bytes();
        if at_once {
            session.outbox.forget_unwritten();
        }
        session.outbox.push(last);
        session.closing = Some(ending);
        session.given_up = Some(Moment::of(after(now, self.engine.config.stall)));
        let bytes = session.outbox.bytes();
        self.stats.outbox_bytes.add((bytes as u64).wrapping_sub(before as u64));
        self.make_ready(index);
    }

    fn welcome(&self, index: u32, now: Now) -> Welcome {
        let (config, session) = (&self.engine.config, &self.sessions[index as usize]);
        let limits = session.limits(config);
        Welcome {
            session: session.id,
            user: session.user().cloned(),
            heartbeat_interval: config.heartbeat.interval,
            heartbeat_timeout: config.heartbeat.timeout,
            expires_in: session.identity.expires_at.map(|end| sweep::until(end, now)),
            max_frame: config.max_frame,
            max_rooms: limits.rooms,
            commands_per_second: limits.commands_per_second,
        }
    }
}

fn say_gap(rooms: &Slab<Box<Room>>, dialect: &dyn Dialect, gap: Missing) -> Option<Frame> {
    let room = rooms.get(gap.room as usize)?.name.clone();
    let Missing { from, to, reason, .. } = gap;
    dialect.push(&Push::Gap { room, from, to, reason, repairing: false })
}

/// A moment in milliseconds of uptime, some time from now.
fn after(now: Now, duration: Duration) -> u64 {
    now.ms().saturating_add(millis(duration))
}
