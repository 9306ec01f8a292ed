//! A shard's inbox: how brokers, presence and the hub talk to it from any thread.

use crate::asker::{Ack, Answer, Caller};
use crate::delivery::Delivery;
use crate::inspect::Look;
use roomcast_protocol::push::PresenceChange;
use roomcast_protocol::{CloseCode, Position, RoomName, SessionId, UserId};
use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

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
    pub messages: Vec<Arc<Delivery>>,
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
    /// A message for the members of its room, sent by [`InboxSender::push_message`] or
    /// [`InboxSender::push_published`], which count what waits.
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

    /// What it brings to each member, in bytes.
    #[must_use]
    pub fn weight(&self) -> usize {
        match self {
            Self::Message { delivery, .. } => delivery.weight(),
            _ => 0,
        }
    }
}

/// The sending side of an inbox. Never blocks.
#[derive(Debug, Clone)]
pub struct InboxSender {
    queue: mpsc::UnboundedSender<Event>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// Bytes of messages that wait.
    waiting: AtomicUsize,
    /// Most bytes of messages that may wait.
    limit: usize,
    /// Rooms of which a message found no place and of which the shard does not know yet.
    lost: Mutex<HashSet<RoomName>>,
}

impl Shared {
    fn lost(&self) -> MutexGuard<'_, HashSet<RoomName>> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The receiving side of an inbox.
#[derive(Debug)]
pub struct Inbox {
    queue: mpsc::UnboundedReceiver<Event>,
    shared: Arc<Shared>,
}

/// An inbox in which at most `limit` bytes of messages may wait.
///
/// Messages are bounded by their bytes and become one [`Event::Lost`] a room beyond. Answers are
/// bounded by the commands in flight that each session may have.
#[must_use]
pub fn inbox(limit: usize) -> (InboxSender, Inbox) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let shared =
        Arc::new(Shared { waiting: AtomicUsize::new(0), limit, lost: Mutex::new(HashSet::new()) });
    (InboxSender { queue: sender, shared: Arc::clone(&shared) }, Inbox { queue: receiver, shared })
}

impl InboxSender {
    /// Tells the shard something that is not a message. A shard that is gone hears nothing.
    pub fn push(&self, event: Event) {
        _ = self.queue.send(event);
    }

    /// Tells the shard a message, or that it lost one.
    pub fn push_message(&self, delivery: &Arc<Delivery>) {
        if self.reserve(delivery) {
            self.push(Event::Message { delivery: Arc::clone(delivery), publisher: None });
        }
    }

    /// The same where one of its sessions published the message, which is told that it was
    /// accepted.
    pub fn push_published(&self, delivery: &Arc<Delivery>, publisher: Caller) {
        if self.reserve(delivery) {
            let publisher = Some(publisher);
            self.push(Event::Message { delivery: Arc::clone(delivery), publisher });
        } else {
            self.push(Ack::of(delivery, publisher).into());
        }
    }

    /// Takes a place for the message; if there is none, the shard is told that it lost one.
    fn reserve(&self, delivery: &Delivery) -> bool {
        let weight = delivery.weight();
        let waiting = self.shared.waiting.fetch_add(weight, Ordering::Relaxed);
        let fits = waiting + weight <= self.shared.limit;
        if !fits {
            self.shared.waiting.fetch_sub(weight, Ordering::Relaxed);
            self.push_lost(&delivery.message.room);
        }
        fits
    }

    /// Tells the shard, once until it has heard, that messages of the room may be missing.
    pub fn push_lost(&self, room: &RoomName) {
        if self.shared.lost().insert(room.clone()) {
            self.push(Event::Lost(room.clone()));
        }
    }
}

impl Inbox {
    /// Waits for events and takes up to `limit` of them; 0 means that every sender is gone.
    pub async fn recv_many(&mut self, events: &mut Vec<Event>, limit: usize) -> usize {
        let taken = self.queue.recv_many(events, limit).await;
        events[events.len() - taken..].iter().for_each(|event| self.took(event));
        taken
    }

    /// Takes one event if there is any.
    pub fn try_recv(&mut self) -> Option<Event> {
        let event = self.queue.try_recv().ok()?;
        self.took(&event);
        Some(event)
    }

    /// Whether there is nothing to take now.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    fn took(&self, event: &Event) {
        match event {
            Event::Message { delivery, .. } => {
                self.shared.waiting.fetch_sub(delivery.weight(), Ordering::Relaxed);
            }
            Event::Lost(room) => {
                self.shared.lost().remove(room);
            }
            _ => {}
        }
    }
}
