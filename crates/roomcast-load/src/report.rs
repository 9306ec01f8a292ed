//! What a run found.

use crate::times::Latency;
use serde::Serialize;

/// What a run found. A field that makes no sense for its scenario is `None`, `null` as JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The scenario's name.
    pub scenario: &'static str,
    /// The server's address, as it was given.
    pub url: String,
    /// The dialect that was spoken.
    pub dialect: &'static str,
    /// Connections at a time.
    pub connections: u64,
    /// Rooms that they were in.
    pub rooms: Option<u32>,
    /// Members of a room.
    pub members: Option<u32>,
    /// Publishers of a room.
    pub publishers: Option<u32>,
    /// Members that never read.
    pub stalled: u32,
    /// Bytes of a message's data.
    pub size: usize,
    /// Messages a second of a room or an echoing connection, openings a second in a churn.
    pub rate: Option<f64>,
    /// Messages of a room or an echoing connection that were on their way at any time.
    pub in_flight: Option<u32>,
    /// How long was measured.
    pub seconds: f64,
    /// Messages whose moment lies in what was measured.
    pub published: Option<u64>,
    /// Their deliveries.
    pub delivered: Option<u64>,
    /// Deliveries by the time up to the last of them.
    pub deliveries_per_second: Option<f64>,
    /// Deliveries that never came, to members whose connection lasted.
    pub lost: u64,
    /// Deliveries that came again.
    pub duplicated: u64,
    /// Deliveries that came after a newer one of the same publisher.
    pub reordered: u64,
    /// Connections that the server ended, or that broke.
    pub closed: u64,
    /// Connections that could not be opened.
    pub failed: u64,
    /// Frames that refused something.
    pub refused: u64,
    /// From the moment when a message was meant to be sent to its delivery.
    pub latency_us: Option<Latency>,
    /// The small room beside the large one.
    pub beside: Option<Beside>,
    /// How connections were opened.
    pub handshakes: Handshakes,
    /// How members came back.
    pub storm: Option<Storm>,
    /// What the server's process used.
    pub server: Option<Server>,
    /// What the generator used.
    pub generator: Generator,
    /// What people should know beside the numbers.
    pub notes: Vec<String>,
    /// Whether nothing was lost, doubled, reordered, closed, refused or failed, and the mark held.
    pub passed: bool,
}

/// The small room beside the large one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Beside {
    /// Its members.
    pub members: u32,
    /// Messages a second.
    pub rate: f64,
    /// Messages whose moment lies in what was measured.
    pub published: u64,
    /// Their deliveries.
    pub delivered: u64,
    /// As of the large room.
    pub latency_us: Option<Latency>,
}

/// How connections were opened: from the start of TCP to the server's 101.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Handshakes {
    /// How many.
    pub count: u64,
    /// From the first start to the last answer; of a churn: while it was measured. None of a
    /// storm, where they come in two waves.
    pub per_second: Option<f64>,
    /// Half took no longer.
    pub p50_us: Option<u64>,
    /// 99 of 100 took no longer.
    pub p99_us: Option<u64>,
    /// The longest.
    pub max_us: Option<u64>,
}

/// How members came back: from the cut to being in the room again.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Storm {
    /// How many were cut.
    pub away: u64,
    /// How many came back.
    pub back: u64,
    /// How long it took until the last was back.
    pub seconds_to_all: f64,
    /// Half were back by then.
    pub p50_us: Option<u64>,
    /// 99 of 100 were back by then.
    pub p99_us: Option<u64>,
}

/// What the server's process used: time in the measured part, memory in bytes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Server {
    /// Time on the processors.
    pub cpu_seconds: f64,
    /// The same by the deliveries that came meanwhile.
    pub cpu_us_per_delivery: Option<f64>,
    /// The same by the handshakes meanwhile, in a churn; in others while connecting.
    pub cpu_us_per_handshake: Option<f64>,
    /// Time on the processors by the time that passed: 1 is one core.
    pub busy: f64,
    /// Memory before the first connection.
    pub rss_before: u64,
    /// Memory when all were there; of idle connections, after their exchange and the warm-up.
    pub rss_connected: u64,
    /// Memory at the end.
    pub rss_end: u64,
    /// What one connection took.
    pub rss_per_connection: f64,
}

/// What the generator used in the measured part.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Generator {
    /// Time on its processor.
    pub cpu_seconds: f64,
    /// Time that it had something to do, by the time that passed: near 1 it is the bottleneck.
    pub busy: f64,
    /// Reads that brought something, in the whole run.
    pub reads: u64,
}
