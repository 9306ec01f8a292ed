//! Who asks a broker something, and what it is told.

use crate::delivery::Delivery;
use crate::inbox::{Event, InboxSender, ShardId, Snapshot};
use crate::presence::Roster;
use crate::session::SessionKey;
use roomcast_protocol::command::Page;
use roomcast_protocol::{CommandId, Position, Refusal, RoomName};
use tokio::sync::oneshot;

/// Who waits for an answer. A broker that answers later keeps it until then.
#[derive(Debug)]
pub enum Asker {
    /// A session: it is told through the inbox of its shard.
    Session(Caller),
    /// The backend: it is told directly, if it still waits.
    Backend(oneshot::Sender<Answer>),
}

/// A session that waits for the answer to a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The shard.
    pub shard: ShardId,
    /// The session on it.
    pub session: SessionKey,
    /// What the client calls the command, if it wants a reply.
    pub id: Option<CommandId>,
}

/// What a broker answers.
#[derive(Debug)]
pub enum Answer {
    /// A message was published.
    Accepted(Accepted),
    /// It was not, or the room could not be read.
    Refused(Refusal),
    /// The page of a room's history that was asked for, and what was found.
    Page(Page, Box<Snapshot>),
    /// Who is in the room.
    Roster(Roster),
}

/// A message that was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted {
    /// Where it stands; what is not kept has no place.
    pub position: Option<Position>,
    /// It was there already: this is the first one's place.
    pub duplicate: bool,
}

impl Accepted {
    /// The message, published just now.
    pub(crate) fn of(delivery: &Delivery) -> Self {
        Self { position: delivery.message.position, duplicate: false }
    }
}

/// The word to the publisher of a message that it was accepted.
#[derive(Debug)]
pub(crate) struct Ack {
    pub(crate) caller: Caller,
    pub(crate) room: RoomName,
    pub(crate) accepted: Accepted,
}

impl Ack {
    pub(crate) fn of(delivery: &Delivery, caller: Caller) -> Self {
        Self { caller, room: delivery.message.room.clone(), accepted: Accepted::of(delivery) }
    }
}

impl From<Ack> for Event {
    fn from(Ack { caller, room, accepted }: Ack) -> Self {
        Self::Answer { caller, room, answer: Answer::Accepted(accepted) }
    }
}

impl Asker {
    /// The backend, and where its answer comes out.
    pub(crate) fn backend() -> (Self, oneshot::Receiver<Answer>) {
        let (sender, receiver) = oneshot::channel();
        (Self::Backend(sender), receiver)
    }

    /// Gives the answer about the room; the inboxes are those of all shards, in their order.
    /// Who is gone hears nothing.
    pub fn tell(self, inboxes: &[InboxSender], room: &RoomName, answer: Answer) {
        match self {
            Self::Session(caller) => {
                if let Some(inbox) = inboxes.get(caller.shard) {
                    inbox.push(Event::Answer { caller, room: room.clone(), answer });
                }
            }
            Self::Backend(waiting) => _ = waiting.send(answer),
        }
    }
}
