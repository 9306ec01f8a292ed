//! A shard's inbox: how brokers, presence and the hub talk to it from any thread.

mod queue;

use crate::asker::{Ack, Answer, Caller};
use crate::delivery::{Delivery, Placed};
use crate::inspect::Look;
use queue::Queue;
use roomcast_protocol::push::PresenceChange;
use roomcast_protocol::{CloseCode, Position, RoomName, SessionId, UserId};
use std::collections::HashSet;
use std::future::poll_fn;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::sync::oneshot;

/// Which shard of this node.
pub type ShardId = usize;

/// What a broker found of a room's history, up to its head.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The last position given out in the room.
    pub head: Position,
    /// Earlier epochs whose numbering the head's epoch goes on with, each with the last offset
    /// that counts in it. A broker whose store came back, perhaps without its newest messages,
    /// begins an epoch and names here how much of the old one it still has.
    pub lineage: Vec<Position>,
    /// Messages with a greater offset are kept; this one and older ones are not.
    pub floor: u64,
    /// What was asked for, oldest first, without holes.
    pub messages: Vec<Arc<Placed>>,
    /// Whether there are more in the direction asked for.
    pub more: bool,
}

impl Snapshot {
    /// Whether the position is one that this numbering has come through: what follows it is known
    /// by greater offsets, up to the head.
    #[must_use]
    pub fn reaches(&self, position: Position) -> bool {
        let counts = |end: &Position| end.epoch == position.epoch && position.offset <= end.offset;
        position.offset <= self.head.offset
            && (counts(&self.head) || self.lineage.iter().any(counts))
    }
}

/// What a shard is told.
#[derive(Debug)]
pub enum Event {
    /// A message for the members of its room, sent by [`InboxSender::push_message`], which counts
    /// what waits.
    Message {
        /// The message.
        delivery: Arc<Delivery>,
        /// The session that published it, if it hears by this that it was accepted.
        publisher: Option<Caller>,
    },
    /// Messages of the room may be missing: read what is, before anything newer.
    Lost(RoomName),
    /// The broker's answer to a session.
    Answer {
        /// Who asked.
        caller: Caller,
        /// About which room.
        room: RoomName,
        /// What was found or done.
        answer: Answer,
    },
    /// The answer to a shard's own reading of a room.
    CaughtUp {
        /// The room.
        room: RoomName,
        /// Which reading.
        ticket: u32,
        /// What was found; none if the room could not be read now. Then the joins that wait for
        /// it are refused, and the room is read again at the next join, jump or [`Event::Lost`].
        snapshot: Option<Snapshot>,
    },
    /// Tell every session the state of the service.
    System {
        /// What happened, for programs.
        event: &'static str,
        /// What happened, for people.
        text: &'static str,
    },
    /// The members of a room changed.
    Presence {
        /// The room.
        room: RoomName,
        /// How.
        change: Arc<PresenceChange>,
    },
    /// Close every session of the user.
    Disconnect {
        /// The user.
        user: UserId,
        /// Only this one, if it is theirs.
        only: Option<SessionId>,
        /// With this code.
        code: CloseCode,
        /// Where it is told how many they were.
        answer: oneshot::Sender<usize>,
    },
    /// Say what is here.
    Look(Look),
    /// Send everyone away, each at a moment of its own within the window.
    Drain {
        /// How long it may take until the last one is sent away.
        window: Duration,
    },
}

impl Event {
    /// The room that it concerns; none for what concerns sessions wherever they are.
    pub(crate) fn room(&self) -> Option<&RoomName> {
        match self {
            Self::Message { delivery, .. } => Some(&delivery.message.room),
            Self::Lost(room)
            | Self::Answer { room, .. }
            | Self::CaughtUp { room, .. }
            | Self::Presence { room, .. } => Some(room),
            Self::System { .. } | Self::Disconnect { .. } | Self::Look(_) | Self::Drain { .. } => {
                None
            }
        }
    }

    /// Whether it should not wait while messages are gathered: whoever it concerns may wait for
    /// nothing else.
    fn is_urgent(&self) -> bool {
        let accepted = matches!(self, Self::Answer { answer: Answer::Accepted(_), .. });
        !accepted && !matches!(self, Self::Message { .. } | Self::Presence { .. })
    }

