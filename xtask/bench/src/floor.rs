//! The floor: the least that a server of rooms can do, so that no server can do better.
//!
//! ```text
//!   floor ──► seat     one connection: its socket, its room, what is left over
//!        ├──► room     who is in a room, and what waits for them
//!        ├──► head     the HTTP handshake
//!        └──► frame    WebSocket frames: in and out
//! ```
//!
//! One thread, edge-triggered epoll, sockets that never block. Every path is a room: a message
//! that comes in goes to all connections of that path, the sender's too; at `/echo` it goes to its
//! sender alone. There is no history, no bound, no name, no check of what a message says.

mod frame;
mod head;
mod room;
mod seat;
#[cfg(test)]
mod tests;

use std::io::{self, Read as _};
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Result;
use mio::event::Event;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use slab::Slab;

use frame::Incoming;
use room::Rooms;
use seat::{Place, Seat};

const LISTENER: Token = Token(usize::MAX);
/// What one read may bring.
const INPUT: usize = 256 * 1024;

/// How messages are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Mode {
    /// One write a message and socket.
    Each,
    /// One write a socket for all that was read before.
    Batch,
}

/// The server.
pub(crate) struct Floor {
    poll: Poll,
    listener: TcpListener,
    mode: Mode,
    seats: Slab<Seat>,
    rooms: Rooms,
    input: Vec<u8>,
    /// What one read of an echo's connection is answered with; kept for its memory.
    answer: Vec<u8>,
    sends: u64,
}

/// Listens, says where, and serves until the process ends.
#[allow(clippy::print_stdout, reason = "whoever starts it reads where it listens")]
pub(crate) fn run(listen: SocketAddr, mode: Mode) -> Result<()> {
    crate::machine::raise_open_files();
    let mut floor = Floor::new(listen, mode)?;
    println!("listening on {}", floor.address()?);
    let mut events = Events::with_capacity(4096);
    loop {
        floor.turn(&mut events, None)?;
    }
}

impl Floor {
    pub(crate) fn new(listen: SocketAddr, mode: Mode) -> Result<Self> {
        let poll = Poll::new()?;
        let mut listener = TcpListener::bind(listen)?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        let (seats, rooms) = (Slab::new(), Rooms::default());
        let (input, answer) = (vec![0; INPUT], Vec::new());
        Ok(Self { poll, listener, mode, seats, rooms, input, answer, sends: 0 })
    }

    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Waits for sockets that have something, reads all of them, then writes.
    pub(crate) fn turn(&mut self, events: &mut Events, wait: Option<Duration>) -> Result<()> {
        match self.poll.poll(events, wait) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            polled => polled?,
        }
        for event in events.iter() {
            if event.token() == LISTENER {
                self.accept()?;
            } else {
                self.serve(event);
            }
        }
        self.write_rooms();
        Ok(())
    }

    fn accept(&mut self) -> Result<()> {
        loop {
            match self.listener.accept() {
                Ok((socket, _)) => self.admit(socket)?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                // Whoever left before being accepted is no reason to end.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn admit(&mut self, mut socket: TcpStream) -> Result<()> {
        socket.set_nodelay(true)?;
        let entry = self.seats.vacant_entry();
        let both = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut socket, Token(entry.key()), both)?;
        entry.insert(Seat::new(socket));
        Ok(())
    }

    fn serve(&mut self, event: &Event) {
        let key = event.token().0;
        if event.is_writable() {
            // It may have left in this very turn.
            if let Some(seat) = self.seats.get_mut(key) {
                seat.write_left_over(&mut self.sends);
            }
        }
        let goes_on = !event.is_readable() || self.read(key, event.is_read_closed());
        if !goes_on {
            self.leave(key);
        }
    }

    /// Reads what is there. Whether the connection goes on.
    fn read(&mut self, key: usize, to_the_end: bool) -> bool {
        let mut input = std::mem::take(&mut self.input);
        let goes_on = loop {
            let Some(seat) = self.seats.get_mut(key) else { break true };
            match seat.socket.read(&mut input) {
                Ok(0) => break false,
                Ok(count) => {
                    if !self.take(key, &mut input[..count]) {
                        break false;
                    }
                    // A short read has emptied the socket, unless its end came along.
                    if count < INPUT && !to_the_end {
                        break true;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break true,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break false,
            }
        };
        self.input = input;
        goes_on
    }

    /// Takes what was read: a piece of a request's head, or frames.
    fn take(&mut self, key: usize, bytes: &mut [u8]) -> bool {
        let Some(seat) = self.seats.get_mut(key) else { return true };
        let mut joined = seat.take_unread();
        if joined.is_empty() {
            return self.look(key, bytes);
        }
        joined.extend_from_slice(bytes);
        self.look(key, &mut joined)
    }

    fn look(&mut self, key: usize, bytes: &mut [u8]) -> bool {
        match self.seats[key].place {
            Place::Outside => self.shake_hands(key, bytes),
            _ => self.frames(key, bytes),
        }
    }

    fn shake_hands(&mut self, key: usize, bytes: &mut [u8]) -> bool {
        let Ok(request) = head::read(bytes) else { return false };
        let Some(head::Request { length, path, accept }) = request else {
            self.seats[key].keep_unread(bytes);
            return true;
        };
        let place = match path.as_str() {
            "/echo" => Place::Echo,
            path => self.rooms.enter(path, key),
        };
        let seat = &mut self.seats[key];
        seat.place = place;
        seat.write(&head::answer(&accept), &mut self.sends);
        self.frames(key, &mut bytes[length..])
    }

    /// Takes all whole frames, and keeps the piece of one at the end.
    fn frames(&mut self, key: usize, bytes: &mut [u8]) -> bool {
        let mut rest = bytes;
        let mut answer = std::mem::take(&mut self.answer);
        let goes_on = loop {
            match frame::read(rest) {
                Incoming::Piece => break true,
                Incoming::Wrong | Incoming::Close => break false,
                Incoming::Ping { payload, length } => {
                    frame::write(frame::PONG, &rest[payload], &mut answer);
                    rest = &mut rest[length..];
                }
                Incoming::Nothing { length } => rest = &mut rest[length..],
                Incoming::Message { payload, length } => {
                    self.message(key, &rest[payload], &mut answer);
                    rest = &mut rest[length..];
                }
            }
        };
        let seat = &mut self.seats[key];
        seat.keep_unread(rest);
        seat.write(&answer, &mut self.sends);
        answer.clear();
        self.answer = answer;
        goes_on
    }

    fn message(&mut self, key: usize, payload: &[u8], answer: &mut Vec<u8>) {
        match self.seats[key].place {
            Place::Room { room, .. } => self.rooms.message(room, payload),
            _ => frame::write(frame::TEXT, payload, answer),
        }
        if self.mode == Mode::Each {
            self.seats[key].write(answer, &mut self.sends);
            answer.clear();
            self.write_rooms();
        }
    }

    /// Writes what waits in rooms to all who are there.
    fn write_rooms(&mut self) {
        while let Some((members, waiting)) = self.rooms.next_due() {
            for member in members {
                self.seats[*member as usize].write(waiting, &mut self.sends);
            }
            waiting.clear();
        }
    }

    fn leave(&mut self, key: usize) {
        if self.seats.contains(key)
            && let Place::Room { room, at } = self.seats.remove(key).place
            && let Some(moved) = self.rooms.leave(room, at)
        {
            self.seats[moved].place = Place::Room { room, at };
        }
    }
}
