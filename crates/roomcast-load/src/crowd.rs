//! Rooms of one size with one pace: who publishes when, and what of it has come.

use crate::clock::Nanos;
use crate::dialect::Script;
use crate::frame;
use crate::net::Net;
use crate::plan::Pace;
use crate::stamp::Stamp;
use crate::tally::Tally;
use crate::times::Times;
use crate::tracker::{Came, Tracker};

/// The most messages that are sent between two looks at what has come.
const BURST: usize = 1024;

/// What a crowd looks like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) rooms: usize,
    /// In each room, publishers and stalled ones too.
    pub(crate) members: usize,
    /// Of each room: its first members.
    pub(crate) publishers: usize,
    /// Of each room: its last members.
    pub(crate) stalled: usize,
    pub(crate) pace: Pace,
}

/// Where the numbers of a crowd begin.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct First {
    pub(crate) room: usize,
    pub(crate) wire: usize,
    pub(crate) publisher: u32,
}

/// When a run begins, and what part of it counts.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Span {
    pub(crate) start: Nanos,
    pub(crate) from: Nanos,
    pub(crate) until: Nanos,
}

/// One publisher's message, ready but for its number.
#[derive(Debug)]
struct Draft {
    frame: Vec<u8>,
    stamp: usize,
    publisher: u32,
}

#[derive(Debug, Default)]
struct Room {
    published: u64,
    /// Fresh messages, of all who read.
    delivered: u64,
    readers: u64,
    /// When each message was sent, where no schedule says it.
    sent: Vec<Nanos>,
    drafts: Vec<Draft>,
}

/// Rooms of one size with one pace.
#[derive(Debug)]
pub(crate) struct Crowd {
    pub(crate) shape: Shape,
    pub(crate) first: First,
    pub(crate) latency: Times,
    /// Messages whose moment counts.
    pub(crate) published: u64,
    /// When the last delivery came that counts.
    pub(crate) last: Nanos,
    /// By how much the generator itself was too late at most.
    pub(crate) late: Nanos,
    rooms: Vec<Room>,
    trackers: Vec<Tracker>,
    span: Span,
    /// How many messages were sent, of all rooms, by the schedule.
    ticks: u64,
    /// Nanoseconds from one message to the next, of all rooms together.
    interval: f64,
    /// Rooms that may send something.
    touched: Vec<usize>,
}

impl Crowd {
    pub(crate) fn new(
        shape: Shape,
        first: First,
        names: &[String],
        script: &Script,
        size: usize,
    ) -> Self {
        let drafts = |room: usize| {
            let number = move |at: usize| first.publisher as usize + room * shape.publishers + at;
            let numbers = (0..shape.publishers).map(number);
            numbers.map(|number| draft(number, &names[first.room + room], script, size)).collect()
        };
        let readers = (shape.members - shape.stalled) as u64;
        let room = |at| Room { readers, drafts: drafts(at), ..Room::default() };
        Self {
            shape,
            first,
            latency: Times::new(),
            published: 0,
            last: 0,
            late: 0,
            rooms: (0..shape.rooms).map(room).collect(),
            trackers: vec![Tracker::default(); shape.rooms * shape.members * shape.publishers],
            span: Span::default(),
            ticks: 0,
            interval: 0.0,
            touched: Vec::new(),
        }
    }

    /// When what counts begins.
    pub(crate) fn span_from(&self) -> Nanos {
        self.span.from
    }

    /// Sets when it begins.
    pub(crate) fn begin(&mut self, span: Span) {
        self.span = span;
        self.touched = (0..self.rooms.len()).collect();
        match self.shape.pace {
            #[expect(clippy::cast_precision_loss, reason = "there are fewer rooms than 2^52")]
            Pace::Rate(rate) => self.interval = 1e9 / (rate * self.rooms.len() as f64),
            Pace::InFlight(_) => {
                // Room that is never touched costs nothing.
                let expected = (1 << 20) / self.rooms.len() + 1024;
                self.rooms.iter_mut().for_each(|room| room.sent.reserve(expected));
            }
        }
    }

