//! A simulated world: a test is a script over shards, clients and a clock that only it moves.
//!
//! ```
//! use roomcast_core::testing::World;
//! let mut world = World::default();
//! world.connect("ann");
//! world.connect("bob");
//! world.join("ann", "tea");
//! world.join("bob", "tea");
//! world.publish("bob", "tea", r#""hello""#);
//! assert_eq!(world.hear("ann"), ["joined tea @0", r#"tea #1 bob: "hello""#]);
//! world.cut("ann");
//! world.publish("bob", "tea", r#""missed""#);
//! world.come_back("ann");
//! assert_eq!(world.hear("ann"), [r#"joined tea @2 recovered [#2 bob: "missed"]"#]);
//! ```
//!
//! Clients speak [`Script`], a dialect that is made to be read; [`World::connect_with`] takes any.

mod gate;
mod late;
mod mesh;
mod script;
pub mod suite;
mod wishes;

pub use gate::{NameGatekeeper, identity};
pub use late::LateBroker;
pub use mesh::{Node, Wait};
pub use script::Script;
pub use wishes::{join, message, publish};

use crate::access::{Grants, Identity};
use crate::config::Config;
use crate::hub::Hub;
use crate::inbox::Inbox;
use crate::now::Now;
use crate::session::{Ending, SessionKey, SessionSpec};
use crate::shard::{Flush, Lane, Shard};
use roomcast_protocol::command::{Join, Publish};
use roomcast_protocol::{CloseCode, Command, Epoch, Incoming, Position, Timestamp};
use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use wishes::room_name;

/// Shards, clients and a clock.
#[derive(Debug)]
pub struct World {
    hub: Hub,
    shards: Vec<(Shard, Inbox)>,
    clients: BTreeMap<String, Client>,
    now: Now,
    next_shard: usize,
    wait: mesh::Wait,
}

#[derive(Debug)]
struct Client {
    shard: usize,
    key: SessionKey,
    identity: Arc<Identity>,
    dialect: &'static dyn roomcast_protocol::Dialect,
    /// Bytes that arrived and are not read yet.
    arrived: Vec<u8>,
    heard: Vec<String>,
    /// The last position of each room it is in.
    rooms: BTreeMap<String, Position>,
    /// Its socket takes so many bytes more; none means any number.
    takes: Option<usize>,
    connected: bool,
    closed: Option<CloseCode>,
}

impl Default for World {
    fn default() -> Self {
        Self::new(Config::default(), 1)
    }
}

/// The methods of a script panic where the script is wrong: a name that nobody has, a text that
/// is no room or no JSON.
#[allow(clippy::missing_panics_doc)]
impl World {
    /// A world with these settings and so many shards, at one second of uptime.
    #[must_use]
    pub fn new(config: Config, shards: usize) -> Self {
        Self::of(Hub::local(config, Arc::new(NameGatekeeper), shards, 7))
    }

    fn of((hub, shards): (Hub, Vec<(Shard, Inbox)>)) -> Self {
        let now = Now { uptime: Duration::from_secs(1), wall: Timestamp::from_millis(1_000) };
        Self { hub, shards, clients: BTreeMap::new(), now, next_shard: 0, wait: mesh::never }
    }

    /// The hub of the world.
    #[must_use]
    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    /// The moment it is in the world.
    #[must_use]
    pub fn now(&self) -> Now {
        self.now
    }

    /// Somebody connects who may do everything; the shards take turns.
    pub fn connect(&mut self, name: &str) {
        self.connect_as(name, identity(name, Grants::everything()));
    }

    /// Somebody connects with an identity.
    pub fn connect_as(&mut self, name: &str, identity: Identity) {
        self.connect_with(name, identity, &script::SCRIPT, None);
    }

    /// Somebody connects with a dialect of choice.
    pub fn connect_with(
        &mut self,
        name: &str,
        identity: Identity,
        dialect: &'static dyn roomcast_protocol::Dialect,
        join: Option<&str>,
    ) {
        let shard = self.next_shard % self.shards.len();
        self.next_shard += 1;
        let identity = Arc::new(identity);
        let join = join.map(room_name);
        let spec = SessionSpec { dialect, identity: Arc::clone(&identity), join };
        let key = self.shards[shard].0.open(spec, self.now);
        let client = Client {
            shard,
            key,
            identity,
            dialect,
            arrived: Vec::new(),
            heard: Vec::new(),
            rooms: BTreeMap::new(),
            takes: None,
            connected: true,
            closed: None,
        };
        self.clients.insert(name.to_owned(), client);
        self.flush(name);
        self.settle();
    }

