//! A worker's own socket while it speaks HTTP: the answer that makes a WebSocket of it stays in the
//! kernel until the greeting follows, and both leave in one segment.

use crate::stream::{More, send};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

/// Told that the answer being written is the handshake's.
#[derive(Debug, Clone, Default)]
pub(crate) struct Greeting(Arc<AtomicBool>);

impl Greeting {
    pub(crate) fn follows(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[derive(Debug)]
pub(crate) struct HttpSocket {
    socket: TcpStream,
    greeting: Greeting,
}

impl HttpSocket {
    pub(crate) fn new(socket: TcpStream) -> (Self, Greeting) {
        let greeting = Greeting::default();
        (Self { socket, greeting: greeting.clone() }, greeting)
    }

    pub(crate) fn into_inner(self) -> TcpStream {
        self.socket
    }
}

impl AsyncRead for HttpSocket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(context, buffer)
    }
}

impl AsyncWrite for HttpSocket {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if !self.greeting.0.load(Ordering::Relaxed) {
            return Pin::new(&mut self.socket).poll_write_vectored(context, slices);
        }
        loop {
            ready!(self.socket.poll_write_ready(context))?;
            let sent = self
                .socket
                .try_io(Interest::WRITABLE, || send(&self.socket, slices, More::Follows));
            match sent {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                sent => return Poll::Ready(sent),
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}
