//! A world of many nodes, whose broker may be a real one that answers in its own time.

use super::World;
use crate::hub::Hub;
use crate::inbox::{Event, Inbox};
use crate::now::Now;
use crate::shard::Shard;
use roomcast_protocol::Timestamp;
use std::task::{Context, Poll};

/// What a node is made of.
pub type Node = (Hub, Vec<(Shard, Inbox)>);

/// Waits in real time until what it is given is so; whether it ever was. It is given a waker that
/// is woken when it is worth to look again.
pub type Wait = fn(&mut dyn FnMut(&mut Context<'_>) -> bool) -> bool;

/// Where nothing comes but by the script itself.
pub(super) fn never(is_so: &mut dyn FnMut(&mut Context<'_>) -> bool) -> bool {
    is_so(&mut Context::from_waker(std::task::Waker::noop()))
}

#[allow(clippy::missing_panics_doc)]
impl World {
    /// A world of these nodes; clients take turns among all their shards. `wall` is what its
    /// clocks show, for brokers that look at their own, and `wait` how it waits for them.
    #[must_use]
    pub fn mesh(nodes: Vec<Node>, wall: Timestamp, wait: Wait) -> Self {
        let (mut hubs, mut shards) = (Vec::new(), Vec::new());
        for (hub, own) in nodes {
            hubs.push(hub);
            shards.extend(own);
        }
        let mut world = Self::of((hubs.swap_remove(0), shards));
        world.now = Now { wall, ..world.now };
        world.wait = wait;
        world
    }

    /// Somebody hears these lines and nothing else before them, at once or a little later.
    #[track_caller]
    pub fn expect(&mut self, name: &str, lines: &[&str]) {
        let mut heard = Vec::new();
        let in_time = self.wait_for(|world| {
            heard.append(&mut world.hear(name));
            heard.len() >= lines.len()
        });
        assert!(in_time && heard == lines, "{name} heard {heard:#?}\ninstead of {lines:#?}");
    }

    /// Goes on until it is so; whether it ever was.
    pub fn wait_for(&mut self, mut is_so: impl FnMut(&mut Self) -> bool) -> bool {
        let wait = self.wait;
        wait(&mut |context| {
            self.take_all(context);
            loop {
                if is_so(self) {
                    return true;
                }
                // What that did may have brought more at once.
                if !self.take_all(context) {
                    return false;
                }
            }
        })
    }

    /// What comes of something that the hub was asked, at once or a little later.
    pub fn finish<T>(&mut self, answer: impl Future<Output = T>) -> T {
        let (mut answer, mut found, wait) = (std::pin::pin!(answer), None, self.wait);
        wait(&mut |context| {
            self.take_all(context);
            if let Poll::Ready(answer) = answer.as_mut().poll(context) {
                found = Some(answer);
            }
            found.is_some()
        });
        found.expect("an answer")
    }

    /// Handles everything that has come; the waker is woken when more does. Whether there was
    /// anything.
    fn take_all(&mut self, context: &mut Context<'_>) -> bool {
        let mut moved = false;
        loop {
            while self.step() || self.flush_ready() {
                moved = true;
            }
            let mut events: Vec<(usize, Event)> = Vec::new();
            for (place, (_, inbox)) in self.shards.iter_mut().enumerate() {
                let mut some = Vec::new();
                // Only a look that finds nothing leaves the waker there.
                _ = std::pin::pin!(inbox.recv_many(&mut some, 64)).poll(context);
                events.extend(some.into_iter().map(|event| (place, event)));
            }
            if events.is_empty() {
                return moved;
            }
            for (place, event) in events {
                self.shards[place].0.handle([event], self.now);
            }
        }
    }
}
