//! Remembers what publishers call their messages, so that a retry is stored once.

use crate::now::{Now, millis};
use roomcast_protocol::{Message, MessageId, Position, UserId};
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

/// Most names remembered for one room; the oldest go first.
const MAX_REMEMBERED: usize = 10_000;

/// What a publisher calls a message, and whose word that is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Name(Scope, MessageId);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Scope {
    /// The backend's own, whichever user it publishes for.
    Backend,
    /// A verified user's own; clients without one share theirs.
    Client(Option<UserId>),
}

impl Name {
    /// The message's name, if it has one.
    pub(crate) fn of(message: &Message, from_backend: bool) -> Option<Self> {
        let user = || message.user.as_ref().and_then(|user| user.id.clone());
        let scope = if from_backend { Scope::Backend } else { Scope::Client(user()) };
        Some(Self(scope, message.message_id.clone()?))
    }
}

#[derive(Debug, Default)]
pub(crate) struct Dedupe {
    places: HashMap<Name, Option<Position>>,
    order: VecDeque<(u64, Name)>,
}

impl Dedupe {
    /// Where a message of that name already stands: the inner option is its position.
    pub(crate) fn find(&self, name: Option<&Name>) -> Option<Option<Position>> {
        self.places.get(name?).copied()
    }

    pub(crate) fn remember(&mut self, name: Option<Name>, position: Option<Position>, now: Now) {
        let Some(name) = name else { return };
        self.places.insert(name.clone(), position);
        self.order.push_back((now.ms(), name));
        if self.order.len() > MAX_REMEMBERED {
            self.forget_oldest();
        }
    }

    pub(crate) fn expire(&mut self, now: Now, window: Duration) {
        while self.order.front().is_some_and(|(at, _)| at.saturating_add(millis(window)) < now.ms())
        {
            self.forget_oldest();
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    fn forget_oldest(&mut self) {
        if let Some((_, name)) = self.order.pop_front() {
            self.places.remove(&name);
        }
    }
}
