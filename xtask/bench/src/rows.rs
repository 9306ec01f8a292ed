//! The rows: what is measured, what it is held against, what it must be.

use crate::figure::Bounds;
use crate::floor::Mode;
use crate::outcome::What;
use crate::setting::Setting;

/// A row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// For people.
    pub(crate) about: &'static str,
    /// The generator's words.
    words: &'static str,
    pub(crate) what: What,
    pub(crate) versus: Versus,
    must: Option<f64>,
    aim: Option<f64>,
    /// Deliveries a second that were asked for: they must be made.
    pub(crate) asked: Option<f64>,
    /// Where clients of Roomcast connect.
    path: &'static str,
    workers: u32,
    /// Seconds that it must be measured at least.
    least: u64,
    rooms: &'static str,
    variables: &'static [(&'static str, &'static str)],
    /// Whether a first look has it.
    pub(crate) is_quick: bool,
}

/// What the figure is held against.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Versus {
    /// Itself.
    Nothing,
    /// The floor: the ratio counts.
    Floor(Mode),
    /// The same server under another load: the ratio counts.
    Load { words: &'static str, workers: u32, name: &'static str },
    /// The same server under another load: the difference counts, for each of so many.
    More { words: &'static str, name: &'static str, each_of: u32 },
}

const BASE: Row = Row {
    name: "",
    about: "",
    words: "",
    what: What::Cpu,
    versus: Versus::Nothing,
    must: None,
    aim: None,
    asked: None,
    path: "/v1/ws",
    workers: 1,
    least: 0,
    rooms: "",
    variables: &[],
    is_quick: false,
};

/// Slow members stay, and what waits for them is bounded.
const SKIP: &str = "[[room]]\npattern = \"*\"\nslow = \"skip\"\n";

/// So many seconds of 200 messages a second are more than may wait for one member.
const FILLED: u64 = 10;

/// All rows, in the order of the table.
pub(crate) const ALL: &[Row] = &[
    Row {
        name: "room-1000",
        about: "one room of 1,000, 32 messages in flight",
        words: "room --members 1000 --in-flight 32",
        versus: Versus::Floor(Mode::Batch),
        must: Some(1.6),
        aim: Some(1.2),
        is_quick: true,
        ..BASE
    },
    Row {
        name: "room-5000",
        about: "one room of 5,000, 32 messages in flight",
        words: "room --members 5000 --in-flight 32",
        versus: Versus::Floor(Mode::Batch),
        must: Some(1.8),
        aim: Some(1.3),
        ..BASE
    },
    Row {
        name: "room-1000-one",
        about: "one room of 1,000, one message at a time",
        words: "room --members 1000 --in-flight 1",
        versus: Versus::Floor(Mode::Each),
        must: Some(1.25),
        aim: Some(1.1),
        is_quick: true,
        ..BASE
    },
    Row {
        name: "rooms",
        about: "200 rooms of 10, 4 messages in flight in each",
        words: "rooms --rooms 200 --members 10 --in-flight 4",
        versus: Versus::Floor(Mode::Batch),
        must: Some(1.3),
        aim: Some(1.15),
        is_quick: true,
        ..BASE
    },
    Row {
        name: "echo",
        about: "echo (`/ws`), 100 connections, one message at a time each",
        words: "echo --connections 100 --in-flight 1",
        versus: Versus::Floor(Mode::Batch),
        must: Some(1.3),
        aim: Some(1.1),
        path: "/ws",
        is_quick: true,
        ..BASE
    },
    Row {
        name: "echo-room",
        about: "the same through the engine: each connection in a room of its own",
        words: "echo --connections 100 --in-flight 1",
        versus: Versus::Floor(Mode::Batch),
        ..BASE
    },
    Row {
        name: "p99",
        about: "100,000 deliveries a second: a room of 1,000, 100 messages a second",
        words: "room --members 1000 --rate 100",
        what: What::P99,
        versus: Versus::Floor(Mode::Batch),
        must: Some(1.3),
        aim: Some(1.1),
        is_quick: true,
        ..BASE
    },
    Row {
        name: "million",
        about: "1,000,000 deliveries a second asked: a room of 1,000, 1,000 messages a second",
        words: "room --members 1000 --rate 1000",
        what: What::P99,
        aim: Some(50_000.0),
        asked: Some(1e6),
        ..BASE
    },
    Row {
        name: "stalled",
        about: "one of 5,000 never reads: the others, beside a room where all read",
        words: "room --members 5000 --rate 20 --stalled 1",
        what: What::P99,
        versus: Versus::Load {
            words: "room --members 5000 --rate 20",
            workers: 1,
            name: "roomcast, all read",
        },
        must: Some(1.2),
        aim: Some(1.1),
        ..BASE
    },
    Row {
        name: "stalled-memory",
        about: "what each of 50 members that never read costs in the process, bytes",
        words: "room --members 1000 --rate 200 --stalled 50",
        what: What::RssEnd,
        versus: Versus::More {
            words: "room --members 1000 --rate 200",
            name: "roomcast, all read",
            each_of: 50,
        },
        must: Some(262_144.0),
        least: FILLED,
        rooms: SKIP,
        ..BASE
    },
    Row {
        name: "stalled-kernel",
        about: "what the kernel holds for one of 50 members that never read",
        words: "room --members 1000 --rate 200 --stalled 50",
        what: What::Unsent,
        must: Some(65_536.0),
        least: FILLED,
        rooms: SKIP,
        ..BASE
    },
    Row {
        name: "idle",
        about: "10,000 idle connections with a token, each in one room",
        words: "idle --connections 10000",
        what: What::Rss,
        must: Some(2048.0),
        aim: Some(1024.0),
        ..BASE
    },
    Row {
        name: "idle-60k",
        about: "the same after a message of 60 KB each way",
        // Long enough for the rooms of the exchange to be forgotten.
        words: "idle --connections 10000 --exchange 60000 --warm-up 10s",
        what: What::Rss,
        must: Some(2048.0),
        aim: Some(1024.0),
        ..BASE
    },
    Row {
        name: "shards",
        about: "200 rooms of 10 on two workers and two cores, beside one",
        words: "rooms --rooms 200 --members 10 --rate 50",
        workers: 2,
        versus: Versus::Load {
            words: "rooms --rooms 200 --members 10 --rate 50",
            workers: 1,
            name: "roomcast, one worker",
        },
        must: Some(1.2),
        aim: Some(1.05),
        ..BASE
    },
    Row {
        name: "heartbeat",
        about: "10,000 idle connections, a heartbeat of 30 s: the share of a core",
        words: "idle --connections 10000",
        what: What::Busy,
        must: Some(0.01),
        aim: Some(0.005),
        least: 60,
        ..BASE
    },
    Row {
        name: "handshakes",
        about: "handshakes a second, the token checked (HS256)",
        words: "churn --connections 1000",
        what: What::Handshakes,
        versus: Versus::Floor(Mode::Batch),
        must: Some(0.7),
        aim: Some(0.9),
        ..BASE
    },
    Row {
        name: "beside",
        about: "a room of 2 beside one of 5,000 with 20 messages a second, on one shard",
        words: "room --members 5000 --rate 20 --beside 2",
        what: What::BesideP99,
        must: Some(5_000.0),
        aim: Some(2_000.0),
        ..BASE
    },
    Row {
        name: "storm",
        about: "5,000 members cut at once and back, each with what it missed: seconds until all are",
        words: "storm --members 5000 --rooms 50 --rate 1",
        what: What::Back,
        least: 10,
        ..BASE
    },
];

