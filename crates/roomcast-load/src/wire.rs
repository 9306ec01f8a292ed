//! One connection: its socket, what came of a frame so far, and what waits to be written.

use crate::clock::Nanos;
use crate::dialect::Position;
use mio::net::TcpStream;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// How far a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// TCP is not there yet.
    Connecting,
    /// The handshake was asked for.
    Upgrading,
    /// It is a WebSocket; this step of the script waits for its answer.
    Greeting(usize),
    /// It is where it was to be.
    Ready,
    /// We have said goodbye.
    Closing,
}

/// What a connection is to be.
#[derive(Debug, Clone, Default)]
pub(crate) struct Opening {
    /// Its place among the connections.
    pub(crate) index: usize,
    /// The number of its room.
    pub(crate) room: usize,
    /// Where it left its room.
    pub(crate) since: Option<Position>,
    /// Whether it is never read once it is ready.
    pub(crate) stalls: bool,
    /// Whether it is of the small room beside the large one, whose sockets are looked at first.
    pub(crate) beside: bool,
}

/// An open connection.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) stream: TcpStream,
    pub(crate) stage: Stage,
    pub(crate) opening: Opening,
    pub(crate) opened: Nanos,
    /// The start of a frame whose end has not come.
    pub(crate) rest: Vec<u8>,
    /// The start of a message that comes in several frames.
    pub(crate) fragments: Vec<u8>,
    pub(crate) out: Vec<u8>,
    /// Whether the engine knows that something waits in `out`.
    pub(crate) is_dirty: bool,
}

impl Wire {
    /// Writes what waits, as far as the socket takes it.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        let mut written = 0;
        while written < self.out.len() {
            match self.stream.write(&self.out[written..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(size) => written += size,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.out.drain(..written);
        Ok(())
    }
}

/// What the kernel may hold for a connection that is never read; it takes at least this.
const STALLED_BUFFER: usize = 4 * 1024;
/// Connections from one address of ours: the ports of one are fewer than 28,232 on Linux.
pub(crate) const PER_SOURCE: u64 = 25_000;

/// Begins to connect. `count` is how many were opened before: on the loopback interface each
/// address of ours is used for so many only, as its ports are limited.
pub(crate) fn connect(to: SocketAddr, count: u64, stalls: bool) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(to), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    socket.set_tcp_nodelay(true)?;
    if stalls {
        socket.set_recv_buffer_size(STALLED_BUFFER)?;
    }
    if let Some(source) = source(to, count) {
        socket.bind(&SockAddr::from(SocketAddr::new(source.into(), 0)))?;
    }
    match socket.connect(&SockAddr::from(to)) {
        Err(error) if !is_underway(&error) => return Err(error),
        _ => {}
    }
    Ok(TcpStream::from_std(socket.into()))
}

fn is_underway(error: &io::Error) -> bool {
    let in_progress = rustix::io::Errno::INPROGRESS.raw_os_error();
    error.kind() == io::ErrorKind::WouldBlock || error.raw_os_error() == Some(in_progress)
}

fn source(to: SocketAddr, count: u64) -> Option<Ipv4Addr> {
    let is_local = cfg!(target_os = "linux") && to.ip() == IpAddr::V4(Ipv4Addr::LOCALHOST);
    let last = u8::try_from(1 + count / PER_SOURCE % 250).unwrap_or(1);
    (is_local && count >= PER_SOURCE).then(|| Ipv4Addr::new(127, 0, 0, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_is_not_asked_for_more_than_its_ports() {
        let to: SocketAddr = "127.0.0.1:80".parse().unwrap();
        assert_eq!(source(to, 24_999), None);
        #[cfg(target_os = "linux")]
        assert_eq!(source(to, 25_000), Some(Ipv4Addr::new(127, 0, 0, 2)));
        assert_eq!(source("127.0.0.9:80".parse().unwrap(), 25_000), None);
    }
}