    /// What it brings to each member, in bytes.
    #[must_use]
    pub fn weight(&self) -> usize {
        match self {
            Self::Message { delivery, .. } => delivery.weight(),
            _ => 0,
        }
    }
}

/// The sending side of an inbox. Never waits for room.
#[derive(Debug)]
pub struct InboxSender(Arc<Shared>);

/// The receiving side of an inbox.
#[derive(Debug)]
pub struct Inbox(Arc<Shared>);

/// A queue behind one lock, which is held to put one event in or to move some out. With its bounds
/// that is two locked instructions to push an event, where a queue without a lock takes six, and a
/// few for all that are taken together.
#[derive(Debug)]
struct Shared {
    waiting: Mutex<Waiting>,
    /// Most bytes of messages that may wait.
    limit: usize,
}

#[derive(Debug)]
struct Waiting {
    events: Queue<Event>,
    /// Bytes of messages among them.
    bytes: usize,
    /// Rooms of which a message found no place and of which the shard does not know yet.
    lost: HashSet<RoomName>,
    /// Whether there is something urgent among them.
    is_urgent: bool,
    senders: usize,
    /// Whoever waits for an event.
    receiver: Option<Waker>,
    /// They wait for an urgent one.
    is_patient: bool,
    /// There is nobody any more to take events.
    is_closed: bool,
}

/// An inbox in which at most `limit` bytes of messages may wait.
///
/// Messages are bounded by their bytes and become one [`Event::Lost`] a room beyond. Answers are
/// bounded by the commands in flight that each session may have.
#[must_use]
pub fn inbox(limit: usize) -> (InboxSender, Inbox) {
    let waiting = Waiting {
        events: Queue::default(),
        bytes: 0,
        lost: HashSet::new(),
        is_urgent: false,
        senders: 1,
        receiver: None,
        is_patient: false,
        is_closed: false,
    };
    let shared = Arc::new(Shared { waiting: Mutex::new(waiting), limit });
    (InboxSender(Arc::clone(&shared)), Inbox(shared))
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts in the event that `make` makes of what is there, and wakes whoever waits for it.
    fn push(&self, make: impl FnOnce(&mut Waiting) -> Option<Event>) {
        let mut waiting = self.lock();
        if waiting.is_closed {
            return;
        }
        let Some(event) = make(&mut waiting) else { return };
        waiting.is_urgent |= event.is_urgent();
        waiting.events.push(event);
        let wakes = waiting.is_urgent || !waiting.is_patient;
        let receiver = if wakes { waiting.receiver.take() } else { None };
        drop(waiting);
        if let Some(receiver) = receiver {
            receiver.wake();
        }
    }
}

impl Waiting {
    /// Takes up to `most` events out; how many.
    fn take(&mut self, events: &mut Vec<Event>, most: usize) -> usize {
        let taken = self.events.take(events, most);
        self.is_urgent &= !self.events.is_empty();
        taken
    }

    /// Waits for an event, or for an urgent one. Returns whom the caller replaces, who may be the
    /// last word of a task that is gone, and is not to be dropped under the lock.
    fn wait(&mut self, context: &Context<'_>, is_patient: bool) -> Option<Waker> {
        self.is_patient = is_patient;
        self.receiver.replace(context.waker().clone())
    }

    /// Takes a place for so many bytes of messages, if there is one.
    fn reserve(&mut self, weight: usize, limit: usize) -> bool {
        let fits = self.bytes + weight <= limit;
        if fits {
            self.bytes += weight;
        }
        fits
    }

    /// The word that messages of the room may be missing, unless it is on its way.
    fn lose(&mut self, room: &RoomName) -> Option<Event> {
        self.lost.insert(room.clone()).then(|| Event::Lost(room.clone()))
    }
}

impl InboxSender {
    /// Tells the shard something that is not a message. A shard that is gone hears nothing.
    pub fn push(&self, event: Event) {
        self.0.push(|_| Some(event));
    }