impl Row {
    /// Its load, for so many seconds.
    pub(crate) fn setting(&self, seconds: u64) -> Setting {
        Setting {
            workers: self.workers,
            path: self.path,
            rooms: self.rooms,
            watches_kernel: self.what == What::Unsent,
            variables: self.variables,
            ..Setting::new(self.words, seconds.max(self.least))
        }
    }

    /// The other load of the same server, with its name.
    pub(crate) fn other(&self, seconds: u64) -> Option<(&'static str, Setting)> {
        let (words, workers, name) = match self.versus {
            Versus::Load { words, workers, name } => (words, workers, name),
            Versus::More { words, name, .. } => (words, self.workers, name),
            Versus::Nothing | Versus::Floor(_) => return None,
        };
        let words = Setting::new(words, 0).words;
        Some((name, Setting { words, workers, ..self.setting(seconds) }))
    }

    pub(crate) fn bounds(&self) -> Bounds {
        Bounds { must: self.must, aim: self.aim }
    }
}

#[cfg(test)]
mod tests {
    use super::{ALL, Versus};

    #[test]
    fn names_are_their_rows_alone() {
        for (at, row) in ALL.iter().enumerate() {
            assert!(ALL[at + 1..].iter().all(|other| other.name != row.name), "{}", row.name);
            assert!(!row.about.is_empty() && !row.setting(1).words.is_empty(), "{}", row.name);
        }
    }

    #[test]
    fn an_aim_is_no_weaker_than_what_must_be() {
        for row in ALL {
            let (Some(must), Some(aim)) = (row.must, row.aim) else { continue };
            let is_stricter = if row.what.is_better_high() { aim >= must } else { aim <= must };
            assert!(is_stricter, "{}", row.name);
        }
    }

    #[test]
    fn a_row_beside_itself_has_another_load() {
        for row in ALL {
            let has_other = matches!(row.versus, Versus::Load { .. } | Versus::More { .. });
            assert_eq!(row.other(1).is_some(), has_other, "{}", row.name);
        }
    }
}
