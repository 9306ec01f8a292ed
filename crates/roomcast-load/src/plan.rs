//! What a run is to do.

use crate::dialect::{Dialect, Script};
use crate::stamp::{LEAST_SIZE, MOST_PUBLISHERS};
use crate::target::Target;
use std::time::Duration;
use thiserror::Error;

/// A whole run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Where the server is.
    pub target: Target,
    /// What is said to it.
    pub script: Script,
    /// What happens.
    pub scenario: Scenario,
    /// Bytes of a message's data.
    pub size: usize,
    /// How long is measured.
    pub measured: Duration,
    /// How long the same is done before that.
    pub warm_up: Duration,
    /// Whether the sockets are looked at again and again instead of waiting for them. It takes a
    /// whole core, but a server on the same machine is not charged for waking this program.
    pub busy_poll: bool,
    /// How many connections may be on their way to being ready at the same time.
    pub at_once: usize,
    /// A token, sent as `Authorization: Bearer`.
    pub token: Option<String>,
    /// The server's process, if it is on this machine and to be looked at.
    pub pid: Option<u32>,
    /// The p99 that must not be exceeded.
    pub mark: Option<Duration>,
    /// How long a connection may take to become ready, and the last deliveries to come.
    pub patience: Duration,
}

/// What happens in a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scenario {
    /// One room.
    Room {
        /// Everyone in it, the publishers too.
        members: u32,
        /// How many of them publish, in turn.
        publishers: u32,
        /// How often, all together.
        pace: Pace,
        /// How many of them never read.
        stalled: u32,
        /// Members of a small room on the same server, which must not notice.
        beside: Option<u32>,
    },
    /// Many rooms, with one publisher each.
    Rooms {
        /// How many.
        rooms: u32,
        /// In each.
        members: u32,
        /// Of each room.
        pace: Pace,
    },
    /// Each connection gets back what it sent, and nobody else does.
    Echo {
        /// How many.
        connections: u32,
        /// Of each connection.
        pace: Pace,
    },
    /// Connections that only are there.
    Idle {
        /// How many.
        connections: u32,
        /// How many rooms they are in, one each; without it, one for ten connections.
        rooms: Option<u32>,
        /// Bytes of one message that each sends and gets back first.
        exchange: Option<usize>,
    },
    /// The oldest connection is closed and a new one opened, again and again.
    Churn {
        /// How many are there at a time.
        connections: u32,
        /// How many are opened a second; without it as many as the server answers.
        rate: Option<f64>,
    },
    /// All connections but the publishers' are cut at once and come back.
    Storm {
        /// How many come back.
        members: u32,
        /// How many rooms they are in, one each.
        rooms: u32,
        /// Messages a second of each room.
        rate: f64,
    },
}

/// How often something is sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// So many a second, however late the server is.
    Rate(f64),
    /// So many on their way at any time, as fast as the server is.
    InFlight(u32),
}

/// Why a plan makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct PlanError(String);

impl PlanError {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

fn demand(holds: bool, text: impl Into<String>) -> Result<(), PlanError> {
    if holds { Ok(()) } else { Err(PlanError::new(text)) }
}

impl Plan {
    /// Says what makes no sense.
    ///
    /// # Errors
    /// The first thing that cannot be, with what to do about it.
    pub fn check(&self) -> Result<(), PlanError> {
        demand(self.size >= LEAST_SIZE, format!("--size must be at least {LEAST_SIZE} bytes"))?;
        demand(self.size <= 16 << 20, "--size may be 16 MiB at most")?;
        demand(self.measured >= Duration::from_millis(1), "--for must be at least 1ms")?;
        let hours = Duration::from_secs(24 * 3600);
        demand(self.measured <= hours && self.warm_up <= hours, "a run may last a day at most")?;
        demand(self.at_once > 0, "--at-once must be at least 1")?;
        let token = self.token.as_deref().unwrap_or_default();
        let fits = token.bytes().all(|byte| byte.is_ascii_graphic());
        demand(fits, "the token has characters that a header cannot have")?;
        self.scenario.check()?;
        self.check_rooms()
    }

