//! Roomcast beside servers of other makers, each in its textbook shape.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that prints figures, and what it does meanwhile"
)]

use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};

use crate::docs;
use crate::floor::Mode;
use crate::lab::Lab;
use crate::measure::{Entry, in_turn};
use crate::options::PeerOptions;
use crate::outcome::{Outcome, What, digits};
use crate::peer::Peer;
use crate::report::{about, save};
use crate::sends::{Counting, can_be_counted};
use crate::setting::Setting;
use crate::subject::{Kind, Subject};
use crate::table::Table;

/// A column of the table.
struct Column {
    name: &'static str,
    words: &'static str,
    what: What,
    /// Where clients of Roomcast connect.
    path: &'static str,
    is_quick: bool,
}

const COLUMNS: &[Column] = &[
    column("1,000 members, 32 in flight", "room --members 1000 --in-flight 32", What::Cpu),
    column("one at a time", "room --members 1000 --in-flight 1", What::Cpu),
    column("200 rooms of 10", "rooms --rooms 200 --members 10 --in-flight 4", What::Cpu),
    Column {
        path: "/ws",
        ..column("echo, 100 connections", "echo --connections 100 --in-flight 1", What::Cpu)
    },
    column("100,000 deliveries/s", "room --members 1000 --rate 100", What::P99),
    Column { is_quick: false, ..column("10,000 idle", "idle --connections 10000", What::Rss) },
    Column { is_quick: false, ..column("churn", "churn --connections 1000", What::Handshakes) },
];

const fn column(name: &'static str, words: &'static str, what: What) -> Column {
    Column { name, words, what, path: "/v1/ws", is_quick: true }
}

/// The load under which sends are counted: strace makes everything slow, but no call more.
const COUNTED: &str = "room --members 1000 --in-flight 32";

/// Measures, and tells.
pub(crate) fn run(options: &PeerOptions) -> Result<()> {
    let common = &options.common;
    let lab = Lab::new(common)?;
    let mut subjects = vec![lab.roomcast()];
    subjects.extend(lab.before());
    subjects.extend(Lab::floors(Mode::Batch));
    subjects.extend(installed(Peer::all(&lab.root.join("xtask/peers"), &options.names)?));
    let mut table = Table::new(&["server"]);
    table.rows = subjects.iter().map(|subject| vec![name(subject)]).collect();
    let mut json = Vec::new();
    for column in COLUMNS.iter().filter(|column| column.is_quick || !common.quick) {
        let setting = Setting { path: column.path, ..Setting::new(column.words, common.seconds()) };
        let entry = |subject: &Subject| Entry::new(subject.clone(), setting.clone());
        let mut entries: Vec<_> = subjects.iter().map(entry).collect();
        in_turn(&lab, column.name, &mut entries);
        table.heads.push(format!("{}: {}", column.name, column.what.heading()));
        for (row, entry) in table.rows.iter_mut().zip(&entries) {
            row.push(cell(entry, column.what));
        }
        json.extend(entries.iter().map(|entry| {
            let mut value = entry.json();
            value["column"] = column.name.into();
            value
        }));
    }
    count_sends(&lab, &subjects, &mut table);
    println!("\n{}\n\n{}", about(&lab), table.text());
    save(common, &lab, &json)?;
    if common.write_docs {
        let body = format!("{}\n\n{}", about(&lab), table.markdown());
        docs::write(&lab.root, &[("peers", body)])?;
    }
    Ok(())
}

/// Peers that can be installed here; why others cannot is told.
fn installed(peers: Vec<Peer>) -> Vec<Subject> {
    let install = |peer: Peer| {
        eprintln!("installing {} …", peer.title);
        match peer.set_up() {
            Ok(()) => Some(Subject::peer(peer)),
            Err(error) => {
                eprintln!("left out: {error:#}");
                None
            }
        }
    };
    peers.into_iter().filter_map(install).collect()
}

fn name(subject: &Subject) -> String {
    match &subject.kind {
        Kind::Peer(peer) if !peer.version.is_empty() => format!("{} {}", peer.title, peer.version),
        _ => subject.name.clone(),
    }
}

/// A figure, and what went wrong while it was measured.
fn cell(entry: &Entry, what: What) -> String {
    let wrongs = entry.wrongs();
    let figure = entry.show(what);
    if wrongs.is_empty() { figure } else { format!("{figure} ({wrongs})") }
}

/// The last column, where strace is there.
fn count_sends(lab: &Lab, subjects: &[Subject], table: &mut Table) {
    if !can_be_counted() {
        eprintln!("sends are not counted: `apt-get install strace` would let them be");
        return;
    }
    table.heads.push("sends a delivery, 32 in flight".to_owned());
    for (row, subject) in table.rows.iter_mut().zip(subjects) {
        eprint!("counting the sends of {} … ", subject.name);
        let sends = sends(lab, subject);
        let cell = match sends {
            Ok(sends) => digits(sends),
            Err(error) => {
                eprint!("{error:#} ");
                "–".to_owned()
            }
        };
        eprintln!("{cell}");
        row.push(cell);
    }
}

/// Sends for each delivery: what a longer run has more than a short one. So those of the
/// handshakes do not count.
fn sends(lab: &Lab, subject: &Subject) -> Result<f64> {
    let [short, long] = [1, 4].map(|seconds| counted(lab, subject, seconds));
    let ((less_sends, less), (sends, deliveries)) = (short?, long?);
    ensure!(deliveries > less, "nothing was delivered");
    Ok((sends - less_sends) / (deliveries - less))
}

/// The sends and the deliveries of one run.
fn counted(lab: &Lab, subject: &Subject, seconds: u64) -> Result<(f64, f64)> {
    let setting = Setting::new(COUNTED, seconds);
    let running = subject.start(lab, &setting)?;
    let counting = Counting::start(running.pid())?;
    let mut command = lab.command(subject, &setting, &running)?;
    let output = command.args(["--warm-up", "0s"]).stdin(Stdio::null()).output()?;
    let sends = counting.end()?;
    let outcome = Outcome::read(&String::from_utf8_lossy(&output.stdout))?;
    let deliveries = outcome.get(What::Delivered).context("nothing was delivered")?;
    Ok((sends as f64, deliveries))
}