    /// When the schedule wants this message of this room.
    #[inline]
    fn scheduled(&self, tick: u64) -> Nanos {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a day in nanoseconds is below 2^52"
        )]
        let after = (tick as f64 * self.interval) as Nanos;
        self.span.start + after
    }

    #[inline]
    fn moment(&self, room: usize, number: u64) -> Nanos {
        match self.shape.pace {
            Pace::Rate(_) => self.scheduled(number * self.rooms.len() as u64 + room as u64),
            Pace::InFlight(_) => usize::try_from(number)
                .ok()
                .and_then(|at| self.rooms[room].sent.get(at).copied())
                .unwrap_or(0),
        }
    }

    #[inline]
    fn counts(&self, moment: Nanos) -> bool {
        moment >= self.span.from && moment < self.span.until
    }

    /// Sends what is due, and says when the next is, if a schedule does.
    pub(crate) fn send_due(&mut self, now: Nanos, net: &mut Net) -> Option<Nanos> {
        match self.shape.pace {
            Pace::Rate(_) => self.send_scheduled(now, net),
            Pace::InFlight(limit) => {
                if now < self.span.until {
                    self.send_waited_for(u64::from(limit), net);
                }
                None
            }
        }
    }

    fn send_scheduled(&mut self, now: Nanos, net: &mut Net) -> Option<Nanos> {
        for _ in 0..BURST {
            let moment = self.scheduled(self.ticks);
            if moment >= self.span.until {
                return None;
            }
            if moment > now {
                return Some(moment);
            }
            let room = self.ticks % self.rooms.len() as u64;
            self.ticks += 1;
            self.late = self.late.max(now - moment);
            self.publish(usize::try_from(room).unwrap_or(0), moment, net);
        }
        Some(now)
    }

    fn send_waited_for(&mut self, limit: u64, net: &mut Net) {
        while let Some(at) = self.touched.pop() {
            let room = &self.rooms[at];
            let everywhere = room.delivered.checked_div(room.readers).unwrap_or(0);
            let free = limit.saturating_sub(room.published.saturating_sub(everywhere));
            if room.readers > 0 && free > 0 {
                let now = net.clock.now();
                for _ in 0..free {
                    self.rooms[at].sent.push(now);
                    self.publish(at, now, net);
                }
            }
        }
    }

    fn publish(&mut self, at: usize, moment: Nanos, net: &mut Net) {
        self.published += u64::from(self.counts(moment));
        let publishers = self.shape.publishers as u64;
        let room = &mut self.rooms[at];
        let turn = usize::try_from(room.published % publishers).unwrap_or(0);
        let sequence = room.published / publishers;
        room.published += 1;
        let draft = &mut room.drafts[turn];
        Stamp { publisher: draft.publisher, sequence }.write(&mut draft.frame[draft.stamp..]);
        net.send_raw(self.first.wire + at * self.shape.members + turn, &draft.frame);
    }

    /// Notes a message that came to a member.
    #[inline]
    pub(crate) fn take(
        &mut self,
        wire: usize,
        at: usize,
        stamp: Stamp,
        now: Nanos,
        tally: &mut Tally,
    ) {
        let publishers = self.shape.publishers;
        let first = self.first.publisher as usize + at * publishers;
        let turn = (stamp.publisher as usize).wrapping_sub(first);
        let number = stamp.sequence.wrapping_mul(publishers as u64).wrapping_add(turn as u64);
        if turn >= publishers || number >= self.rooms[at].published {
            tally.strays += 1;
            return;
        }
        match self.trackers[(wire - self.first.wire) * publishers + turn].take(stamp.sequence) {
            Came::InTurn => {}
            Came::Late => tally.reordered += 1,
            Came::Again => {
                tally.duplicated += 1;
                return;
            }
        }
        let moment = self.moment(at, number);
        if self.counts(moment) {
            self.latency.add(now.saturating_sub(moment));
            self.last = now;
        }
        let room = &mut self.rooms[at];
        room.delivered += 1;
        if room.delivered.is_multiple_of(room.readers) {
            self.touched.push(at);
        }
    }

    /// Expects nothing more of a member.
    pub(crate) fn forget(&mut self, wire: usize) {
        let member = wire - self.first.wire;
        let publishers = self.shape.publishers;
        let at = member / self.shape.members;
        let trackers = &mut self.trackers[member * publishers..][..publishers];
        let came: u64 = trackers.iter().map(Tracker::came).sum();
        let room = &mut self.rooms[at];
        room.readers = room.readers.saturating_sub(1);
        room.delivered = room.delivered.saturating_sub(came);
        self.touched.push(at);
    }

    /// How many deliveries of those who still read have not come yet.
    pub(crate) fn missing(&self) -> u64 {
        let missing = |room: &Room| (room.published * room.readers).saturating_sub(room.delivered);
        self.rooms.iter().map(missing).sum()
    }

    /// How many messages never came to members of which this is true.
    pub(crate) fn lost(&self, expects: impl Fn(usize) -> bool) -> u64 {
        let Shape { members, publishers, stalled, .. } = self.shape;
        let of_member = |member: usize| {
            let room = &self.rooms[member / members];
            let published = |turn: usize| {
                let turn = turn as u64;
                (room.published + publishers as u64 - 1 - turn) / publishers as u64
            };
            let trackers = &self.trackers[member * publishers..][..publishers];
            trackers.iter().enumerate().map(|(turn, one)| one.lost(published(turn))).sum::<u64>()
        };
        let all = 0..self.shape.rooms * members;
        let readers = all.filter(|member| member % members < members - stalled);
        readers.filter(|member| expects(self.first.wire + member)).map(of_member).sum()
    }
}

fn draft(number: usize, room: &str, script: &Script, size: usize) -> Draft {
    let publisher = u32::try_from(number).unwrap_or(u32::MAX);
    let data = Stamp { publisher, sequence: 0 }.data(size);
    let (text, start) = script.message(room, &data);
    let mut frame = Vec::new();
    frame::put(frame::TEXT, &text, &mut frame);
    let stamp = frame.len() - text.len() + start;
    Draft { frame, stamp, publisher }
}
