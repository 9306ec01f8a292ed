//! The stream under a connection: a plain TCP socket, or anything else that reads and writes.

use rustix::net::{SendAncillaryBuffer, SendFlags};
use socket2::SockRef;
use std::cell::RefCell;
use std::fmt;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

/// A stream that is no plain TCP socket: TLS, HTTP/2, an application's own.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Io for T {}

/// The stream under a connection. One thread uses it, from the connection's task and from the
/// worker that delivers; hence the shared references.
pub(crate) enum Stream {
    Tcp(TcpStream),
    Other(RefCell<Other>),
}

pub(crate) struct Other {
    io: Box<dyn Io>,
    /// It has taken bytes that it may not have sent on.
    unsent: bool,
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp(_) => "Stream::Tcp",
            Self::Other(_) => "Stream::Other",
        })
    }
}

/// A read that did not fill its buffer has taken all there was: the runtime need not be asked by
/// another read, which would find nothing. What comes next it tells, as it tells the end.
fn drained(socket: &TcpStream) {
    let nothing = || Err::<(), _>(io::ErrorKind::WouldBlock.into());
    _ = socket.try_io(Interest::READABLE, nothing);
}

/// Whether more is sent at once, so that the kernel may keep what does not fill a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum More {
    Follows,
    No,
}

/// Sends past the runtime: nearly always the socket has room, and asking the runtime first would
/// reach for memory that nothing else of a delivery needs.
pub(crate) fn send(socket: &TcpStream, slices: &[IoSlice<'_>], more: More) -> io::Result<usize> {
    let flags = flags(more);
    let sent = match slices {
        [one] => rustix::net::send(socket, one, flags),
        many => rustix::net::sendmsg(socket, many, &mut SendAncillaryBuffer::default(), flags),
    };
    Ok(sent?)
}

/// A peer that is gone is an error, and no signal to the process.
#[cfg(target_os = "linux")]
fn flags(more: More) -> SendFlags {
    match more {
        More::Follows => SendFlags::NOSIGNAL | SendFlags::MORE,
        More::No => SendFlags::NOSIGNAL,
    }
}

#[cfg(not(target_os = "linux"))]
fn flags(_: More) -> SendFlags {
    SendFlags::empty()
}

impl Stream {
    /// Any stream.
    pub(crate) fn other(io: Box<dyn Io>) -> Self {
        Self::Other(RefCell::new(Other { io, unsent: false }))
    }

    /// Reads some bytes; 0 means that the peer has no more.
    pub(crate) fn poll_read(
        &self,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        match self {
            Self::Tcp(socket) => loop {
                ready!(socket.poll_read_ready(context))?;
                match socket.try_read(buffer) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Ok(read) if read > 0 && read < buffer.len() => {
                        drained(socket);
                        return Poll::Ready(Ok(read));
                    }
                    result => return Poll::Ready(result),
                }
            },
            Self::Other(stream) => {
                let mut buffer = ReadBuf::new(buffer);
                ready!(Pin::new(&mut *stream.borrow_mut().io).poll_read(context, &mut buffer))?;
                Poll::Ready(Ok(buffer.filled().len()))
            }
        }
    }

    /// Writes what the stream takes now; `waker` is woken when a stream that is no socket can
    /// take more.
    pub(crate) fn write(
        &self,
        slices: &[IoSlice<'_>],
        more: More,
        waker: &Waker,
    ) -> io::Result<usize> {
        match self {
            Self::Tcp(socket) => match send(socket, slices, more) {
                // The runtime must hear that the socket is full, or it would not tell when it no
                // longer is.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    socket.try_io(Interest::WRITABLE, || send(socket, slices, more))
                }
                sent => sent,
            },
            Self::Other(stream) => {
                let mut context = Context::from_waker(waker);
                let mut stream = stream.borrow_mut();
                stream.unsent = true;
                match Pin::new(&mut *stream.io).poll_write_vectored(&mut context, slices) {
                    Poll::Ready(result) => result,
                    Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
                }
            }
        }
    }

    /// Nothing waits for more from here on, not even what the handshake has left in the kernel.
    pub(crate) fn send_promptly(&self) -> io::Result<()> {
        if let Self::Tcp(socket) = self { socket.set_nodelay(true) } else { Ok(()) }
    }

    /// Whether dropping it sends all that was written, and then says that there is no more.
    pub(crate) fn ends_when_dropped(&self) -> bool {
        matches!(self, Self::Tcp(_))
    }

    /// Sends on what the stream has taken and may have kept, as TLS does. What it cannot send yet
    /// must be asked for again when `waker` is woken.
    pub(crate) fn send_on(&self, waker: &Waker) -> io::Result<()> {
        let Self::Other(stream) = self else { return Ok(()) };
        let mut stream = stream.borrow_mut();
        if stream.unsent
            && let Poll::Ready(sent) =
                Pin::new(&mut *stream.io).poll_flush(&mut Context::from_waker(waker))
        {
            stream.unsent = false;
            return sent;
        }
        Ok(())
    }

    /// Ready when it is worth trying to write again.
    pub(crate) fn poll_writable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(socket) => socket.poll_write_ready(context),
            Self::Other(_) => Poll::Ready(Ok(())),
        }
    }

    /// After a write that was refused: whether the socket can be written to after all. If not,
    /// the task is woken when it can; a stream that is no socket has promised that already.
    pub(crate) fn is_writable_again(&self, context: &mut Context<'_>) -> bool {
        match self {
            Self::Tcp(socket) => socket.poll_write_ready(context).is_ready(),
            Self::Other(_) => false,
        }
    }

    /// Says that nothing more will be written.
    pub(crate) async fn shutdown(&self) -> io::Result<()> {
        match self {
            Self::Tcp(socket) => SockRef::from(socket).shutdown(std::net::Shutdown::Write),
            Self::Other(stream) => {
                poll_fn(|context| Pin::new(&mut *stream.borrow_mut().io).poll_shutdown(context))
                    .await
            }
        }
    }

    /// Reads and forgets, until the peer has no more or `limit` bytes have come.
    pub(crate) async fn discard(&self, limit: usize) -> io::Result<()> {
        let (mut buffer, mut read) = ([0; 1024], 0);
        while read < limit {
            match poll_fn(|context| self.poll_read(context, &mut buffer)).await? {
                0 => break,
                more => read += more,
            }
        }
        Ok(())
    }
}
