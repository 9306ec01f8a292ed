//! The course of a run in which messages are sent: connecting, warming up, measuring, waiting for
//! the last.

use crate::clock::{Nanos, nanos, seconds};
use crate::crowd::Span;
use crate::error::BenchError;
use crate::game::Game;
use crate::look::Look;
use crate::net::Net;
use crate::opener::Opener;
use crate::plan::{Plan, Scenario};
use crate::process::own_cpu;
use crate::progress::{Progress, Pulse};
use std::time::Duration;

const MILLI: Nanos = 1_000_000;
/// How near the next moment may be for the poll to be left to wait.
const SPIN: Nanos = 2 * MILLI;
/// How long a server may take to put connections in their room if it does not say when.
const SETTLE: Nanos = 300 * MILLI;
const LONGEST_WAIT: Nanos = 50 * MILLI;

/// What was measured beside the deliveries.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    pub(crate) seconds: f64,
    pub(crate) own_cpu: Nanos,
    /// Time in which nothing was to be done but to look again.
    pub(crate) idle: Nanos,
    /// Deliveries that came meanwhile.
    pub(crate) received: u64,
}

/// One run.
pub(crate) struct Course<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) net: Net,
    pub(crate) game: Game,
    pub(crate) look: Look,
    pub(crate) pulse: Pulse<'a>,
    pub(crate) measured: Measured,
}

impl Course<'_> {
    /// The whole course.
    pub(crate) fn run(&mut self) -> Result<(), BenchError> {
        let openings = self.game.openings();
        let mut opener = Opener::new(openings, self.plan.at_once);
        opener.run(&mut self.net, &mut self.game, &mut self.pulse)?;
        self.look.connected()?;
        if !self.plan.script.is_confirmed() {
            let until = self.net.clock.now() + SETTLE;
            self.wait_until(until)?;
        }
        let start = self.net.clock.now() + MILLI;
        let from = start + nanos(self.plan.warm_up);
        let span = Span { start, from, until: from + nanos(self.plan.measured) };
        self.game.begin(span);
        let storm = matches!(self.plan.scenario, Scenario::Storm { .. });
        let cut = storm.then(|| from + (span.until - from) / 2);
        self.drive(from, None, &mut opener)?;
        self.measure(span, cut, &mut opener)?;
        self.drain(&mut opener)?;
        self.look.end()
    }

    fn measure(
        &mut self,
        span: Span,
        cut: Option<Nanos>,
        opener: &mut Opener,
    ) -> Result<(), BenchError> {
        self.look.begin()?;
        let begun = self.net.clock.now();
        let own = own_cpu();
        let before = self.game.received;
        self.measured.idle = 0;
        self.drive(span.until, cut, opener)?;
        self.look.finish()?;
        self.measured.seconds = seconds(self.net.clock.now() - begun);
        self.measured.own_cpu = own_cpu() - own;
        self.measured.received = self.game.received - before;
        Ok(())
    }

    /// Sends and reads up to this moment.
    fn drive(
        &mut self,
        until: Nanos,
        cut: Option<Nanos>,
        opener: &mut Opener,
    ) -> Result<(), BenchError> {
        loop {
            let now = self.net.clock.now();
            let next = self.game.send_due(now, &mut self.net);
            if now >= until {
                return Ok(());
            }
            if cut.is_some_and(|cut| now >= cut) {
                self.cut(now, opener);
            }
            opener.feed(&mut self.net, &mut self.game);
            let next = next.unwrap_or(until).min(until).min(cut_or(cut, now));
            self.turn(next)?;
            if self.pulse.beats(now) {
                self.net.expire(&mut self.game);
                let received = self.game.received;
                let left = seconds(until.saturating_sub(now));
                self.pulse.tell(now, Progress::Running { left, received });
            }
        }
    }

    /// Waits for what comes, at most until something is due.
    fn turn(&mut self, next: Nanos) -> Result<(), BenchError> {
        let now = self.net.clock.now();
        let left = next.saturating_sub(now);
        // The poll waits for whole milliseconds, so the last ones are looked at without waiting.
        let looks_on = self.plan.busy_poll || left < SPIN;
        let wait = if looks_on { 0 } else { (left - SPIN / 2).min(LONGEST_WAIT) };
        let wait = Duration::from_millis(wait / MILLI);
        let events = self.net.turn(Some(wait), &mut self.game)?;
        if events == 0 {
            self.measured.idle += self.net.clock.now() - now;
        }
        Ok(())
    }

    fn wait_until(&mut self, until: Nanos) -> Result<(), BenchError> {
        while self.net.clock.now() < until {
            self.turn(until)?;
        }
        Ok(())
    }

    /// Waits for the deliveries and the members that are still to come.
    fn drain(&mut self, opener: &mut Opener) -> Result<(), BenchError> {
        let end = self.net.clock.now() + nanos(self.plan.patience);
        loop {
            let now = self.net.clock.now();
            let missing = self.game.missing();
            let is_whole = missing == 0 && self.net.pending == 0 && opener.is_done();
            if is_whole || now >= end {
                return Ok(());
            }
            opener.feed(&mut self.net, &mut self.game);
            self.turn(end)?;
            if self.pulse.beats(now) {
                self.net.expire(&mut self.game);
                self.pulse.tell(now, Progress::Waiting { missing });
            }
        }
    }

    /// Cuts all members but the publishers, once, and has them come back.
    fn cut(&mut self, now: Nanos, opener: &mut Opener) {
        let Some(returns) = &mut self.game.returns else { return };
        if returns.was_cut() {
            return;
        }
        returns.cut(now);
        let shape = self.game.crowds[0].shape;
        let all = 0..shape.rooms * shape.members;
        for index in all.filter(|index| index % shape.members >= shape.publishers) {
            if self.net.is_open(index) {
                self.net.cut(index);
                let since = self.game.returns.as_ref().map(|returns| returns.position(index));
                opener.add(self.game.opening(index, since));
            }
        }
    }
}

/// The cut, if it is still to come.
fn cut_or(cut: Option<Nanos>, now: Nanos) -> Nanos {
    cut.filter(|cut| *cut > now).unwrap_or(Nanos::MAX)
}
