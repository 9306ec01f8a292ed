//! One connection: its task reads what the client says and writes what could not be written at
//! once. The task is two pointers; everything else is in [`Connection`].

use crate::frame::{Decoder, Said};
use crate::sockets::Permit;
use crate::stream::{More, Stream};
use crate::worker::Worker;
use roomcast_core::{Flush, Now, SessionKey};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// Reads in a row before other connections get their turn.
const READS_IN_A_ROW: usize = 8;
/// Bytes of a client that is being closed that are still read, so that it sees the close frame.
const LAST_BYTES: usize = 256 * 1024;

/// What is kept of a connection on its worker.
pub(crate) struct Connection {
    pub(crate) key: SessionKey,
    stream: Stream,
    decoder: Cell<Decoder>,
    waker: RefCell<Waker>,
    state: Cell<State>,
    /// The client said goodbye: after what waits for it nothing is sent or read any more.
    parting: Cell<bool>,
    _permit: Permit,
}

/// How the connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// All that waits was written.
    Open,
    /// The socket is full: more waits to be written.
    Blocked,
    /// The last frame was written: goodbye is left.
    Closing,
    /// The socket failed or the peer has gone.
    Gone,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("key", &self.key).finish_non_exhaustive()
    }
}

impl Connection {
    pub(crate) fn new(key: SessionKey, stream: Stream, permit: Permit) -> Self {
        Self {
            key,
            stream,
            decoder: Cell::default(),
            waker: RefCell::new(Waker::noop().clone()),
            state: Cell::new(State::Open),
            parting: Cell::new(false),
            _permit: permit,
        }
    }

    /// Writes what waits: called by the worker that delivers and by the connection's own task.
    pub(crate) fn flush(&self, worker: &Worker, now: Now) {
        let before = self.state.get();
        if before == State::Gone {
            return;
        }
        let waker = self.waker.borrow();
        // The end of the stream goes with the last bytes.
        let more = if self.parting.get() { More::Follows } else { More::No };
        let flushed = worker.shard.borrow_mut().flush(self.key, now, |slices| {
            let written = self.stream.write(slices, more, &waker)?;
            worker.traffic.sent(written);
            Ok(written)
        });
        let flushed = flushed.and_then(|flush| self.stream.send_on(&waker).map(|()| flush));
        let after = match flushed {
            Ok(Flush::Idle) => State::Open,
            Ok(Flush::Blocked) => State::Blocked,
            Ok(Flush::Closing(_)) => State::Closing,
            Ok(Flush::Gone) | Err(_) => State::Gone,
        };
        self.state.set(after);
        if after != before && after != State::Open {
            waker.wake_by_ref();
        }
    }

    /// Gives the bytes to the session, and writes its answers.
    pub(crate) fn take(&self, worker: &Worker, bytes: &[u8]) {
        worker.traffic.received(bytes.len());
        let max_frame = worker.max_frame;
        let now = worker.clock.now();
        let mut spare = worker.spare.borrow_mut();
        let mut decoder = self.decoder.take();
        let fed = decoder.feed(bytes, max_frame, &mut spare, |said| {
            let mut shard = worker.shard.borrow_mut();
            match said {
                Said::Message(incoming) => shard.receive(self.key, incoming, now),
                Said::Alive => shard.heard(self.key, now),
                Said::Answer(frame) => shard.control(self.key, frame),
                Said::Goodbye(frame) => {
                    self.parting.set(self.stream.ends_when_dropped());
                    shard.goodbye(self.key, frame, now);
                }
            }
        });
        drop(spare);
        self.decoder.set(decoder);
        if let Err(code) = fed {
            worker.shard.borrow_mut().close(self.key, code, now);
        }
        self.flush(worker, now);
    }

    /// Writes the first that it is told, and sends it together with the handshake.
    pub(crate) fn begin(&self, worker: &Worker, now: Now) {
        self.flush(worker, now);
        if self.stream.send_promptly().is_err() {
            self.state.set(State::Gone);
        }
    }

    /// Sends on what a stream that is no socket has kept.
    fn send_on(&self, context: &Context<'_>) {
        if self.stream.send_on(context.waker()).is_err() {
            self.state.set(State::Gone);
        }
    }

    /// Writes more if the socket takes more, or asks to be woken when it does.
    fn write_on(&self, worker: &Worker, context: &mut Context<'_>) {
        if self.stream.poll_writable(context).is_ready() {
            self.flush(worker, worker.clock.now());
        }
        if self.state.get() == State::Blocked && self.stream.is_writable_again(context) {
            context.waker().wake_by_ref();
        }
    }

    /// Reads until the socket has no more for now, or it is another's turn.
    fn poll_read(&self, worker: &Worker, context: &mut Context<'_>) -> Poll<()> {
        for _ in 0..READS_IN_A_ROW {
            if matches!(self.state.get(), State::Closing | State::Gone) {
                return Poll::Ready(());
            }
            // A client that does not read its answers is not read either.
            if self.state.get() == State::Blocked && worker.is_full(self.key) {
                return Poll::Pending;
            }
            let mut buffer = worker.buffer.borrow_mut();
            match self.stream.poll_read(context, &mut buffer) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(0)) => self.state.set(State::Gone),
                Poll::Ready(Err(error)) => {
                    tracing::trace!(%error, "connection failed");
                    self.state.set(State::Gone);
                }
                Poll::Ready(Ok(read)) => self.take(worker, &buffer[..read]),
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Says goodbye on a socket whose last frame is written: without reading what the client has
    /// sent meanwhile, TCP would reset the connection and the client never see the close frame.
    async fn say_goodbye(&self) -> io::Result<()> {
        self.stream.shutdown().await?;
        self.stream.discard(LAST_BYTES).await
    }
}

/// The task of a connection.
pub(crate) struct Driver {
    pub(crate) connection: Rc<Connection>,
    pub(crate) worker: Rc<Worker>,
}

impl Drop for Driver {
    fn drop(&mut self) {
        // The runtime catches the panic of a task and goes on.
        if std::thread::panicking() {
            self.worker.give_up();
        }
    }
}

impl Future for Driver {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let (connection, worker) = (&self.connection, &self.worker);
        if !connection.waker.borrow().will_wake(context.waker()) {
            connection.waker.replace(context.waker().clone());
        }
        loop {
            match connection.state.get() {
                State::Open => connection.send_on(context),
                State::Blocked => connection.write_on(worker, context),
                State::Closing if !connection.parting.get() => {
                    worker.part(connection);
                    let (connection, timeout) = (Rc::clone(connection), worker.close_timeout);
                    tokio::task::spawn_local(async move {
                        _ = tokio::time::timeout(timeout, connection.say_goodbye()).await;
                    });
                    return Poll::Ready(());
                }
                State::Closing | State::Gone => {
                    worker.part(connection);
                    return Poll::Ready(());
                }
            }
            if connection.poll_read(worker, context).is_pending() {
                return Poll::Pending;
            }
        }
    }
}
