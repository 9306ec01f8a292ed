//! A Redis for tests, shared by several nodes, that fails when and how a test wants it to.
//!
//! `store` (the data, and what the scripts do with it), `bed` (a world of nodes over it, in
//! virtual time), `stories` (one of each way to fail), `model` (all of them in any order).

mod bed;
mod faults;
mod model;
mod store;
mod stories;

use crate::bus::{
    Answer, Append, Bus, BusError, Connecting, Found, Heard, Link, News, Outcome, Read,
};
use crate::envelope::PRESENCE;
use crate::keys::Keys;
use crate::presence::Ask;
use crate::presence::tests::fake::{Fake as FakePresence, Store as _};
use crate::scripts::Server;
use bytes::Bytes;
use futures::future::FutureExt;
use futures::stream::{self, StreamExt};
use roomcast_protocol::RoomName;
use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use store::{Data, Store};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// What a link is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Asked {
    Connect,
    Append,
    Read,
    Check,
    Subscribe,
    Unsubscribe,
    Ping,
    Presence,
}

/// Tells who asked.
type Tell = Box<dyn FnOnce() + Send>;

/// Does what was asked; an error is what is told instead of doing it.
type Act = Box<dyn FnOnce(&mut Core, Option<BusError>) -> Tell + Send>;

/// Something that Redis is asked for and has not done yet.
struct Request {
    link: usize,
    asked: Asked,
    /// Does it; an error is what is told instead of doing it.
    act: Act,
}

/// One life of a node's connections.
struct Wire {
    node: usize,
    is_up: bool,
    server: Server,
    rooms: HashSet<RoomName>,
    news: mpsc::UnboundedSender<News>,
    /// What is on its way to the node: answers, and what came on channels.
    answers: VecDeque<Tell>,
    pushes: VecDeque<News>,
}

/// The servers and the network.
struct Core {
    store: Store,
    presence: FakePresence,
    server: Server,
    lives: u32,
    saved: Data,
    is_down: bool,
    wires: Vec<Wire>,
    requests: VecDeque<Request>,
    /// What is asked of the connection that hears channels: a way of its own.
    subscriptions: VecDeque<Request>,
    holds_requests: bool,
    holds_subscriptions: bool,
    /// Links that end leave those who asked without a word, until they give up.
    ends_silently: bool,
    unanswered: Vec<Tell>,
    holds_answers: bool,
    holds_pushes: bool,
    /// The nodes that hear nothing, and how much they did not hear.
    deaf: HashMap<usize, u64>,
    refusals: HashMap<Asked, usize>,
    /// So many things more are done, then the link of the last one ends: the answer is lost.
    end_after: Option<(Option<Asked>, usize)>,
    /// Links end instead of doing an append.
    ends_before_appends: bool,
}

/// The Redis.
#[derive(Clone)]
pub(crate) struct Stub {
    core: Arc<Mutex<Core>>,
    timeout: Duration,
}

impl fmt::Debug for Stub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stub").finish_non_exhaustive()
    }
}

impl Stub {
    /// An empty one. Names of messages are remembered for so long, and what is not answered in
    /// time counts as lost.
    pub(crate) fn new(dedupe: Duration, timeout: Duration) -> Self {
        let core = Core {
            store: Store::new(dedupe),
            presence: FakePresence::default(),
            server: Server { run: "life 0".into(), kept: true },
            lives: 0,
            saved: Data::default(),
            is_down: false,
            wires: Vec::new(),
            requests: VecDeque::new(),
            subscriptions: VecDeque::new(),
            holds_requests: false,
            holds_subscriptions: false,
            ends_silently: false,
            unanswered: Vec::new(),
            holds_answers: false,
            holds_pushes: false,
            deaf: HashMap::new(),
            refusals: HashMap::new(),
            end_after: None,
            ends_before_appends: false,
        };
        Self { core: Arc::new(Mutex::new(core)), timeout }
    }

    /// The bus of a node.
    pub(crate) fn bus(&self, node: usize) -> Arc<dyn Bus> {
        Arc::new(StubBus { stub: self.clone(), node })
    }

    fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for something: done in the order asked, answered in the order done.
    fn ask<T: Send + 'static>(
        &self,
        link: usize,
        asked: Asked,
        act: impl FnOnce(&mut Core) -> Result<T, BusError> + Send + 'static,
    ) -> Answer<T> {
        let (sender, answer) = oneshot::channel();
        let act = move |core: &mut Core, instead: Option<BusError>| -> Tell {
            let result = instead.map_or_else(|| act(core), Err);
            Box::new(move || _ = sender.send(result))
        };
        let mut core = self.core();
        if core.wires.get(link).is_some_and(|wire| wire.is_up) || asked == Asked::Connect {
            let request = Request { link, asked, act: Box::new(act) };
            match asked {
                Asked::Subscribe | Asked::Unsubscribe => core.subscriptions.push_back(request),
                _ => core.requests.push_back(request),
            }
        } else {
            drop(act);
        }
        core.flow();
        drop(core);
        let most = self.timeout;
        async move {
            match timeout(most, answer).await {
                Ok(Ok(result)) => result,
                Ok(Err(_)) => Err(BusError::Lost("the link has ended".into())),
                Err(_) => Err(BusError::Lost(format!("no answer in {most:?}"))),
            }
        }
        .boxed()
    }
}

impl Core {
    /// Everything goes its way that is not held back.
    fn flow(&mut self) {
        while !self.holds_requests && self.act_once() {}
        while !self.holds_requests && !self.holds_subscriptions && self.subscribe_once() {}
        for wire in &mut self.wires {
            if !self.holds_answers {
                wire.answers.drain(..).for_each(|tell| tell());
            }
            if !self.holds_pushes {
                wire.pushes.drain(..).for_each(|news| _ = wire.news.send(news));
            }
        }
    }

    /// Does what was asked first; whether there was anything.
    fn act_once(&mut self) -> bool {
        let Some(request) = self.requests.pop_front() else { return false };
        self.act(request);
        true
    }

    /// Does what was asked first of the channels; whether there was anything.
    fn subscribe_once(&mut self) -> bool {
        let Some(request) = self.subscriptions.pop_front() else { return false };
        self.act(request);
        true
    }

    fn act(&mut self, request: Request) {
        let Request { link, asked, act } = request;
        if asked == Asked::Append && self.ends_before_appends {
            return self.end(link, "cut");
        }
        let refusal = self.refusals.get_mut(&asked).filter(|times| **times > 0).map(|times| {
            *times -= 1;
            BusError::Refused("OOM command not allowed".into())
        });
        let tell = act(self, refusal);
        match self.wires.get_mut(link) {
            Some(wire) if wire.is_up => wire.answers.push_back(tell),
            // A new connection, which has no number yet.
            None => tell(),
            Some(_) => drop(tell),
        }
        if self.is_the_last(asked) {
            self.end(link, "cut");
        }
    }

    /// What is never done: who asked is told so, or not.
    fn bury(&mut self, requests: VecDeque<Request>) {
        for request in requests {
            let tell = (request.act)(self, Some(BusError::Lost("the link has ended".into())));
            if self.ends_silently { self.unanswered.push(tell) } else { tell() }
        }
    }

    fn is_the_last(&mut self, asked: Asked) -> bool {
        let Some((kind, left)) = &mut self.end_after else { return false };
        if kind.is_some_and(|kind| kind != asked) {
            return false;
        }
        *left = left.saturating_sub(1);
        let is_last = *left == 0;
        if is_last {
            self.end_after = None;
        }
        is_last
    }

    fn end(&mut self, link: usize, why: &str) {
        let Some(wire) = self.wires.get_mut(link).filter(|wire| wire.is_up) else { return };
        wire.is_up = false;
        let answers = wire.answers.drain(..);
        if self.ends_silently {
            self.unanswered.extend(answers);
        } else {
            drop(answers);
        }
        wire.pushes.clear();
        wire.rooms.clear();
        _ = wire.news.send(News::Ended(why.into()));
    }

