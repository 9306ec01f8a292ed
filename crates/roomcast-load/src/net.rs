//! All connections of a run, driven by one thread: opened, made ready, read and written.

mod reading;

use crate::clock::{Clock, Nanos, nanos};
use crate::dialect::Script;
use crate::error::Trouble;
use crate::frame;
use crate::handshake;
use crate::plan::{Plan, Scenario};
use crate::tally::Tally;
use crate::times::Times;
use crate::wire::{Opening, Stage, Wire, connect};
use mio::{Events, Interest, Poll, Token};
use std::io;
use std::mem;
use std::net::SocketAddr;
use std::time::Duration;

const BUFFER: usize = 256 * 1024;
/// Few, so that what is due in between is sent soon.
const EVENTS: usize = 256;
/// Fewer, so that a large room's sockets do not keep those of the small one beside it waiting.
const EVENTS_BESIDE: usize = 16;

/// Who is told what happens on the connections.
pub(crate) trait Ears {
    /// What went wrong so far.
    fn tally(&mut self) -> &mut Tally;
    /// A connection is where it was to be; `payload` is what said so, empty if nothing did.
    fn ready(&mut self, index: usize, payload: &[u8], now: Nanos);
    /// A message came. Says whether it was one: what is none may be a question or a refusal.
    fn heard(&mut self, index: usize, payload: &[u8], now: Nanos) -> bool;
    /// A connection is no more, though nobody here wanted that.
    fn ended(&mut self, index: usize, trouble: Trouble, was_ready: bool) {
        self.tally().ended(index, trouble, was_ready);
    }
}

/// The handshakes since they were last forgotten.
#[derive(Debug)]
pub(crate) struct Handshakes {
    /// From the start of TCP to the server's 101.
    pub(crate) times: Times,
    first: Option<Nanos>,
    last: Nanos,
}

impl Handshakes {
    fn new() -> Self {
        Self { times: Times::new(), first: None, last: 0 }
    }

    /// From the first start to the last answer.
    pub(crate) fn span(&self) -> Nanos {
        self.last.saturating_sub(self.first.unwrap_or(self.last))
    }
}

/// The connections of a run.
pub(crate) struct Net {
    poll: Poll,
    /// The sockets of the small room beside a large one.
    beside: Option<Poll>,
    events: Events,
    wires: Vec<Option<Wire>>,
    buffer: Vec<u8>,
    dirty: Vec<usize>,
    pub(crate) clock: Clock,
    pub(crate) rooms: Vec<String>,
    pub(crate) script: Script,
    plan: Plan,
    address: SocketAddr,
    /// Connections that were ever opened.
    opened: u64,
    /// Connections that are not ready yet.
    pub(crate) pending: usize,
    /// Reads that brought something.
    pub(crate) reads: u64,
    pub(crate) handshakes: Handshakes,
}

impl Net {
    pub(crate) fn new(plan: &Plan, address: SocketAddr, rooms: Vec<String>) -> io::Result<Self> {
        let is_beside = matches!(plan.scenario, Scenario::Room { beside: Some(_), .. });
        let beside = is_beside.then(Poll::new).transpose()?;
        Ok(Self {
            poll: Poll::new()?,
            beside,
            events: Events::with_capacity(if is_beside { EVENTS_BESIDE } else { EVENTS }),
            wires: Vec::new(),
            buffer: vec![0; BUFFER],
            dirty: Vec::new(),
            clock: Clock::start(),
            rooms,
            script: match plan.scenario {
                Scenario::Churn { .. } => plan.script.clone().without_rooms(),
                _ => plan.script.clone(),
            },
            plan: plan.clone(),
            address,
            opened: 0,
            pending: 0,
            reads: 0,
            handshakes: Handshakes::new(),
        })
    }

    /// Begins to open a connection.
    pub(crate) fn open(&mut self, opening: Opening) -> Result<(), Trouble> {
        let index = opening.index;
        let opened = self.clock.now();
        let mut stream = connect(self.address, self.opened, opening.stalls)?;
        let both = Interest::READABLE | Interest::WRITABLE;
        let poll = self.beside.as_ref().filter(|_| opening.beside).unwrap_or(&self.poll);
        poll.registry().register(&mut stream, Token(index), both)?;
        if self.wires.len() <= index {
            self.wires.resize_with(index + 1, || None);
        }
        self.wires[index] = Some(Wire {
            stream,
            stage: Stage::Connecting,
            opening,
            opened,
            rest: Vec::new(),
            fragments: Vec::new(),
            out: Vec::new(),
            is_dirty: false,
        });
        self.handshakes.first.get_or_insert(opened);
        self.opened += 1;
        self.pending += 1;
        Ok(())
    }

    /// Where the server is.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Forgets the handshakes so far.
    pub(crate) fn forget_handshakes(&mut self) {
        self.handshakes = Handshakes::new();
    }

    /// Whether a connection is there.
    pub(crate) fn is_open(&self, index: usize) -> bool {
        self.wires.get(index).is_some_and(Option::is_some)
    }

    /// Puts a text behind what waits to be written.
    #[inline]
    pub(crate) fn send(&mut self, index: usize, text: &[u8]) {
        self.put(index, frame::TEXT, text);
    }

    #[inline]
    fn put(&mut self, index: usize, opcode: u8, payload: &[u8]) {
        if let Some(wire) = self.wires.get_mut(index).and_then(Option::as_mut) {
            frame::put(opcode, payload, &mut wire.out);
            if !mem::replace(&mut wire.is_dirty, true) {
                self.dirty.push(index);
            }
        }
    }

