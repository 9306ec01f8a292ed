//! A worker: one thread with its own runtime, listener, shard and connections. Nothing on it is
//! locked but its inbox, and a connection never moves.

use crate::clock::Clock;
use crate::config::Config;
use crate::connection::{Connection, Driver};
use crate::frame::Spare;
use crate::http::{self, Handler};
use crate::sockets::{Arrival, ArrivingStream, WorkerId};
use crate::stats::{Stats, Traffic};
use crate::stream::Stream;
use roomcast_core::shard::Closed;
use roomcast_core::{Event, Inbox, Lane, Now, SessionKey, Shard};
use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior};

/// Bytes read from a socket at once, for all connections of a worker in turn.
const READ_BUFFER: usize = 64 * 1024;
/// Events taken from the inbox at once: what they bring to one client goes in one write.
const EVENTS_AT_ONCE: usize = 256;
/// Members of large rooms written to before everything else gets its turn: half a millisecond.
const SLICE: usize = 64;
/// Other connections written to before the sockets are looked at again.
const WRITES_IN_A_ROW: usize = 256;

/// Connections looked up before the first of them is written to, so that what the processor has to
/// fetch of them comes side by side.
const ABREAST: usize = 8;

/// What a worker begins with.
pub(crate) struct Seat {
    pub(crate) id: WorkerId,
    pub(crate) shard: Shard,
    pub(crate) inbox: Inbox,
    pub(crate) arrivals: mpsc::UnboundedReceiver<Arrival>,
    pub(crate) listener: Option<(std::net::TcpListener, Arc<dyn Handler>)>,
    pub(crate) clock: Clock,
    pub(crate) config: Arc<Config>,
    pub(crate) stats: Arc<Stats>,
    /// True when nothing more is accepted, and dropped when everything ends.
    pub(crate) draining: watch::Receiver<bool>,
    /// Told if the worker breaks.
    pub(crate) broken: watch::Sender<bool>,
}

/// The worker as its tasks see it.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) shard: RefCell<Shard>,
    connections: RefCell<Vec<Option<Rc<Connection>>>>,
    pub(crate) buffer: RefCell<Box<[u8]>>,
    /// What reads messages, for whoever begins one.
    pub(crate) spare: RefCell<Spare>,
    pub(crate) clock: Clock,
    pub(crate) stats: Arc<Stats>,
    pub(crate) traffic: Traffic,
    pub(crate) max_frame: usize,
    /// Bytes waiting for a client beyond which it is not read any more.
    full: usize,
    unsent: u32,
    pub(crate) close_timeout: Duration,
    /// How long messages are gathered, if they are.
    message_batch: Option<Duration>,
    /// A task failed: nobody knows in which state it left the shard.
    broken: Notify,
}

/// Tells that the worker's thread panicked.
struct Alarm(watch::Sender<bool>);

impl Drop for Alarm {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.send_replace(true);
        }
    }
}

/// Runs a worker on a thread of its own until the server ends.
///
/// # Errors
/// The system refused the thread or its runtime.
pub(crate) fn start(seat: Seat) -> io::Result<std::thread::JoinHandle<()>> {
    let (began, hear) = std::sync::mpsc::sync_channel(1);
    let name = format!("roomcast-{}", seat.id.0);
    let thread = std::thread::Builder::new().name(name).spawn(move || {
        let _alarm = Alarm(seat.broken.clone());
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().build_local(tokio::runtime::LocalOptions::default());
        match runtime {
            Ok(runtime) => {
                _ = began.send(Ok(()));
                runtime.block_on(run(seat));
            }
            Err(error) => _ = began.send(Err(error)),
        }
    })?;
    hear.recv().unwrap_or_else(|_| Err(io::ErrorKind::Other.into()))?;
    Ok(thread)
}

/// The worker's tasks, until the server ends or one of them fails.
async fn run(seat: Seat) {
    let Seat { id, shard, inbox, arrivals, listener, .. } = seat;
    let (config, mut draining) = (seat.config, seat.draining);
    let worker = Rc::new(Worker::new(shard, seat.clock, &config, seat.stats));
    if let Some((listener, handler)) = listener {
        let (worker, draining) = (Rc::clone(&worker), draining.clone());
        let accepting = http::accept(listener, id, handler, Arc::clone(&config), worker, draining);
        tokio::task::spawn_local(accepting);
    }
    let mut ticking = tokio::task::spawn_local(Rc::clone(&worker).tick());
    let mut welcoming = tokio::task::spawn_local(Rc::clone(&worker).welcome_all(arrivals));
    let mut delivering = tokio::task::spawn_local(Rc::clone(&worker).deliver(inbox));
    let failed = tokio::select! {
        biased;
        () = worker.broken.notified() => panic!("a task of the worker failed"),
        () = ended(&mut draining) => return,
        Err(failed) = &mut ticking => failed,
        Err(failed) = &mut welcoming => failed,
        Err(failed) = &mut delivering => failed,
    };
    std::panic::resume_unwind(failed.into_panic());
}

