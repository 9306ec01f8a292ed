//! Listening sockets: one for each worker on the same address (`SO_REUSEPORT`).

use crate::error::ListenError;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{SocketAddr, TcpListener};

/// Connections that the kernel keeps until they are accepted.
const BACKLOG: i32 = 4_096;

/// So many listeners on one address, and that address: with port 0 the one that was free.
///
/// # Errors
/// [`ListenError::Taken`] if somebody listens there, [`ListenError::Refused`] otherwise.
pub(crate) fn listen(
    addr: SocketAddr,
    count: usize,
) -> Result<(SocketAddr, Vec<TcpListener>), ListenError> {
    let failed = |source| ListenError::new(addr, source);
    // SO_REUSEPORT would share the port with another server of the same user and split its
    // clients without a word. A first socket without it finds out. Port 0 needs none: the kernel
    // shares no port that it chose itself, and between two sockets another could take it.
    if addr.port() != 0 {
        drop(open(addr, false).map_err(failed)?);
    }
    let first = open(addr, true).map_err(failed)?;
    let addr = first.local_addr().map_err(failed)?;
    let others = (1..count).map(|_| open(addr, true));
    let listeners: io::Result<_> = std::iter::once(Ok(first)).chain(others).collect();
    Ok((addr, listeners.map_err(|source| ListenError::new(addr, source))?))
}

fn open(addr: SocketAddr, share: bool) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(share)?;
    socket.set_nonblocking(true)?;
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}