    /// Puts frames that are written out already behind what waits.
    #[inline]
    pub(crate) fn send_raw(&mut self, index: usize, frames: &[u8]) {
        if let Some(wire) = self.wires.get_mut(index).and_then(Option::as_mut) {
            wire.out.extend_from_slice(frames);
            if !mem::replace(&mut wire.is_dirty, true) {
                self.dirty.push(index);
            }
        }
    }

    /// Writes what waits, once for each connection.
    pub(crate) fn flush(&mut self, ears: &mut impl Ears) {
        let mut dirty = mem::take(&mut self.dirty);
        for index in dirty.drain(..) {
            if let Some(wire) = &mut self.wires[index] {
                wire.is_dirty = false;
            }
            self.flush_one(index, ears);
        }
        // A read on the way may have left something to write.
        dirty.append(&mut self.dirty);
        self.dirty = dirty;
    }

    fn flush_one(&mut self, index: usize, ears: &mut impl Ears) {
        let Some(wire) = &mut self.wires[index] else { return };
        if matches!(wire.stage, Stage::Connecting) {
            return;
        }
        if let Err(error) = wire.flush() {
            // The server may have said why before it went.
            self.read(index, ears);
            if self.is_open(index) {
                self.end(index, error.into(), ears);
            }
        }
    }

    /// Cuts a connection, without a word.
    pub(crate) fn cut(&mut self, index: usize) {
        let wire = self.wires.get_mut(index).and_then(Option::take);
        if wire.is_some_and(|wire| is_pending(&wire)) {
            self.pending -= 1;
        }
    }

    /// Says goodbye on a connection, which then goes when the server closes it.
    pub(crate) fn close(&mut self, index: usize) {
        self.put(index, frame::CLOSE, &1000_u16.to_be_bytes());
        if let Some(wire) = &mut self.wires[index] {
            if is_pending(wire) {
                self.pending -= 1;
            }
            wire.stage = Stage::Closing;
        }
    }

    fn end(&mut self, index: usize, trouble: Trouble, ears: &mut impl Ears) {
        let Some(wire) = self.wires[index].take() else { return };
        if is_pending(&wire) {
            self.pending -= 1;
        }
        let is_wanted = wire.stage == Stage::Closing;
        let is_stalled = wire.opening.stalls && wire.stage == Stage::Ready;
        if !is_wanted && !is_stalled {
            ears.ended(index, trouble, !is_pending(&wire));
        }
    }

    /// Waits for something to happen, at most so long, and sees to all that has. Says how much.
    pub(crate) fn turn(
        &mut self,
        wait: Option<Duration>,
        ears: &mut impl Ears,
    ) -> io::Result<usize> {
        let mut events = mem::replace(&mut self.events, Events::with_capacity(0));
        let mut count = 0;
        let mut wait = wait;
        if let Some(beside) = &mut self.beside {
            look(beside, &mut events, Some(Duration::ZERO))?;
            count += self.see_to(&events, ears);
            wait = Some(Duration::ZERO);
        }
        look(&mut self.poll, &mut events, wait)?;
        count += self.see_to(&events, ears);
        self.events = events;
        self.flush(ears);
        Ok(count)
    }

    fn see_to(&mut self, events: &Events, ears: &mut impl Ears) -> usize {
        let mut count = 0;
        for event in events {
            count += 1;
            let index = event.token().0;
            if event.is_writable() {
                self.writable(index, ears);
            }
            if event.is_readable() || event.is_error() {
                self.read(index, ears);
            }
        }
        count
    }

    fn writable(&mut self, index: usize, ears: &mut impl Ears) {
        let Some(wire) = &mut self.wires[index] else { return };
        if wire.stage != Stage::Connecting {
            return self.flush_one(index, ears);
        }
        match wire.stream.take_error() {
            Ok(Some(error)) | Err(error) => return self.end(index, error.into(), ears),
            Ok(None) => {}
        }
        if wire.stream.peer_addr().is_err() {
            return;
        }
        let room = self.rooms.get(wire.opening.room).map_or("", String::as_str);
        let token = self.plan.token.as_deref();
        wire.out = handshake::request(&self.plan.target, &self.script, token, room);
        wire.stage = Stage::Upgrading;
        self.flush_one(index, ears);
    }

    /// Ends connections that have not become ready in time.
    pub(crate) fn expire(&mut self, ears: &mut impl Ears) {
        let now = self.clock.now();
        for index in 0..self.wires.len() {
            let Some(wire) = &self.wires[index] else { continue };
            if is_pending(wire) && now.saturating_sub(wire.opened) > nanos(self.plan.patience) {
                let awaited = match wire.stage {
                    Stage::Connecting => "TCP".to_owned(),
                    Stage::Upgrading => "the answer to its handshake".to_owned(),
                    Stage::Greeting(step) => self.awaited(step),
                    Stage::Ready | Stage::Closing => continue,
                };
                self.end(index, Trouble::Silent { after: self.plan.patience, awaited }, ears);
            }
        }
    }

    fn awaited(&self, step: usize) -> String {
        let until = self.script.hellos.get(step).and_then(|hello| hello.until.as_deref());
        format!("a frame that contains `{}`", until.unwrap_or_default())
    }
}

/// Asks which sockets something has happened on.
fn look(poll: &mut Poll, events: &mut Events, wait: Option<Duration>) -> io::Result<()> {
    match poll.poll(events, wait) {
        Err(error) if error.kind() != io::ErrorKind::Interrupted => Err(error),
        _ => Ok(()),
    }
}

fn is_pending(wire: &Wire) -> bool {
    !matches!(wire.stage, Stage::Ready | Stage::Closing)
}