    /// Tells the shard a message, or that it lost one. A session there that has published the
    /// message is told in either case that it was accepted.
    pub fn push_message(&self, delivery: Arc<Delivery>, publisher: Option<Caller>) {
        let weight = delivery.weight();
        let mut alone = None;
        self.0.push(|waiting| {
            if waiting.reserve(weight, self.0.limit) {
                return Some(Event::Message { delivery, publisher });
            }
            alone = publisher.map(|publisher| Ack::of(&delivery, publisher));
            waiting.lose(&delivery.message.room)
        });
        if let Some(ack) = alone {
            self.push(ack.into());
        }
    }

    /// Tells the shard, once until it has heard, that messages of the room may be missing.
    pub fn push_lost(&self, room: &RoomName) {
        self.0.push(|waiting| waiting.lose(room));
    }
}

impl Clone for InboxSender {
    fn clone(&self) -> Self {
        self.0.lock().senders += 1;
        Self(Arc::clone(&self.0))
    }
}

impl Drop for InboxSender {
    fn drop(&mut self) {
        let mut waiting = self.0.lock();
        waiting.senders -= 1;
        let receiver = if waiting.senders == 0 { waiting.receiver.take() } else { None };
        drop(waiting);
        if let Some(receiver) = receiver {
            receiver.wake();
        }
    }
}

impl Inbox {
    /// Waits for events and takes up to `most` of them; 0 means that every sender is gone.
    pub async fn recv_many(&mut self, events: &mut Vec<Event>, most: usize) -> usize {
        poll_fn(|context| self.poll_recv_many(events, most, context)).await
    }

    /// Waits until there is an event that should not wait while messages are gathered, or every
    /// sender is gone. Messages, changes of presence and words that one was accepted may wait.
    pub async fn urgent(&mut self) {
        poll_fn(|context| self.poll_urgent(context)).await;
    }

    /// Takes up to `most` events of those that are there; how many.
    pub fn try_recv_many(&mut self, events: &mut Vec<Event>, most: usize) -> usize {
        let taken = self.0.lock().take(events, most);
        self.heard(&events[events.len() - taken..]);
        taken
    }

    /// Takes one event if there is any.
    pub fn try_recv(&mut self) -> Option<Event> {
        let mut events = Vec::with_capacity(1);
        self.try_recv_many(&mut events, 1);
        events.pop()
    }

    /// Whether there is nothing to take now.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.lock().events.is_empty()
    }

    fn poll_recv_many(
        &mut self,
        events: &mut Vec<Event>,
        most: usize,
        context: &mut Context<'_>,
    ) -> Poll<usize> {
        let mut waiting = self.0.lock();
        let taken = waiting.take(events, most);
        if taken == 0 && waiting.senders > 0 {
            let earlier = waiting.wait(context, false);
            drop(waiting);
            drop(earlier);
            return Poll::Pending;
        }
        drop(waiting);
        self.heard(&events[events.len() - taken..]);
        Poll::Ready(taken)
    }

    fn poll_urgent(&mut self, context: &Context<'_>) -> Poll<()> {
        let mut waiting = self.0.lock();
        if waiting.is_urgent || waiting.senders == 0 {
            return Poll::Ready(());
        }
        let earlier = waiting.wait(context, true);
        drop(waiting);
        drop(earlier);
        Poll::Pending
    }

    /// What was taken waits no longer. Looked at outside the lock, so that no sender waits for what
    /// is far away in memory.
    fn heard(&mut self, taken: &[Event]) {
        let bytes: usize = taken.iter().map(Event::weight).sum();
        let mut lost = taken.iter().filter_map(|event| match event {
            Event::Lost(room) => Some(room),
            _ => None,
        });
        let first = lost.next();
        if bytes == 0 && first.is_none() {
            return;
        }
        let mut waiting = self.0.lock();
        waiting.bytes = waiting.bytes.saturating_sub(bytes);
        for room in first.into_iter().chain(lost) {
            waiting.lost.remove(room);
        }
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        let mut waiting = self.0.lock();
        waiting.is_closed = true;
        let left = (mem::take(&mut waiting.events), waiting.receiver.take());
        drop(waiting);
        // Who waits for an answer hears that there will be none: not under the lock.
        drop(left);
    }
}

#[cfg(test)]
mod tests;
