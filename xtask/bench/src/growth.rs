//! How the cost of a delivery grows: with members, with rooms, with the size of a message, with
//! workers; and shrinks with the time in which messages are gathered.
#![allow(clippy::print_stdout, reason = "a program that prints figures")]

use std::fs;

use anyhow::{Result, bail};

use crate::docs;
use crate::figure::{Spread, ratios};
use crate::floor::Mode;
use crate::lab::Lab;
use crate::machine;
use crate::measure::{Entry, in_turn};
use crate::options::GrowthOptions;
use crate::outcome::{What, grouped};
use crate::plot::{Line, Plot};
use crate::report::{about, save};
use crate::setting::Setting;
use crate::subject::Subject;
use crate::table::Table;

/// Where plots are, from the root.
const PLOTS: &str = "docs/performance";

/// What a point of a series sets, beside `{n}` in the generator's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sets {
    Nothing,
    /// The size of a message.
    Size,
    Workers,
    /// For how many milliseconds messages are gathered.
    MessageBatch,
}

/// One thing that grows.
struct Series {
    name: &'static str,
    title: &'static str,
    /// What grows, with its unit.
    x: &'static str,
    points: &'static [u32],
    /// The generator's words at a point, written `{n}`.
    words: &'static str,
    sets: Sets,
    /// The floor that is compared with.
    floor: Mode,
}

const MEMBERS: &[u32] = &[10, 30, 100, 300, 1_000, 3_000, 10_000];
const ALL: &[Series] = &[
    Series {
        name: "members",
        title: "One room, 32 messages in flight",
        x: "members of the room",
        points: MEMBERS,
        words: "room --members {n} --in-flight 32",
        sets: Sets::Nothing,
        floor: Mode::Batch,
    },
    Series {
        name: "members-one",
        title: "One room, one message at a time",
        x: "members of the room",
        points: MEMBERS,
        words: "room --members {n} --in-flight 1",
        sets: Sets::Nothing,
        floor: Mode::Each,
    },
    Series {
        name: "rooms",
        title: "10,000 connections in ever more rooms, one message in flight in each",
        x: "rooms",
        points: &[1, 10, 100, 1_000, 5_000, 10_000],
        words: "rooms --rooms {n} --members {10000/n} --in-flight 1",
        sets: Sets::Nothing,
        floor: Mode::Batch,
    },
    Series {
        name: "size",
        title: "One room of 100, 8 messages in flight",
        x: "bytes of a message's data",
        points: &[16, 64, 256, 1_024, 4_096, 16_384, 65_536],
        words: "room --members 100 --in-flight 8",
        sets: Sets::Size,
        floor: Mode::Batch,
    },
    Series {
        name: "workers",
        title: "200 rooms of 10, 50 messages a second in each",
        x: "workers, each on a core",
        points: &[1, 2],
        words: "rooms --rooms 200 --members 10 --rate 50",
        sets: Sets::Workers,
        floor: Mode::Batch,
    },
    Series {
        name: "batch",
        title: "One room of 100, 1,000 messages a second",
        x: "`engine.message_batch`, ms",
        points: &[0, 1, 2, 5, 10],
        words: "room --members 100 --rate 1000",
        sets: Sets::MessageBatch,
        floor: Mode::Each,
    },
];

/// A frame of 64 KiB of data is a little larger than that, and so is all that must hold it.
const LARGE: &[(&str, &str)] = &[
    ("ROOMCAST_LIMITS_MAX_FRAME", "128KiB"),
    ("ROOMCAST_CONNECTION_OUTBOX", "8MiB"),
    ("ROOMCAST_CONNECTION_RECOVERY", "8MiB"),
];
const LARGE_ROOMS: &str = "[[room]]\npattern = \"*\"\nmax_message = \"128KiB\"\n";

/// A point that was measured: Roomcast, then the floor it is compared with, then the other.
struct Point {
    x: u32,
    entries: Vec<Entry>,
}

/// Measures, and tells.
pub(crate) fn run(options: &GrowthOptions) -> Result<()> {
    let common = &options.common;
    for name in &options.names {
        if !ALL.iter().any(|series| series.name == name) {
            let names: Vec<_> = ALL.iter().map(|series| series.name).collect();
            bail!("there is no series `{name}`: there are {}", names.join(", "));
        }
    }
    let lab = Lab::new(common)?;
    let is_chosen = |series: &&Series| {
        options.names.is_empty() || options.names.iter().any(|name| name == series.name)
    };
    println!("{}", about(&lab));
    let mut json = Vec::new();
    for series in ALL.iter().filter(is_chosen) {
        let points = series.measure(&lab, common.seconds(), common.quick);
        let table = series.table(&points);
        println!("\n{}\n\n{}", series.title, table.text());
        json.extend(points.iter().map(|point| {
            let entries: Vec<_> = point.entries.iter().map(Entry::json).collect();
            serde_json::json!({ "series": series.name, "x": point.x, "subjects": entries })
        }));
        if common.write_docs {
            series.write(&lab, &points, &table)?;
        }
    }
    save(common, &lab, &json)
}

