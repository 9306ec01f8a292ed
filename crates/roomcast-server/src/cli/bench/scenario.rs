//! The arguments of each scenario.

use super::{BenchCommand, Common};
use clap::Args;
use roomcast_load::{Pace, Scenario};

/// How often is sent.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct PaceArgs {
    /// Messages a second, however late the server is
    #[arg(long, value_name = "N")]
    rate: Option<f64>,
    /// Messages on their way at any time, as fast as the server is
    #[arg(long, value_name = "N")]
    in_flight: Option<u32>,
}

impl PaceArgs {
    fn pace(&self) -> Pace {
        // Without a number there is a rate: clap demands one of the two.
        self.in_flight.map_or(Pace::Rate(self.rate.unwrap_or(0.0)), Pace::InFlight)
    }
}

#[derive(Debug, Args)]
pub(in crate::cli) struct RoomArgs {
    /// Everyone in the room, publishers and stalled ones too
    #[arg(long, value_name = "N")]
    members: u32,
    /// Members that publish, in turn
    #[arg(long, default_value_t = 1, value_name = "N")]
    publishers: u32,
    #[command(flatten)]
    pace: PaceArgs,
    /// Members that never read
    #[arg(long, default_value_t = 0, value_name = "N")]
    stalled: u32,
    /// A small room of so many members on the same server, 100 messages a second, told apart
    #[arg(long, value_name = "MEMBERS")]
    beside: Option<u32>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct RoomsArgs {
    /// How many rooms
    #[arg(long, value_name = "N")]
    rooms: u32,
    /// Members of each
    #[arg(long, value_name = "N")]
    members: u32,
    #[command(flatten)]
    pace: PaceArgs,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct EchoArgs {
    /// How many connections
    #[arg(long, value_name = "N")]
    connections: u32,
    #[command(flatten)]
    pace: PaceArgs,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct IdleArgs {
    /// How many connections
    #[arg(long, value_name = "N")]
    connections: u32,
    /// How many rooms they are in, one each [default: one for ten connections]
    #[arg(long, value_name = "N")]
    rooms: Option<u32>,
    /// Each first sends one message of so many bytes and gets it back
    #[arg(long, value_name = "BYTES")]
    exchange: Option<usize>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ChurnArgs {
    /// How many are there at a time
    #[arg(long, value_name = "N")]
    connections: u32,
    /// How many are opened a second [default: as many as the server answers]
    #[arg(long, value_name = "N")]
    rate: Option<f64>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct StormArgs {
    /// How many are cut and come back; each room has one publisher more, which stays
    #[arg(long, value_name = "N")]
    members: u32,
    /// How many rooms they are in, one each
    #[arg(long, default_value_t = 1, value_name = "N")]
    rooms: u32,
    /// Messages a second of each room
    #[arg(long, default_value_t = 1.0, value_name = "N")]
    rate: f64,
    #[command(flatten)]
    common: Common,
}

impl BenchCommand {
    pub(super) fn parts(&self) -> (&Common, Scenario) {
        match self {
            Self::Room(RoomArgs { members, publishers, pace, stalled, beside, common }) => {
                let (members, publishers, stalled) = (*members, *publishers, *stalled);
                let (pace, beside) = (pace.pace(), *beside);
                (common, Scenario::Room { members, publishers, pace, stalled, beside })
            }
            Self::Rooms(RoomsArgs { rooms, members, pace, common }) => {
                let pace = pace.pace();
                (common, Scenario::Rooms { rooms: *rooms, members: *members, pace })
            }
            Self::Echo(EchoArgs { connections, pace, common }) => {
                (common, Scenario::Echo { connections: *connections, pace: pace.pace() })
            }
            Self::Idle(IdleArgs { connections, rooms, exchange, common }) => {
                let (connections, rooms, exchange) = (*connections, *rooms, *exchange);
                (common, Scenario::Idle { connections, rooms, exchange })
            }
            Self::Churn(ChurnArgs { connections, rate, common }) => {
                (common, Scenario::Churn { connections: *connections, rate: *rate })
            }
            Self::Storm(StormArgs { members, rooms, rate, common }) => {
                (common, Scenario::Storm { members: *members, rooms: *rooms, rate: *rate })
            }
        }
    }
}
