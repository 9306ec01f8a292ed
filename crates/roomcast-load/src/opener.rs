//! Connections that are to be opened, a few at a time.

use crate::error::{BenchError, Trouble};
use crate::net::{Ears, Net};
use crate::progress::{Progress, Pulse};
use crate::wire::Opening;
use std::collections::VecDeque;
use std::io;
use std::time::Duration;

const WAIT: Duration = Duration::from_millis(50);

/// Connections that are to be opened.
#[derive(Debug)]
pub(crate) struct Opener {
    waiting: VecDeque<Opening>,
    at_once: usize,
}

impl Opener {
    pub(crate) fn new(openings: Vec<Opening>, at_once: usize) -> Self {
        Self { waiting: openings.into(), at_once }
    }

    pub(crate) fn add(&mut self, opening: Opening) {
        self.waiting.push_back(opening);
    }

    pub(crate) fn is_done(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Opens as many as may be on their way.
    pub(crate) fn feed(&mut self, net: &mut Net, ears: &mut impl Ears) {
        while net.pending < self.at_once {
            let Some(opening) = self.waiting.pop_front() else { return };
            let index = opening.index;
            if let Err(trouble) = net.open(opening) {
                ears.ended(index, trouble, false);
            }
        }
    }

    /// Opens all, and stops at the first that fails.
    pub(crate) fn run(
        &mut self,
        net: &mut Net,
        ears: &mut impl Ears,
        pulse: &mut Pulse<'_>,
    ) -> Result<(), BenchError> {
        let of = self.waiting.len();
        while !self.is_done() || net.pending > 0 {
            self.feed(net, ears);
            net.turn(Some(WAIT), ears)?;
            let now = net.clock.now();
            if pulse.beats(now) {
                net.expire(ears);
                let done = of - self.waiting.len() - net.pending;
                pulse.tell(now, Progress::Connecting { done, of });
            }
            if let Some((index, trouble)) = ears.tally().first_trouble.take() {
                return Err(failure(net, index, of, trouble));
            }
        }
        Ok(())
    }
}

fn failure(net: &Net, index: usize, of: usize, trouble: Trouble) -> BenchError {
    let is_refused = |error: &io::Error| matches!(error.kind(), io::ErrorKind::ConnectionRefused);
    match trouble {
        Trouble::Socket(error) if is_refused(&error) && net.handshakes.times.count() == 0 => {
            BenchError::Nobody(net.address())
        }
        trouble => BenchError::Connection { number: index + 1, of, trouble },
    }
}
