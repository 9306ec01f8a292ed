//! Listening sockets: one for each worker on the same address (`SO_REUSEPORT`).

use crate::error::ListenError;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener};

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
    let open = |addr, share| open(addr, share).map_err(|source| ListenError::new(addr, source));
    if addr.port() != 0 {
        // SO_REUSEPORT would share the port with another server of the same user and split its
        // clients without a word. A first socket without it finds out.
        drop(open(addr, false)?);
    }
    // Where the port is free to choose, the system chooses one that nobody has.
    let first = open(addr, true)?;
    let addr = first.local_addr().map_err(|source| ListenError::new(addr, source))?;
    let others = (1..count).map(|_| open(addr, true));
    let listeners = std::iter::once(Ok(first)).chain(others).collect::<Result<_, _>>()?;
    Ok((addr, listeners))
}

fn open(addr: SocketAddr, share: bool) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    if addr.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED) {
        // All addresses are IPv4's too, whatever the system's default is.
        socket.set_only_v6(false)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(share)?;
    socket.set_nonblocking(true)?;
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpStream;

    #[test]
    fn a_port_is_shared_among_the_workers_and_with_nobody_else() {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let (addr, listeners) = listen(any, 3).unwrap();
        assert_eq!(listeners.len(), 3);
        assert!(listeners.iter().all(|listener| listener.local_addr().unwrap() == addr));
        assert!(matches!(listen(addr, 1), Err(ListenError::Taken(taken)) if taken == addr));
        drop(listeners);
        assert_eq!(listen(addr, 1).unwrap().0, addr);
    }

    #[test]
    fn all_addresses_are_those_of_both_protocols() {
        // A system without IPv6 has nothing to show.
        let Ok((addr, _listeners)) = listen((Ipv6Addr::UNSPECIFIED, 0).into(), 1) else { return };
        assert!(TcpStream::connect(("127.0.0.1", addr.port())).is_ok());
    }
}
