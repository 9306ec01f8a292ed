//! A world of many nodes, whose broker may be a real one that answers in its own time.

use super::World;
use crate::hub::Hub;
use crate::inbox::{Event, Inbox};
use crate::now::Now;
use crate::shard::Shard;
use roomcast_protocol::Timestamp;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// How long a real broker may take for anything.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a node is made of.
pub type Node = (Hub, Vec<(Shard, Inbox)>);

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[allow(clippy::missing_panics_doc)]
impl World {
    /// A world of these nodes; clients take turns among all their shards. `wall` is what its
    /// clocks show, for brokers that look at their own.
    #[must_use]
    pub fn mesh(nodes: Vec<Node>, wall: Timestamp) -> Self {
        let (mut hubs, mut shards) = (Vec::new(), Vec::new());
        for (hub, own) in nodes {
            hubs.push(hub);
            shards.extend(own);
        }
        let mut world = Self::of((hubs.swap_remove(0), shards));
        world.now = Now { wall, ..world.now };
        world
    }

    /// Somebody hears these lines and nothing else before them, at once or a little later.
    #[track_caller]
    pub fn expect(&mut self, name: &str, lines: &[&str]) {
        let mut heard = Vec::new();
        let end = self.wait_for(|world| {
            heard.append(&mut world.hear(name));
            heard.len() >= lines.len()
        });
        assert!(end && heard == lines, "{name} heard {heard:#?}\ninstead of {lines:#?}");
    }

    /// Goes on until it is so; whether it ever was.
    pub fn wait_for(&mut self, mut is_so: impl FnMut(&mut Self) -> bool) -> bool {
        #[expect(clippy::disallowed_methods, reason = "a real broker takes real time")]
        let end = Instant::now() + PATIENCE;
        loop {
            self.settle();
            if is_so(self) {
                return true;
            }
            if !self.wait(end) {
                return false;
            }
        }
    }

    /// What comes of something that the hub was asked, at once or a little later.
    pub fn finish<T>(&mut self, answer: impl Future<Output = T>) -> T {
        let mut answer = std::pin::pin!(answer);
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        loop {
            self.settle();
            if let Poll::Ready(answer) = answer.as_mut().poll(&mut Context::from_waker(&waker)) {
                return answer;
            }
            #[expect(clippy::disallowed_methods, reason = "woken by the answer, or at the end")]
            thread::park_timeout(PATIENCE);
        }
    }

    /// Waits for one event; whether there was any in time.
    fn wait(&mut self, end: Instant) -> bool {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        let mut events: Vec<Event> = Vec::new();
        loop {
            for (shard, inbox) in &mut self.shards {
                let received = std::pin::pin!(inbox.recv_many(&mut events, 64)).poll(&mut context);
                if let Poll::Ready(1..) = received {
                    events.drain(..).for_each(|event| shard.handle(event, self.now));
                    return true;
                }
            }
            #[expect(clippy::disallowed_methods, reason = "a real broker takes real time")]
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            #[expect(clippy::disallowed_methods, reason = "woken by what comes, or at the end")]
            thread::park_timeout(left);
        }
    }
}
