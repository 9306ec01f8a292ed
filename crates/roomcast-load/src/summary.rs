//! From what a run left behind to its report.

use crate::clock::seconds;
use crate::course::{Course, Measured};
use crate::crowd::Crowd;
use crate::look::{Look, rounded};
use crate::net::Handshakes;
use crate::plan::{Pace, Plan, Scenario};
use crate::report::{self, Beside, Generator, Report, Storm};
use crate::tally::Tally;

/// Above this share of its time the generator itself is in the way.
const BUSY: f64 = 0.95;

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn per(count: u64, span: f64) -> Option<f64> {
    (span > 0.0).then(|| (count as f64 / span * 10.0).round() / 10.0)
}

/// Members and publishers of a room, and how many members never read.
fn sizes(scenario: &Scenario) -> (Option<u32>, Option<u32>, u32) {
    match *scenario {
        Scenario::Room { members, publishers, stalled, .. } => {
            (Some(members), Some(publishers), stalled)
        }
        Scenario::Rooms { members, .. } => (Some(members), Some(1), 0),
        Scenario::Storm { members, rooms, .. } => (Some(members / rooms), Some(1), 0),
        Scenario::Echo { .. } | Scenario::Idle { .. } | Scenario::Churn { .. } => (None, None, 0),
    }
}

/// How many rooms there are, where there are rooms; the small one beside is told by itself.
fn rooms(scenario: &Scenario) -> Option<u32> {
    match scenario {
        Scenario::Churn { .. } | Scenario::Echo { .. } => None,
        Scenario::Room { .. } => Some(1),
        scenario => Some(scenario.rooms()),
    }
}

/// A report with what every scenario has.
pub(crate) fn base(plan: &Plan, tally: &Tally, measured: &Measured) -> Report {
    let (members, publishers, stalled) = sizes(&plan.scenario);
    let (rate, in_flight) = match plan.scenario.pace() {
        Some(Pace::Rate(rate)) => (Some(rate), None),
        Some(Pace::InFlight(number)) => (None, Some(number)),
        None => (None, None),
    };
    Report {
        scenario: plan.scenario.name(),
        url: plan.target.as_str().to_owned(),
        dialect: plan.script.dialect.name(),
        connections: plan.scenario.connections(),
        rooms: rooms(&plan.scenario),
        members,
        publishers,
        stalled,
        size: plan.size,
        rate,
        in_flight,
        seconds: rounded(measured.seconds),
        published: None,
        delivered: None,
        deliveries_per_second: None,
        lost: 0,
        duplicated: tally.duplicated,
        reordered: tally.reordered,
        closed: tally.closed,
        failed: tally.failed,
        refused: tally.refused,
        latency_us: None,
        beside: None,
        handshakes: report::Handshakes::default(),
        storm: None,
        server: None,
        generator: generator(measured),
        notes: tally.notes(),
        passed: false,
    }
}

fn generator(measured: &Measured) -> Generator {
    let worked = measured.own_cpu.min(
        // A thread that looks again and again uses its processor, but is not busy.
        crate::clock::nanos(std::time::Duration::from_secs_f64(measured.seconds))
            .saturating_sub(measured.idle),
    );
    let busy = if measured.seconds > 0.0 { seconds(worked) / measured.seconds } else { 0.0 };
    Generator { cpu_seconds: rounded(seconds(measured.own_cpu)), busy: rounded(busy), reads: 0 }
}

/// How connections were opened, in so many seconds.
pub(crate) fn handshakes(handshakes: &Handshakes, span: f64) -> report::Handshakes {
    let latency = handshakes.times.latency();
    report::Handshakes {
        count: handshakes.times.count(),
        per_second: per(handshakes.times.count(), span),
        p50_us: latency.map(|latency| latency.p50),
        p99_us: latency.map(|latency| latency.p99),
        max_us: latency.map(|latency| latency.max),
    }
}

/// The report of a run in which messages were sent.
pub(crate) fn of_course(course: &Course<'_>) -> Report {
    let Course { plan, net, game, look, measured, .. } = course;
    let mut report = base(plan, &game.tally, measured);
    let main = &game.crowds[0];
    report.lost = game.lost();
    report.published = Some(main.published);
    report.delivered = Some(main.latency.count());
    report.deliveries_per_second = per(main.latency.count(), duration(main, measured.seconds));
    report.latency_us = main.latency.latency();
    report.beside = game.crowds.get(1).map(beside);
    report.handshakes = handshakes(&net.handshakes, seconds(net.handshakes.span()));
    if game.returns.is_some() {
        // They came in two waves with a pause between.
        report.handshakes.per_second = None;
    }
    report.storm = game.returns.as_ref().map(|returns| {
        let latency = returns.times.latency();
        Storm {
            away: (main.shape.rooms * (main.shape.members - main.shape.publishers)) as u64,
            back: returns.times.count(),
            seconds_to_all: rounded(seconds(returns.span())),
            p50_us: latency.map(|latency| latency.p50),
            p99_us: latency.map(|latency| latency.p99),
        }
    });
    report.server = tell_server(look, &report, measured);
    report.generator.reads = net.reads;
    let unrecovered = game.returns.as_ref().map_or(0, |returns| returns.unrecovered);
    if unrecovered > 0 {
        report.notes.push(format!("{unrecovered} members came back and were not given all"));
    }
    if main.late > 5_000_000 {
        report.notes.push(format!(
            "the generator sent a message {} ms after its moment at worst; latencies count from the moment",
            main.late / 1_000_000
        ));
    }
    finish(report, plan, unrecovered == 0 && game.tally.strays == 0)
}

fn tell_server(look: &Look, report: &Report, measured: &Measured) -> Option<report::Server> {
    look.tell(measured.seconds, report.connections, measured.received, None)
}

/// How long it took to deliver what was published while measuring.
fn duration(crowd: &Crowd, measured: f64) -> f64 {
    measured.max(seconds(crowd.last.saturating_sub(crowd.span_from())))
}

fn beside(crowd: &Crowd) -> Beside {
    Beside {
        members: u32::try_from(crowd.shape.members).unwrap_or(u32::MAX),
        rate: if let Pace::Rate(rate) = crowd.shape.pace { rate } else { 0.0 },
        published: crowd.published,
        delivered: crowd.latency.count(),
        latency_us: crowd.latency.latency(),
    }
}

/// Judges, and says what stands in the way of believing the numbers.
pub(crate) fn finish(mut report: Report, plan: &Plan, holds: bool) -> Report {
    if report.generator.busy > BUSY {
        report.notes.push(
            "the generator had no time left: the server may be faster than these numbers".into(),
        );
    }
    let p99 = report.latency_us.map(|latency| latency.p99).or(report.handshakes.p99_us);
    let marked = plan.mark.is_none_or(|mark| {
        let held = p99.is_some_and(|p99| u128::from(p99) <= mark.as_micros());
        if !held {
            let p99 = p99.map_or("nothing was timed".into(), |p99| format!("it is {p99} µs"));
            report.notes.push(format!("the p99 must not exceed {mark:?}: {p99}"));
        }
        held
    });
    let wrong = report.lost
        + report.duplicated
        + report.reordered
        + report.closed
        + report.failed
        + report.refused;
    let storm = report.storm.as_ref().is_none_or(|storm| storm.away == storm.back);
    report.passed = wrong == 0 && marked && storm && holds;
    report
}
