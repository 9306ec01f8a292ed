//! Connections that come and go: the oldest is closed and a new one opened, again and again.

use super::Quiet;
use crate::clock::{Nanos, seconds};
use crate::error::BenchError;
use crate::look::Look;
use crate::net::{Ears, Net};
use crate::opener::Opener;
use crate::plan::{Plan, Scenario};
use crate::progress::{Progress, Pulse};
use crate::report::Report;
use crate::summary;
use crate::wire::Opening;
use std::collections::VecDeque;
use std::time::Duration;

/// Who is there, in the order in which they came, and which places are free.
struct Turnover {
    ready: VecDeque<usize>,
    /// Said goodbye, and may be gone.
    leaving: VecDeque<usize>,
    /// Places that were ever used.
    places: usize,
    at_once: usize,
    /// Nanoseconds from one opening to the next; without it as many as may be on their way.
    interval: Option<f64>,
    begun: Nanos,
    opened: u64,
}

/// Keeps so many connections while they come and go.
pub(crate) fn churn(
    plan: &Plan,
    net: &mut Net,
    mut look: Look,
    pulse: &mut Pulse<'_>,
) -> Result<Report, BenchError> {
    let Scenario::Churn { connections, rate } = plan.scenario else { unreachable!() };
    let count = connections as usize;
    let mut quiet = Quiet::default();
    let opening = |index| Opening { index, ..Opening::default() };
    let mut opener = Opener::new((0..count).map(opening).collect(), plan.at_once);
    opener.run(net, &mut quiet, pulse)?;
    look.connected()?;
    let mut turnover = Turnover::new(count, plan.at_once, rate, net.clock.now());
    quiet.keep(net, plan.warm_up, |quiet, net, now| Ok(turnover.step(quiet, net, now)))?;
    net.forget_handshakes();
    look.begin()?;
    let until = net.clock.now() + crate::clock::nanos(plan.measured);
    let measured = quiet.keep(net, plan.measured, |quiet, net, now| {
        if pulse.beats(now) {
            net.expire(quiet);
            let left = seconds(until.saturating_sub(now));
            let received = net.handshakes.times.count();
            pulse.tell(now, Progress::Running { left, received });
        }
        Ok(turnover.step(quiet, net, now))
    })?;
    look.finish()?;
    look.end()?;
    let mut report = summary::base(plan, quiet.tally(), &measured);
    report.handshakes = summary::handshakes(&net.handshakes, measured.seconds);
    let handshakes = Some(report.handshakes.count);
    report.server = look.tell(measured.seconds, plan.scenario.connections(), 0, handshakes);
    report.generator.reads = net.reads;
    Ok(summary::finish(report, plan, true))
}

impl Turnover {
    fn new(places: usize, at_once: usize, rate: Option<f64>, begun: Nanos) -> Self {
        Self {
            ready: VecDeque::new(),
            leaving: VecDeque::new(),
            places,
            at_once,
            interval: rate.map(|rate| 1e9 / rate),
            begun,
            opened: 0,
        }
    }

    /// Opens what is due, and closes as many of the oldest. Says how long until more is due.
    fn step(&mut self, quiet: &mut Quiet, net: &mut Net, now: Nanos) -> Duration {
        self.ready.extend(quiet.ready.drain(..));
        while self.is_due(now, net) {
            // The new one comes before the old one goes, so that there are never too few.
            let index = self.place(net);
            self.opened += 1;
            if let Err(trouble) = net.open(Opening { index, ..Opening::default() }) {
                quiet.ended(index, trouble, false);
                return Duration::from_millis(1);
            }
            if let Some(oldest) = self.ready.pop_front() {
                if net.is_open(oldest) {
                    net.close(oldest);
                }
                self.leaving.push_back(oldest);
            }
        }
        net.flush(quiet);
        match self.interval {
            Some(_) => {
                let left = self.moment().saturating_sub(net.clock.now());
                // The poll waits for whole milliseconds: the last one is looked at without waiting.
                Duration::from_millis((left / 1_000_000).saturating_sub(1))
            }
            None => Duration::from_millis(20),
        }
    }

    fn is_due(&self, now: Nanos, net: &Net) -> bool {
        // A rate is kept whatever the server does, up to where the sockets would run out.
        let most = if self.interval.is_some() { self.at_once * 16 } else { self.at_once };
        net.pending < most && (self.interval.is_none() || self.moment() <= now)
    }

    /// When the next is to be opened.
    fn moment(&self) -> Nanos {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a day in nanoseconds is below 2^52"
        )]
        let after = (self.opened as f64 * self.interval.unwrap_or(0.0)) as Nanos;
        self.begun + after
    }

    /// A place for one more connection.
    fn place(&mut self, net: &Net) -> usize {
        for _ in 0..self.leaving.len().min(4) {
            match self.leaving.pop_front() {
                Some(index) if !net.is_open(index) => return index,
                Some(index) => self.leaving.push_back(index),
                None => {}
            }
        }
        self.places += 1;
        self.places - 1
    }
}
