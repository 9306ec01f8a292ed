//! Remembers what publishers call their messages, so that a retry is stored once.

use crate::now::{Now, millis};
use roomcast_protocol::{Message, MessageId, Position, UserId};
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

/// Most names remembered for one room; the oldest go first.
const MAX_REMEMBERED: usize = 10_000;

/// A name is a verified user's own; clients without one share theirs.
type Name = (Option<UserId>, MessageId);

#[derive(Debug, Default)]
pub(crate) struct Dedupe {
    places: HashMap<Name, Option<Position>>,
    order: VecDeque<(u64, Name)>,
}

impl Dedupe {
    /// Where a message of that name already stands: the inner option is its position.
    pub(crate) fn find(&self, message: &Message) -> Option<Option<Position>> {
        self.places.get(&name_of(message)?).copied()
    }

    pub(crate) fn remember(&mut self, message: &Message, now: Now) {
        let Some(name) = name_of(message) else { return };
        self.places.insert(name.clone(), message.position);
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

fn name_of(message: &Message) -> Option<Name> {
    let user = message.user.as_ref().and_then(|user| user.id.clone());
    Some((user, message.message_id.clone()?))
}