    /// Somebody joins a room.
    pub fn join(&mut self, name: &str, room: &str) {
        self.join_with(name, join(room));
    }

    /// Somebody joins with particular wishes; see [`join`].
    pub fn join_with(&mut self, name: &str, join: Join) {
        self.command(name, Command::Join(join));
    }

    /// Somebody publishes JSON.
    pub fn publish(&mut self, name: &str, room: &str, json: &str) {
        self.publish_with(name, publish(room, json));
    }

    /// Somebody publishes with particular wishes; see [`publish`].
    pub fn publish_with(&mut self, name: &str, publish: Publish) {
        self.command(name, Command::Publish(publish));
    }

    /// Somebody asks something.
    pub fn command(&mut self, name: &str, command: Command) {
        self.send(name, command);
        self.settle();
    }

    /// Somebody asks something, and the world does not go on before [`World::settle`].
    pub fn send(&mut self, name: &str, command: Command) {
        let (shard, key) = self.place(name);
        let id = script::next_id();
        self.shards[shard].0.heard(key, self.now);
        self.shards[shard].0.command(key.index, id, command, self.now);
    }

    /// Somebody sends a text frame in its own dialect.
    pub fn say(&mut self, name: &str, text: &str) {
        self.send_text(name, text);
        self.settle();
    }

    /// Somebody sends a text frame, and the world does not go on before [`World::settle`].
    pub fn send_text(&mut self, name: &str, text: &str) {
        let (shard, key) = self.place(name);
        self.shards[shard].0.receive(key, Incoming::Text(text), self.now);
    }

    /// Somebody's connection breaks.
    pub fn cut(&mut self, name: &str) {
        self.lose(name);
        self.settle();
    }

    /// Somebody's connection breaks, and the world does not go on before [`World::settle`].
    pub fn lose(&mut self, name: &str) {
        let (shard, key) = self.place(name);
        _ = self.shards[shard].0.closed(key, self.now);
        self.client(name).connected = false;
    }

    /// Whether somebody's connection stands.
    pub fn is_connected(&mut self, name: &str) -> bool {
        self.client(name).connected
    }

    /// Somebody comes back to every room it was in, with its last positions.
    pub fn come_back(&mut self, name: &str) {
        let client = self.client(name);
        let (identity, dialect) = (Identity::clone(&client.identity), client.dialect);
        let rooms: Vec<String> = client.rooms.keys().cloned().collect();
        let joins: Vec<Command> = rooms.iter().map(|room| self.rejoin(name, room)).collect();
        self.connect_with(name, identity, dialect, None);
        joins.into_iter().for_each(|join| self.command(name, join));
    }

    /// The join that brings somebody back to a room with its last position.
    pub fn rejoin(&mut self, name: &str, room: &str) -> Command {
        let since = self.client(name).rooms.get(room).copied();
        Command::Join(Join { since, ..join(room) })
    }

    /// Somebody's socket takes so many bytes more, and then none until [`World::read_on`].
    pub fn stall(&mut self, name: &str, bytes: usize) {
        self.client(name).takes = Some(bytes);
    }

    /// Somebody's socket takes so many bytes more at once.
    pub fn read_some(&mut self, name: &str, bytes: usize) {
        self.stall(name, bytes);
        self.flush(name);
    }

    /// Somebody reads again.
    pub fn read_on(&mut self, name: &str) {
        self.client(name).takes = None;
        self.flush(name);
    }

    /// Time passes, tick by tick.
    pub fn advance(&mut self, duration: Duration) {
        let tick = self.shards[0].0.tick();
        let end = self.now.uptime + duration;
        while self.now.uptime < end {
            let step = tick.min(end - self.now.uptime);
            self.now.uptime += step;
            let wall = Duration::from_millis(self.now.wall.as_millis() as u64) + step;
            self.now.wall = Timestamp::from_millis(wall.as_millis() as i64);
            for (shard, _) in &mut self.shards {
                shard.sweep(self.now);
            }
            self.settle();
        }
    }