    /// Something goes out on a room's channel.
    fn push(&mut self, keys: &Keys, room: &RoomName, bytes: &Bytes) {
        for wire in self.wires.iter_mut().filter(|wire| wire.rooms.contains(room)) {
            if let Some(missed) = self.deaf.get_mut(&wire.node) {
                *missed += 1;
                continue;
            }
            wire.pushes.push_back(News::Push(keys.channel(room).into(), bytes.clone()));
        }
    }
}

#[derive(Debug)]
struct StubBus {
    stub: Stub,
    node: usize,
}

impl Bus for StubBus {
    fn connect(&self) -> Connecting {
        let (stub, node) = (self.stub.clone(), self.node);
        let stub_of_link = stub.clone();
        let connect = move |core: &mut Core| {
            if core.is_down {
                return Err(BusError::Lost("connection refused".into()));
            }
            let (news, incoming) = mpsc::unbounded_channel();
            let (rooms, server) = (HashSet::new(), core.server.clone());
            let (answers, pushes) = (VecDeque::new(), VecDeque::new());
            let wire = Wire { node, is_up: true, server, rooms, news, answers, pushes };
            core.wires.push(wire);
            let link = StubLink { stub: stub_of_link, number: core.wires.len() - 1 };
            let incoming = stream::unfold(incoming, async |mut incoming| {
                Some((incoming.recv().await?, incoming))
            });
            Ok((Arc::new(link) as Arc<dyn Link>, incoming.boxed()))
        };
        async move { stub.ask(usize::MAX, Asked::Connect, connect).await }.boxed()
    }
}

#[derive(Debug)]
struct StubLink {
    stub: Stub,
    number: usize,
}

impl Drop for StubLink {
    fn drop(&mut self) {
        // Dropped by who holds the lock, where nobody waited for it any more.
        if let Ok(mut core) = self.stub.core.try_lock() {
            core.end(self.number, "dropped");
        }
    }
}

impl StubLink {
    fn with_server<T: Send + 'static>(
        &self,
        asked: Asked,
        act: impl FnOnce(&mut Core, &Server) -> T + Send + 'static,
    ) -> Answer<T> {
        let number = self.number;
        self.stub.ask(number, asked, move |core| {
            let server = core.wires[number].server.clone();
            if server != core.server {
                return Err(BusError::Lost("that server is gone".into()));
            }
            Ok(act(core, &server))
        })
    }
}

impl Link for StubLink {
    fn lane(&self, _: &RoomName) -> u16 {
        0
    }

    fn append(&self, batch: Vec<Append>) -> Answer<Vec<Outcome>> {
        self.with_server(Asked::Append, move |core, server| {
            let (outcomes, said) = core.store.append(server, &batch);
            let keys = Keys::new("");
            said.iter().for_each(|(room, bytes)| core.push(&keys, room, bytes));
            outcomes
        })
    }

    fn read(&self, read: Read) -> Answer<Found> {
        self.with_server(Asked::Read, move |core, server| core.store.read(server, &read))
    }

    fn check(&self, heard: Vec<Heard>) -> Answer<Vec<bool>> {
        self.with_server(Asked::Check, move |core, server| core.store.check(server, &heard))
    }

    fn subscribe(&self, rooms: Vec<RoomName>) -> Answer<()> {
        let number = self.number;
        self.with_server(Asked::Subscribe, move |core, _| {
            let wire = &mut core.wires[number];
            if wire.is_up {
                wire.rooms.extend(rooms);
            }
        })
    }

    fn unsubscribe(&self, rooms: Vec<RoomName>) -> Answer<()> {
        let number = self.number;
        self.with_server(Asked::Unsubscribe, move |core, _| {
            rooms.iter().for_each(|room| _ = core.wires[number].rooms.remove(room));
        })
    }

    fn presence(&self, ask: &Ask) -> Answer<Bytes> {
        let ask = ask.clone();
        self.with_server(Asked::Presence, move |core, _| {
            let answer = core.presence.ask(&ask);
            let keys = Keys::new("");
            for (room, record) in core.presence.published() {
                let push = [&[PRESENCE], &record[..]].concat();
                core.push(&keys, &room, &push.into());
            }
            answer
        })
    }

    fn ping(&self) -> Answer<()> {
        self.with_server(Asked::Ping, |_, _| ())
    }
}
