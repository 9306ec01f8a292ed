//! Remembers what publishers call their messages, so that a retry is stored once.

use crate::now::{Now, millis};
use roomcast_protocol::{Message, MessageId, Position, UserId};
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

/// Most names of the backend, and most of clients, remembered for one room; the oldest go first.
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
        let id = message.message_id.clone()?;
        let user = || message.user.as_ref().and_then(|user| user.id.clone());
        let scope = if from_backend { Scope::Backend } else { Scope::Client(user()) };
        Some(Self(scope, id))
    }
}

/// The names of one room. Those of the backend and those of clients have a queue each, so that no
/// client can push a backend's name out.
#[derive(Debug, Default)]
pub(crate) struct Dedupe {
    backend: Names,
    clients: Names,
}

#[derive(Debug, Default)]
struct Names {
    places: HashMap<Name, Option<Position>>,
    order: VecDeque<(u64, Name)>,
}

impl Dedupe {
    /// Where a message of that name already stands: the inner option is its position.
    pub(crate) fn find(&self, name: &Name) -> Option<Option<Position>> {
        let names = if name.0 == Scope::Backend { &self.backend } else { &self.clients };
        names.places.get(name).copied()
    }

    pub(crate) fn remember(&mut self, name: Name, position: Option<Position>, now: Now) {
        let names = if name.0 == Scope::Backend { &mut self.backend } else { &mut self.clients };
        names.remember(name, position, now);
    }

    pub(crate) fn expire(&mut self, now: Now, window: Duration) {
        self.backend.expire(now, window);
        self.clients.expire(now, window);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.backend.order.is_empty() && self.clients.order.is_empty()
    }
}

impl Names {
    fn remember(&mut self, name: Name, position: Option<Position>, now: Now) {
        self.places.insert(name.clone(), position);
        self.order.push_back((now.ms(), name));
        if self.order.len() > MAX_REMEMBERED {
            self.forget_oldest();
        }
    }

    fn expire(&mut self, now: Now, window: Duration) {
        while self.order.front().is_some_and(|(at, _)| at.saturating_add(millis(window)) < now.ms())
        {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((_, name)) = self.order.pop_front() {
            self.places.remove(&name);
        }
    }
}