    /// Whether the server can tell rooms apart as the scenario wants.
    fn check_rooms(&self) -> Result<(), PlanError> {
        let dialect = self.script.dialect;
        let is_echo = dialect == Dialect::Guide && self.target.endpoint() == "/ws";
        let alone = matches!(
            self.scenario,
            Scenario::Echo { .. } | Scenario::Idle { .. } | Scenario::Churn { .. }
        );
        demand(
            !is_echo || alone,
            "/ws answers only its sender: use `bench echo`, or give ws://…/ws/chat/{room}",
        )?;
        if matches!(self.scenario, Scenario::Storm { .. }) {
            let text = "`storm` comes back with positions, which only the native dialect has";
            demand(dialect == Dialect::Native, text)?;
        }
        let exchange = matches!(self.scenario, Scenario::Idle { exchange: Some(_), .. });
        demand(
            !exchange || dialect != Dialect::Guide || is_echo,
            "--exchange needs the native dialect, a plain server or the guide's /ws",
        )?;
        let chats = dialect == Dialect::Guide && !is_echo && self.scenario.rooms() > 1;
        demand(
            !chats || self.target.names_the_room(),
            "the address names one room for all: write {room} where its name belongs",
        )
    }
}

impl Scenario {
    /// How many connections there are at a time.
    #[must_use]
    pub fn connections(&self) -> u64 {
        let product = |a: u32, b: u32| u64::from(a) * u64::from(b);
        match *self {
            Self::Room { members, beside, .. } => {
                u64::from(members) + u64::from(beside.unwrap_or(0))
            }
            Self::Rooms { rooms, members, .. } => product(rooms, members),
            Self::Echo { connections, .. }
            | Self::Idle { connections, .. }
            | Self::Churn { connections, .. } => u64::from(connections),
            Self::Storm { members, rooms, .. } => u64::from(members) + u64::from(rooms),
        }
    }

    /// How many rooms there are.
    #[must_use]
    pub fn rooms(&self) -> u32 {
        match *self {
            Self::Room { beside, .. } => 1 + u32::from(beside.is_some()),
            Self::Rooms { rooms, .. } | Self::Storm { rooms, .. } => rooms,
            Self::Echo { connections, .. } => connections,
            Self::Idle { connections, rooms, .. } => rooms.unwrap_or((connections / 10).max(1)),
            Self::Churn { .. } => 1,
        }
    }

