//! All crowds of a run on their connections: whose message it is that came.

use crate::clock::Nanos;
use crate::crowd::{Crowd, First, Shape, Span};
use crate::dialect::Position;
use crate::error::Trouble;
use crate::net::{Ears, Net};
use crate::plan::Plan;
use crate::returns::Returns;
use crate::stamp::stamps;
use crate::tally::Tally;
use crate::wire::Opening;

/// Where a connection belongs.
#[derive(Debug, Clone, Copy)]
struct Seat {
    crowd: usize,
    room: usize,
    is_gone: bool,
}

/// All crowds of a run.
#[derive(Debug)]
pub(crate) struct Game {
    pub(crate) crowds: Vec<Crowd>,
    seats: Vec<Seat>,
    size: usize,
    pub(crate) tally: Tally,
    /// Messages that came, measured or not.
    pub(crate) received: u64,
    /// Who was cut and comes back, in a storm.
    pub(crate) returns: Option<Returns>,
}

impl Game {
    pub(crate) fn new(plan: &Plan, shapes: &[Shape], names: &[String]) -> Self {
        let mut first = First::default();
        let mut crowds = Vec::new();
        let mut seats = Vec::new();
        for (number, shape) in shapes.iter().enumerate() {
            crowds.push(Crowd::new(*shape, first, names, &plan.script, plan.size));
            let all = 0..shape.rooms * shape.members;
            let seat =
                |member| Seat { crowd: number, room: member / shape.members, is_gone: false };
            seats.extend(all.map(seat));
            first.room += shape.rooms;
            first.wire = seats.len();
            let publishers = u32::try_from(shape.rooms * shape.publishers).unwrap_or(u32::MAX);
            first.publisher = first.publisher.saturating_add(publishers);
        }
        let tally = Tally::default();
        Self { crowds, seats, size: plan.size, tally, received: 0, returns: None }
    }

    /// All connections, in the order in which they are opened.
    pub(crate) fn openings(&self) -> Vec<Opening> {
        (0..self.seats.len()).map(|index| self.opening(index, None)).collect()
    }

    pub(crate) fn opening(&self, index: usize, since: Option<Position>) -> Opening {
        let seat = self.seats[index];
        let Crowd { first, shape, .. } = &self.crowds[seat.crowd];
        let place = (index - first.wire) % shape.members;
        let stalls = place >= shape.members - shape.stalled;
        Opening { index, room: first.room + seat.room, since, stalls, beside: seat.crowd > 0 }
    }

    pub(crate) fn begin(&mut self, span: Span) {
        self.crowds.iter_mut().for_each(|crowd| crowd.begin(span));
    }

    /// Sends what is due, and says when the next is.
    pub(crate) fn send_due(&mut self, now: Nanos, net: &mut Net) -> Option<Nanos> {
        let next = self.crowds.iter_mut().filter_map(|crowd| crowd.send_due(now, net)).min();
        net.flush(self);
        next
    }

    /// Deliveries that have not come yet.
    pub(crate) fn missing(&self) -> u64 {
        self.crowds.iter().map(Crowd::missing).sum()
    }

    /// Messages that never came to members whose connection lasted.
    pub(crate) fn lost(&self) -> u64 {
        let expects = |wire: usize| !self.seats[wire].is_gone;
        self.crowds.iter().map(|crowd| crowd.lost(expects)).sum()
    }

    #[inline]
    fn deliver(&mut self, index: usize, payload: &[u8], now: Nanos) -> bool {
        let seat = self.seats[index];
        let crowd = &mut self.crowds[seat.crowd];
        let mut count = 0;
        for stamp in stamps(payload, self.size) {
            crowd.take(index, seat.room, stamp, now, &mut self.tally);
            count += 1;
        }
        self.received += count;
        count > 0
    }
}

impl Ears for Game {
    fn tally(&mut self) -> &mut Tally {
        &mut self.tally
    }

    fn ready(&mut self, index: usize, payload: &[u8], now: Nanos) {
        if let Some(returns) = &mut self.returns {
            returns.joined(index, payload, now);
        }
        self.deliver(index, payload, now);
    }

    #[inline]
    fn heard(&mut self, index: usize, payload: &[u8], now: Nanos) -> bool {
        if let Some(returns) = &mut self.returns {
            returns.heard(index, payload);
        }
        self.deliver(index, payload, now)
    }

    fn ended(&mut self, index: usize, trouble: Trouble, was_ready: bool) {
        self.tally.ended(index, trouble, was_ready);
        let seat = &mut self.seats[index];
        if !seat.is_gone {
            seat.is_gone = true;
            self.crowds[seat.crowd].forget(index);
        }
    }
}
