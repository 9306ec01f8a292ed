//! Connections that only are there; each can be made to exchange one message first.

use super::Quiet;
use crate::clock::{Nanos, nanos, seconds};
use crate::dialect::Dialect;
use crate::error::{BenchError, Trouble};
use crate::look::Look;
use crate::net::{Ears, Net};
use crate::opener::Opener;
use crate::plan::{Plan, Scenario};
use crate::progress::{Progress, Pulse};
use crate::report::Report;
use crate::stamp::Stamp;
use crate::summary;
use crate::wire::Opening;
use std::time::Duration;

const WAIT: Duration = Duration::from_millis(20);

/// Opens connections and keeps them.
pub(crate) fn idle(
    plan: &Plan,
    net: &mut Net,
    mut look: Look,
    pulse: &mut Pulse<'_>,
) -> Result<Report, BenchError> {
    let Scenario::Idle { connections, exchange, .. } = plan.scenario else { unreachable!() };
    let count = connections as usize;
    let mut quiet = Quiet::default();
    let rooms = net.rooms.len();
    let opening = |index| Opening { index, room: index % rooms, ..Opening::default() };
    let mut opener = Opener::new((0..count).map(opening).collect(), plan.at_once);
    opener.run(net, &mut quiet, pulse)?;
    look.connected()?;
    if let Some(size) = exchange {
        quiet.exchange_all(net, plan, (count, size), pulse)?;
    }
    quiet.keep(net, plan.warm_up, |_, _, _| Ok(WAIT))?;
    look.settled()?;
    look.begin()?;
    let span = nanos(plan.measured);
    let until = net.clock.now() + span;
    let measured = quiet.keep(net, plan.measured, |_, _, now| {
        if pulse.beats(now) {
            let left = seconds(until.saturating_sub(now));
            pulse.tell(now, Progress::Running { left, received: 0 });
        }
        Ok(WAIT)
    })?;
    look.finish()?;
    look.end()?;
    let mut report = summary::base(plan, quiet.tally(), &measured);
    report.handshakes = summary::handshakes(&net.handshakes, seconds(net.handshakes.span()));
    report.server = look.tell(measured.seconds, plan.scenario.connections(), 0, None);
    report.generator.reads = net.reads;
    Ok(summary::finish(report, plan, true))
}

impl Quiet {
    /// One message there and back for each connection in turn.
    fn exchange_all(
        &mut self,
        net: &mut Net,
        plan: &Plan,
        (count, size): (usize, usize),
        pulse: &mut Pulse<'_>,
    ) -> Result<(), BenchError> {
        for index in 0..count {
            let number = index + 1;
            let failed = |trouble| BenchError::Connection { number, of: count, trouble };
            self.exchange(net, plan, index, size)?.map_err(failed)?;
            let now = net.clock.now();
            if pulse.beats(now) {
                pulse.tell(now, Progress::Exchanging { done: index, of: count });
            }
        }
        Ok(())
    }

    /// One message there and back: in a room of its own where the server has rooms.
    fn exchange(
        &mut self,
        net: &mut Net,
        plan: &Plan,
        index: usize,
        size: usize,
    ) -> Result<Result<(), Trouble>, BenchError> {
        let publisher = u32::try_from(index).unwrap_or(u32::MAX);
        let data = Stamp { publisher, sequence: 0 }.data(size);
        let needle = data[..crate::stamp::LEAST_SIZE].to_vec();
        if plan.script.dialect != Dialect::Native {
            let (text, _) = plan.script.message("", &data);
            return self.ask(net, (index, plan.patience), &text, needle);
        }
        let room = format!("bench-own-{index}");
        let data = String::from_utf8_lossy(&data);
        let publish =
            format!(r#"{{"type":"publish","room":"{room}","data":"{data}","ephemeral":true}}"#);
        let join = format!(r#"{{"type":"join","room":"{room}"}}"#);
        let leave = format!(r#"{{"type":"leave","room":"{room}"}}"#);
        let steps = [
            (join, br#""type":"joined""#.to_vec()),
            (publish, needle),
            (leave, br#""type":"left""#.to_vec()),
        ];
        for (text, needle) in steps {
            let answered = self.ask(net, (index, plan.patience), text.as_bytes(), needle)?;
            if answered.is_err() {
                return Ok(answered);
            }
        }
        Ok(Ok(()))
    }

    /// Sends a text and waits for a frame that contains this.
    fn ask(
        &mut self,
        net: &mut Net,
        (index, patience): (usize, Duration),
        text: &[u8],
        needle: Vec<u8>,
    ) -> Result<Result<(), Trouble>, BenchError> {
        let awaited = format!("a frame that contains `{}`", String::from_utf8_lossy(&needle));
        self.awaited = Some(needle);
        net.send(index, text);
        net.flush(self);
        let end: Nanos = net.clock.now() + nanos(patience);
        while self.awaited.is_some() {
            net.turn(Some(WAIT), self)?;
            if let Some((_, trouble)) = self.tally.first_trouble.take() {
                return Ok(Err(trouble));
            }
            if let Some(refusal) = self.tally.take_refusal() {
                return Ok(Err(Trouble::Rejected(refusal)));
            }
            if net.clock.now() > end {
                return Ok(Err(Trouble::Silent { after: patience, awaited }));
            }
        }
        Ok(Ok(()))
    }
}