    /// What somebody has heard since the last time, `welcome` left out.
    pub fn hear(&mut self, name: &str) -> Vec<String> {
        std::mem::take(&mut self.client(name).heard)
    }

    /// With which code somebody was closed.
    pub fn closed(&mut self, name: &str) -> Option<CloseCode> {
        self.client(name).closed
    }

    /// Runs until nothing is on its way any more.
    pub fn settle(&mut self) {
        while self.step() || self.flush_ready() {}
    }

    /// One shard handles so many of the events that wait for it, while the others stand still.
    pub fn handle_some(&mut self, shard: usize, events: usize) {
        let count = self.shards.len();
        let (shard, inbox) = &mut self.shards[shard % count];
        let some = std::iter::from_fn(|| inbox.try_recv()).take(events);
        shard.handle(some, self.now);
        for shard in 0..count {
            while self.flush_next(shard, Lane::Prompt) {}
            self.flush_next(shard, Lane::Bulk);
        }
    }

    /// What the hub answers, once the world has gone on so far.
    pub fn until<T>(&mut self, answer: impl Future<Output = T>) -> T {
        let mut answer = std::pin::pin!(answer);
        loop {
            if let Poll::Ready(answer) =
                answer.as_mut().poll(&mut Context::from_waker(Waker::noop()))
            {
                self.settle();
                return answer;
            }
            assert!(self.step(), "nothing is on its way that could answer");
        }
    }

    fn flush_ready(&mut self) -> bool {
        let mut moved = false;
        for shard in 0..self.shards.len() {
            while self.flush_next(shard, Lane::Prompt) || self.flush_next(shard, Lane::Bulk) {
                moved = true;
            }
        }
        moved
    }

    fn flush_next(&mut self, shard: usize, lane: Lane) -> bool {
        let Some(key) = self.shards[shard].0.next_ready(lane) else { return false };
        let at = |client: &Client| client.connected && client.shard == shard && client.key == key;
        let name = self.clients.iter().find(|(_, client)| at(client)).map(|(name, _)| name);
        if let Some(name) = name.cloned() {
            self.flush(&name);
        }
        true
    }

    fn step(&mut self) -> bool {
        let mut moved = false;
        for (shard, inbox) in &mut self.shards {
            moved |= shard.may_resume();
            let events = std::iter::from_fn(|| inbox.try_recv());
            shard.handle(events.inspect(|_| moved = true), self.now);
        }
        moved
    }

    fn flush(&mut self, name: &str) {
        let client = self.clients.get_mut(name).expect("a client of that name");
        if !client.connected {
            return;
        }
        let shard = &mut self.shards[client.shard].0;
        let (arrived, takes) = (&mut client.arrived, &mut client.takes);
        let flushed = shard.flush(client.key, self.now, |slices| {
            let Some(left) = takes else { return arrived.write_vectored(slices) };
            if *left == 0 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            let some = &slices[0][..slices[0].len().min(*left)];
            *left -= some.len();
            arrived.write(some)
        });
        if let Ok(Flush::Closing(Ending::Code(code))) = flushed {
            client.closed = Some(code);
        }
        if matches!(flushed, Ok(Flush::Closing(_) | Flush::Gone)) {
            client.connected = false;
            _ = shard.closed(client.key, self.now);
        }
        client.read();
    }

    fn place(&mut self, name: &str) -> (usize, SessionKey) {
        let client = self.client(name);
        (client.shard, client.key)
    }

    fn client(&mut self, name: &str) -> &mut Client {
        self.clients.get_mut(name).expect("a client of that name")
    }
}

impl Client {
    /// Reads the whole frames that have arrived.
    fn read(&mut self) {
        while let Some((text, is_text, length)) = script::first_frame(&self.arrived) {
            self.arrived.drain(..length);
            let (line, position) = script::split_position(&text);
            if let Some((room, position)) = position {
                self.take_position(room, position);
            }
            if is_text && !line.starts_with("welcome") {
                self.heard.push(line.to_owned());
            }
        }
    }

    fn take_position(&mut self, room: &str, position: (Option<Epoch>, u64)) {
        let (epoch, offset) = position;
        let known = self.rooms.get(room).map(|known| known.epoch);
        if let Some(epoch) = epoch.or(known) {
            self.rooms.insert(room.to_owned(), Position { epoch, offset });
        }
    }
}