    /// Its name on the command line.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Room { .. } => "room",
            Self::Rooms { .. } => "rooms",
            Self::Echo { .. } => "echo",
            Self::Idle { .. } => "idle",
            Self::Churn { .. } => "churn",
            Self::Storm { .. } => "storm",
        }
    }

    /// How often is sent, where something is.
    #[must_use]
    pub fn pace(&self) -> Option<Pace> {
        match *self {
            Self::Room { pace, .. } | Self::Rooms { pace, .. } | Self::Echo { pace, .. } => {
                Some(pace)
            }
            Self::Storm { rate, .. } => Some(Pace::Rate(rate)),
            Self::Churn { rate, .. } => rate.map(Pace::Rate),
            Self::Idle { .. } => None,
        }
    }

    fn check(&self) -> Result<(), PlanError> {
        let connections = self.connections();
        demand(connections > 0 && self.rooms() > 0, "there must be at least one connection")?;
        demand(connections <= 10_000_000, "10,000,000 connections are the most")?;
        match self.pace() {
            Some(Pace::Rate(rate)) => demand(
                rate > 0.0 && rate <= 1e9,
                "--rate must be above 0, in messages a second (below 1 is allowed)",
            )?,
            Some(Pace::InFlight(number)) => {
                demand((1..=1_000_000).contains(&number), "--in-flight must be 1 to 1000000")?;
            }
            None => {}
        }
        match *self {
            Self::Room { members, publishers, stalled, beside, .. } => {
                demand(publishers > 0, "--publishers must be at least 1")?;
                let readers = members.checked_sub(stalled);
                demand(
                    readers.is_some_and(|readers| readers >= publishers),
                    "--members counts the publishers and the stalled ones too: make it larger",
                )?;
                demand(beside != Some(0), "--beside must be at least 1")
            }
            Self::Idle { connections, rooms, .. } => demand(
                rooms.is_none_or(|rooms| rooms <= connections),
                "--rooms may not be more than --connections",
            ),
            Self::Storm { members, rooms, .. } => demand(
                rooms <= members && members.is_multiple_of(rooms),
                "--members must be a multiple of --rooms",
            ),
            Self::Rooms { .. } | Self::Echo { .. } => {
                demand(u64::from(self.rooms()) < MOST_PUBLISHERS, "16,777,215 rooms are the most")
            }
            Self::Churn { .. } => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(address: &str, scenario: Scenario) -> Plan {
        let target = Target::parse(address).unwrap();
        Plan {
            script: Script::preset(Dialect::of(&target), &target),
            target,
            scenario,
            size: 128,
            measured: Duration::from_secs(1),
            warm_up: Duration::ZERO,
            busy_poll: false,
            at_once: 256,
            token: None,
            pid: None,
            mark: None,
            patience: Duration::from_secs(10),
        }
    }

    fn room(members: u32, publishers: u32, stalled: u32) -> Scenario {
        let pace = Pace::InFlight(32);
        Scenario::Room { members, publishers, pace, stalled, beside: None }
    }

    fn said(plan: &Plan) -> String {
        plan.check().map_or_else(|error| error.to_string(), |()| String::new())
    }

    const NATIVE: &str = "ws://a/v1/ws";

    #[test]
    fn a_good_plan_is_taken() {
        assert_eq!(said(&plan(NATIVE, room(3, 1, 2))), "");
        let echo = Scenario::Echo { connections: 5, pace: Pace::Rate(0.5) };
        assert_eq!(said(&plan("ws://a/ws", echo)), "");
        assert_eq!((echo.connections(), echo.rooms(), echo.name()), (5, 5, "echo"));
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        let rooms = Scenario::Rooms { rooms: 2, members: 2, pace: Pace::Rate(0.0) };
        let storm = Scenario::Storm { members: 5, rooms: 2, rate: 1.0 };
        let idle = Scenario::Idle { connections: 2, rooms: Some(3), exchange: None };
        let calm = Scenario::Rooms { rooms: 2, members: 2, pace: Pace::Rate(1.0) };
        for (address, scenario, part) in [
            (NATIVE, room(0, 1, 0), "at least one connection"),
            (NATIVE, room(2, 1, 2), "--members"),
            (NATIVE, room(2, 0, 0), "--publishers"),
            (NATIVE, rooms, "--rate"),
            (NATIVE, storm, "multiple"),
            (NATIVE, idle, "--rooms"),
            ("ws://a/ws", room(2, 1, 0), "bench echo"),
            ("ws://a/ws/chat/tea", calm, "{room}"),
            (
                "ws://a/ws/chat/{room}",
                Scenario::Storm { members: 2, rooms: 2, rate: 1.0 },
                "native",
            ),
        ] {
            let said = said(&plan(address, scenario));
            assert!(said.contains(part), "{scenario:?}: {said}");
        }
        let small = Plan { size: 15, ..plan(NATIVE, room(2, 1, 0)) };
        assert!(said(&small).contains("at least 16 bytes"));
        let token = Plan { token: Some("a b".into()), ..plan(NATIVE, room(2, 1, 0)) };
        assert!(said(&token).contains("token"));
    }
}
