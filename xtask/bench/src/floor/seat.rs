//! One connection of the floor. An idle one costs what stands here and nothing else.

use std::io::{ErrorKind, Write as _};

use mio::net::TcpStream;

/// Where a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The handshake is not over.
    Outside,
    /// It hears what it says.
    Echo,
    /// In a room, at this place among its members.
    Room { room: u32, at: u32 },
}

/// A connection.
pub(super) struct Seat {
    pub(super) socket: TcpStream,
    pub(super) place: Place,
    left: Option<Box<Left>>,
}

/// What is left over of a read or a write.
#[derive(Default)]
struct Left {
    /// The beginning of a head or a frame.
    unread: Vec<u8>,
    /// What the socket did not take.
    unsent: Vec<u8>,
}

impl Seat {
    pub(super) fn new(socket: TcpStream) -> Self {
        Self { socket, place: Place::Outside, left: None }
    }

    /// Gives what was left of the last read.
    pub(super) fn take_unread(&mut self) -> Vec<u8> {
        let unread = self.left.as_mut().map(|left| std::mem::take(&mut left.unread));
        self.tidy();
        unread.unwrap_or_default()
    }

    /// Keeps what cannot be read yet.
    pub(super) fn keep_unread(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.left.get_or_insert_default().unread = bytes.to_vec();
        }
    }

    /// Writes with one call, behind what is left over.
    pub(super) fn write(&mut self, bytes: &[u8], sends: &mut u64) {
        if bytes.is_empty() {
            return;
        }
        if let Some(left) = self.left.as_mut().filter(|left| !left.unsent.is_empty()) {
            left.unsent.extend_from_slice(bytes);
            return;
        }
        let sent = self.send(bytes, sends);
        if sent < bytes.len() {
            self.left.get_or_insert_default().unsent = bytes[sent..].to_vec();
        }
    }

    /// Writes what is left over, as far as the socket takes it.
    pub(super) fn write_left_over(&mut self, sends: &mut u64) {
        let Some(left) = &mut self.left else { return };
        let mut unsent = std::mem::take(&mut left.unsent);
        while !unsent.is_empty() {
            let sent = self.send(&unsent, sends);
            unsent.drain(..sent);
            if sent == 0 {
                break;
            }
        }
        if let Some(left) = &mut self.left {
            left.unsent = unsent;
        }
        self.tidy();
    }

    /// How much the socket took. A dead one takes everything: reading it tells that it is dead.
    fn send(&mut self, bytes: &[u8], sends: &mut u64) -> usize {
        *sends += 1;
        match self.socket.write(bytes) {
            Ok(sent) => sent,
            Err(error)
                if [ErrorKind::WouldBlock, ErrorKind::Interrupted].contains(&error.kind()) =>
            {
                0
            }
            Err(_) => bytes.len(),
        }
    }

    fn tidy(&mut self) {
        self.left.take_if(|left| left.unread.is_empty() && left.unsent.is_empty());
    }
}