/// Waits until the server has ended.
async fn ended(draining: &mut watch::Receiver<bool>) {
    while draining.changed().await.is_ok() {}
}

impl Worker {
    fn new(shard: Shard, clock: Clock, config: &Config, stats: Arc<Stats>) -> Self {
        let (max_frame, full) = (shard.config().max_frame, shard.config().outbox / 2);
        Self {
            shard: RefCell::new(shard),
            connections: RefCell::default(),
            buffer: RefCell::new(vec![0; READ_BUFFER].into_boxed_slice()),
            clock,
            stats,
            traffic: Traffic::default(),
            spare: RefCell::default(),
            max_frame,
            full,
            unsent: config.unsent,
            close_timeout: config.close_timeout,
            message_batch: (!config.message_batch.is_zero()).then_some(config.message_batch),
            broken: Notify::new(),
        }
    }

    /// Whether there is more to do at once.
    fn is_busy(&self) -> bool {
        self.shard.borrow().is_busy()
    }

    /// Whether nothing more should come in before that is done.
    fn is_held_up(&self) -> bool {
        self.shard.borrow().is_full()
    }

    /// Does what is due, tick by tick.
    async fn tick(self: Rc<Self>) {
        let mut ticker = tokio::time::interval(self.shard.borrow().tick());
        ticker.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            let due = ticker.tick().await;
            self.sweep(due);
            self.write_prompt(self.clock.now()).await;
            self.traffic.tell(&self.stats);
        }
    }

    /// Takes connections in.
    async fn welcome_all(self: Rc<Self>, mut arrivals: mpsc::UnboundedReceiver<Arrival>) {
        while let Some(arrival) = arrivals.recv().await {
            self.welcome(arrival);
        }
    }

    /// Delivers what the inbox brings, a turn at a time. Between two turns the sockets are looked
    /// at, and every other task that can go on does so. Messages are gathered behind a delivery
    /// that left nothing to do.
    async fn deliver(self: Rc<Self>, mut inbox: Inbox) {
        let mut events = Vec::with_capacity(EVENTS_AT_ONCE);
        let (mut more, mut delivering) = (false, None);
        loop {
            if more || self.is_busy() {
                tokio::task::yield_now().await;
                if !self.is_held_up() {
                    inbox.try_recv_many(&mut events, EVENTS_AT_ONCE);
                }
            } else if inbox.recv_many(&mut events, EVENTS_AT_ONCE).await == 0 {
                return;
            }
            if self.message_batch.is_some() && events.iter().any(|event| event.weight() > 0) {
                delivering.get_or_insert_with(Instant::now);
            }
            let is_behind = events.len() == EVENTS_AT_ONCE;
            self.turn(&mut events).await;
            if !is_behind && !self.is_busy() {
                self.gather(&mut inbox, delivering.take()).await;
            }
            more = !inbox.is_empty();
        }
    }

    /// Lets messages wait for each other from the beginning of a delivery on, for as long as is
    /// configured; or until something comes that must not wait for them.
    async fn gather(&self, inbox: &mut Inbox, delivering: Option<Instant>) {
        if let Some((batch, since)) = self.message_batch.zip(delivering) {
            let left = batch.saturating_sub(since.elapsed());
            _ = tokio::time::timeout(left, inbox.urgent()).await;
        }
    }

    /// Brings events to the shard, and what they cause to the sockets: all of the prompt lane, and
    /// a slice of the bulk.
    async fn turn(&self, events: &mut Vec<Event>) {
        let mut now = self.clock.now();
        loop {
            let some = events.drain(..self.at_once(events));
            self.shard.borrow_mut().handle(some, now);
            self.write_prompt(now).await;
            if events.is_empty() {
                break;
            }
            now = self.clock.now();
        }
        self.write(Lane::Bulk, SLICE, self.clock.now());
        self.traffic.tell(&self.stats);
    }

    /// Writes to all who stand in the prompt lane now, with a look at the sockets in between: who
    /// comes into it meanwhile has the next turn, or the turn might never end.
    async fn write_prompt(&self, mut now: Now) {
        let mut left = self.shard.borrow().waiting_in(Lane::Prompt);
        while self.write(Lane::Prompt, left.min(WRITES_IN_A_ROW), now) {
            left = left.saturating_sub(WRITES_IN_A_ROW);
            if left == 0 {
                return;
            }
            tokio::task::yield_now().await;
            now = self.clock.now();
        }
    }

    /// How many of the events are handled together: with more than a client's outbox holds,
    /// prompt readers would be sent away.
    fn at_once(&self, events: &[Event]) -> usize {
        let mut weight = 0;
        let fits = events.iter().take_while(|event| {
            let before = weight;
            weight += event.weight();
            before <= self.full
        });
        fits.count()
    }

    /// Writes to so many connections of the lane at most; whether there may be more.
    fn write(&self, lane: Lane, most: usize, now: Now) -> bool {
        for begun in (0..most).step_by(ABREAST) {
            let ready = self.next_ready(lane, ABREAST.min(most - begun));
            ready.iter().flatten().for_each(|connection| connection.flush(self, now));
            if ready.iter().any(Option::is_none) {
                break;
            }
        }
        self.observe_delivery(lane);
        self.shard.borrow().waiting_in(lane) > 0
    }

    /// Some connections that are to be written to.
    fn next_ready(&self, lane: Lane, most: usize) -> [Option<Rc<Connection>>; ABREAST] {
        let mut shard = self.shard.borrow_mut();
        let keys: [_; ABREAST] =
            std::array::from_fn(|place| (place < most).then(|| shard.next_ready(lane)).flatten());
        keys.map(|key| self.connection(key?))
    }

    /// Messages whose members were all written to.
    fn observe_delivery(&self, lane: Lane) {
        let mut shard = self.shard.borrow_mut();
        let mut written = shard.written(lane).peekable();
        if written.peek().is_some() {
            let now = self.clock.now().uptime;
            written.for_each(|(accepted, messages)| {
                let took = now.saturating_sub(accepted).as_secs_f64();
                self.stats.delivery.observe_many(took, messages);
            });
        }
    }

    fn sweep(&self, due: Instant) {
        self.stats.stall.observe_duration(due.elapsed());
        self.shard.borrow_mut().sweep(self.clock.now());
    }

    fn connection(&self, key: SessionKey) -> Option<Rc<Connection>> {
        let connections = self.connections.borrow();
        connections.get(key.index as usize)?.clone().filter(|connection| connection.key == key)
    }

    /// A connection arrives: its session begins, and its task.
    fn welcome(self: &Rc<Self>, arrival: Arrival) {
        let Arrival { stream, early, spec, permit } = arrival;
        let stream = match self.settle(stream) {
            Ok(stream) => stream,
            Err(error) => return tracing::debug!(%error, "a connection was lost on its way"),
        };
        let now = self.clock.now();
        let key = self.shard.borrow_mut().open(spec, now);
        let connection = Rc::new(Connection::new(key, stream, permit));
        let place = key.index as usize;
        {
            let mut connections = self.connections.borrow_mut();
            if connections.len() <= place {
                connections.resize(place + 1, None);
            }
            connections[place] = Some(Rc::clone(&connection));
        }
        connection.begin(self, now);
        if !early.is_empty() {
            connection.take(self, &early);
        }
        tokio::task::spawn_local(Driver { connection, worker: Rc::clone(self) });
    }

    fn settle(&self, stream: ArrivingStream) -> io::Result<Stream> {
        let socket = match stream {
            ArrivingStream::Own(socket) => socket,
            ArrivingStream::Foreign(socket) => TcpStream::from_std(socket)?,
            ArrivingStream::Other(stream) => return Ok(Stream::other(stream)),
        };
        socket2::SockRef::from(&socket).set_tcp_notsent_lowat(self.unsent)?;
        Ok(Stream::Tcp(socket))
    }

    /// The connection is at its end: its session too.
    pub(crate) fn part(&self, connection: &Connection) {
        let closed = self.shard.borrow_mut().closed(connection.key, self.clock.now());
        if let Some(Closed { session, dialect, ending, lasted }) = closed {
            let reason = ending.reason();
            let lasted = lasted.as_secs_f64();
            tracing::info!(%session, dialect, reason, lasted, "connection closed");
        }
        let mut connections = self.connections.borrow_mut();
        if let Some(place) = connections.get_mut(connection.key.index as usize)
            && place.as_ref().is_some_and(|there| there.key == connection.key)
        {
            *place = None;
        }
    }

    /// The worker's data may be broken: it ends, and with it every connection that it has.
    pub(crate) fn give_up(&self) {
        self.broken.notify_one();
    }

    /// Whether so much waits for the client that it is not read any more.
    pub(crate) fn is_full(&self, key: SessionKey) -> bool {
        self.shard.borrow().waiting(key) > self.full
    }
}