impl Series {
    fn setting(&self, x: u32, seconds: u64) -> Setting {
        let words = self.words.replace("{n}", &x.to_string());
        let words = words.replace("{10000/n}", &(10_000 / x.max(1)).to_string());
        let mut setting = Setting::new(&words, seconds);
        match self.sets {
            Sets::Nothing => {}
            Sets::Workers => setting.workers = x,
            Sets::MessageBatch => setting.message_batch = x,
            Sets::Size => {
                setting.size = x as usize;
                setting.variables = LARGE;
                setting.rooms = LARGE_ROOMS;
            }
        }
        setting
    }

    /// A first look has every third of many points, and one floor.
    fn measure(&self, lab: &Lab, seconds: u64, quick: bool) -> Vec<Point> {
        let step = if quick && self.points.len() > 2 { 3 } else { 1 };
        let points = self.points.iter().step_by(step);
        // Beyond this the system has no more sockets for one process.
        let most = machine::open_files().saturating_sub(200);
        let points = points.filter(|x| self.sets == Sets::Size || u64::from(**x) <= most);
        let measure = |x: &u32| {
            let setting = self.setting(*x, seconds);
            let mut entries = vec![Entry::new(lab.roomcast(), setting.clone())];
            // The floor has one thread: two workers stand beside it as it is.
            let floors = Lab::floors(self.floor).into_iter().take(if quick { 1 } else { 2 });
            entries.extend(floors.map(|floor: Subject| Entry::new(floor, setting.clone())));
            entries.extend(lab.before().map(|before| Entry::new(before, setting)));
            in_turn(lab, &format!("{} {x}", self.name), &mut entries);
            Point { x: *x, entries }
        };
        points.map(measure).collect()
    }

    fn table(&self, points: &[Point]) -> Table {
        let names = points.first().into_iter().flat_map(|point| &point.entries);
        let names = names.map(|entry| format!("{}: {}", entry.subject.name, What::Cpu.heading()));
        let mut table = Table::new(&[self.x]);
        table.heads.extend(names);
        table.heads.extend(["of the floor", "p99 ms", "wrong"].map(str::to_owned));
        for point in points {
            let mut cells = vec![grouped(f64::from(point.x))];
            cells.extend(point.entries.iter().map(|entry| entry.show(What::Cpu)));
            if let [ours, floor, ..] = &point.entries[..] {
                let ratio = ratios(&ours.values(What::Cpu), &floor.values(What::Cpu));
                cells.push(ratio.map_or_else(|| "–".to_owned(), |ratio: Spread| ratio.to_string()));
                cells.extend([ours.show(What::P99), ours.wrongs()]);
            }
            table.rows.push(cells);
        }
        table
    }

    fn write(&self, lab: &Lab, points: &[Point], table: &Table) -> Result<()> {
        let mut body = format!("{}\n\n{}", about(lab), table.markdown());
        if let Some(plot) = self.plot(points) {
            let folder = lab.root.join(PLOTS);
            fs::create_dir_all(&folder)?;
            fs::write(folder.join(format!("{}.svg", self.name)), plot.svg()?)?;
            body.push_str(&format!("\n![{}](performance/{}.svg)\n", self.title, self.name));
        }
        docs::write(&lab.root, &[(&format!("growth-{}", self.name), body)])
    }

    /// Two points are no picture, and a logarithmic axis has no 0.
    fn plot(&self, points: &[Point]) -> Option<Plot> {
        let first = points.first().filter(|first| points.len() > 2 && first.x > 0)?;
        let line = |at: usize| Line {
            name: first.entries[at].subject.name.clone(),
            points: points
                .iter()
                .filter_map(|point| {
                    let cost = point.entries.get(at)?.spread(What::Cpu)?.median;
                    (cost > 0.0).then_some((f64::from(point.x), cost))
                })
                .collect(),
        };
        let lines = (0..first.entries.len()).map(line).collect();
        let y = "µs of server CPU a delivery";
        Some(Plot { title: self.title.to_owned(), x: self.x.to_owned(), y: y.to_owned(), lines })
    }
}

#[cfg(test)]
mod tests {
    use super::{ALL, Sets};

    #[test]
    fn each_point_has_its_load() {
        for series in ALL {
            for x in series.points {
                let setting = series.setting(*x, 5);
                let words = setting.words.join(" ");
                assert!(!words.contains('{'), "{words}");
                assert_eq!(series.sets == Sets::Size, setting.size as u32 == *x, "{words}");
            }
        }
        let rooms = ALL.iter().find(|series| series.name == "rooms").unwrap();
        let words = rooms.setting(5_000, 5).words.join(" ");
        assert_eq!(words, "rooms --rooms 5000 --members 2 --in-flight 1");
    }
}
