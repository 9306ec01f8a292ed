//! What can be set of the engine: meaning, unit, default, and what more of it costs.

use crate::room_kind::RoomKind;
use roomcast_protocol::RoomName;
use std::time::Duration;

/// Signs of life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heartbeat {
    /// A client that was silent for so long is pinged. Default 30 s. Shorter finds dead
    /// connections sooner and costs a frame each way per interval.
    pub interval: Duration,
    /// A pinged client that stays silent for so long is closed with 4003. Default 10 s.
    pub timeout: Duration,
}

impl Default for Heartbeat {
    fn default() -> Self {
        Self { interval: Duration::from_secs(30), timeout: Duration::from_secs(10) }
    }
}

/// What one session may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Commands a second in the long run; beyond, `rate_limited`. Default 100.
    pub commands_per_second: u32,
    /// Commands at once after a quiet time. Default 200.
    pub burst: u32,
    /// Rooms joined at the same time; one more is refused with `limit`. Default 100.
    pub rooms: usize,
    /// Commands sent and not answered yet; one more is refused with `rate_limited`. Default 256.
    pub in_flight: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { commands_per_second: 100, burst: 200, rooms: 100, in_flight: 256 }
    }
}

/// The life of a session whose token expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expiry {
    /// How long before the end `expiring` is sent; at half of what is left when the token is shown
    /// if that is later. Default 30 s.
    pub notice: Duration,
    /// How long after the end a `refresh` is still taken; then 4004. Default 10 s.
    pub grace: Duration,
}

impl Default for Expiry {
    fn default() -> Self {
        Self { notice: Duration::from_secs(30), grace: Duration::from_secs(10) }
    }
}

/// The settings of the engine.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Signs of life.
    pub heartbeat: Heartbeat,
    /// What one session may ask for, unless its token says otherwise.
    pub limits: Limits,
    /// The life of a session whose token expires.
    pub expiry: Expiry,
    /// Largest frame of a client in bytes; told in `welcome`. Default 64 KiB.
    pub max_frame: usize,
    /// Bytes of messages that may wait in this process for one client that reads slowly.
    /// Default 192 KiB; the kernel keeps up to 64 KiB more. A client whose socket has taken all
    /// so far may be sent a burst of `recovery` more.
    pub outbox: usize,
    /// Bytes of missed messages that a join may send at once, beside the outbox; a client that
    /// missed more gets `recovered:false` with `limit`. Default 1 MiB.
    pub recovery: usize,
    /// How long a client may take nothing of what waits for it, before 4002; and how long one
    /// that is being closed has for its last frames, before its connection is dropped.
    /// Default 20 s.
    pub stall: Duration,
    /// Bytes of messages that may wait for one shard; beyond, its rooms repair themselves from
    /// history. Default 64 MiB.
    pub inbox: usize,
    /// Members of a room beyond which its messages are written some members at a time, between
    /// everything else, so that small rooms need not wait. Default 64: what a slice holds.
    pub large_room: usize,
    /// How long a room without members stays subscribed. Default 5 s.
    pub linger: Duration,
    /// How long a `message_id` is remembered, at least as long as clients retry. Default 2 min.
    pub dedupe: Duration,
    /// How long presence differences are gathered. Default 100 ms.
    pub presence_batch: Duration,
    /// Kinds of rooms; the first whose pattern matches a room is its kind. A room that none
    /// matches has the defaults of [`RoomKind`].
    pub rooms: Vec<RoomKind>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            heartbeat: Heartbeat::default(),
            limits: Limits::default(),
            expiry: Expiry::default(),
            max_frame: 64 * 1024,
            outbox: 192 * 1024,
            recovery: 1 << 20,
            stall: Duration::from_secs(20),
            inbox: 64 << 20,
            large_room: 64,
            linger: Duration::from_secs(5),
            dedupe: Duration::from_secs(120),
            presence_batch: Duration::from_millis(100),
            rooms: vec![RoomKind::default()],
        }
    }
}

impl Config {
    /// Bytes of all that may wait for one client: an outbox of messages and one recovery.
    pub(crate) fn backlog(&self) -> usize {
        self.outbox.saturating_add(self.recovery)
    }

    /// The kind of a room: its place in `rooms`, and the settings.
    #[must_use]
    pub fn kind_of(&self, room: &RoomName) -> RoomKind {
        self.rooms.iter().find(|kind| kind.pattern.matches(room)).cloned().unwrap_or_default()
    }
}
