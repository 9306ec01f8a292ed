//! What everyone must agree on: which message stands where, and which must never be heard.

use roomcast_protocol::Epoch;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

/// What holds, or why not.
pub(crate) type Holds = Result<(), String>;

/// A position as the wire has it.
pub(crate) type At = (String, u64);

/// A publisher's name for a message: the user, the room and the `message_id`.
pub(crate) type Named = (String, String, u8);

#[derive(Debug, Default)]
pub(crate) struct Truth {
    /// Of each room and epoch: which message has which offset.
    places: HashMap<(String, String), BTreeMap<u64, u64>>,
    /// Messages that somebody heard.
    heard: HashSet<u64>,
    /// Messages that were refused, or were a retry.
    refused: HashSet<u64>,
    /// Rooms have gone on in another epoch.
    pub(crate) has_turned: bool,
    /// Rooms have begun anew, and names may be taken twice.
    pub(crate) has_forgotten: bool,
    /// The epochs that rooms have gone on with since they last began anew.
    turns: Vec<String>,
    /// There was a time when rooms could not be read.
    pub(crate) was_unreadable: bool,
    /// Where named messages stand, and when they were sent.
    named: HashMap<Named, (Duration, Option<At>)>,
}

impl Truth {
    /// Somebody was told that the message stands there: so must all others be.
    pub(crate) fn stands(&mut self, room: &str, at: (&str, u64), message: u64) -> Holds {
        let (epoch, offset) = at;
        let room = self.places.entry((room.to_owned(), epoch.to_owned())).or_default();
        let there = *room.entry(offset).or_insert(message);
        if there != message {
            return Err(format!("#{offset} is {message} for one and {there} for another"));
        }
        Ok(())
    }

    /// The broker's store came back with everything: rooms go on in this epoch.
    pub(crate) fn turn(&mut self, epoch: Epoch) {
        self.has_turned = true;
        self.turns.push(epoch.to_string());
    }

    /// It came back with nothing.
    pub(crate) fn forget(&mut self) {
        self.has_forgotten = true;
        self.turns.clear();
    }

    /// Whether a room came through one epoch to the other. A client does not know of those that it
    /// was not told: it would find a hole where its ack was, and come back.
    pub(crate) fn came_through(&self, old: &str, new: &str) -> bool {
        let place = |epoch: &str| self.turns.iter().position(|turn| turn == epoch);
        place(old).is_some_and(|old| place(new).is_some_and(|new| old < new))
    }

    /// One epoch goes on with the numbering of the other: nothing stands elsewhere in it.
    pub(crate) fn goes_on(&self, room: &str, old: &str, new: &str) -> Holds {
        let of = |epoch: &str| self.places.get(&(room.to_owned(), epoch.to_owned()));
        let (Some(old), Some(new)) = (of(old), of(new)) else { return Ok(()) };
        match old.iter().find(|(at, message)| new.get(at).is_some_and(|other| other != *message)) {
            Some((at, message)) => Err(format!("#{at} was {message} and is {}", new[at])),
            None => Ok(()),
        }
    }

    pub(crate) fn heard(&mut self, message: u64) -> Holds {
        self.heard.insert(message);
        if self.refused.contains(&message) {
            return Err(format!("{message} was refused, and heard"));
        }
        Ok(())
    }

    /// The message was refused or was a retry: nobody may hear it.
    pub(crate) fn refused(&mut self, message: u64) -> Holds {
        self.refused.insert(message);
        if self.heard.contains(&message) {
            return Err(format!("{message} was heard, and refused"));
        }
        Ok(())
    }

    /// A named message was acked: within the window it must be stored once, at one place.
    pub(crate) fn named(
        &mut self,
        name: Named,
        (sent, now, window): (Duration, Duration, Duration),
        at: Option<At>,
        is_duplicate: bool,
    ) -> Holds {
        let known = self.named.get(&name).filter(|(before, _)| now - *before < window);
        match (known, is_duplicate) {
            (Some((_, there)), true) if *there != at && !self.has_forgotten => {
                Err(format!("{name:?} was acked at {there:?} and again at {at:?}"))
            }
            (Some(_), false) if self.has_forgotten => Ok(()),
            (Some(_), false) => Err(format!("{name:?} was stored twice")),
            (Some(_), true) => Ok(()),
            (None, _) => {
                // A retry tells where the first one stands, but not since when.
                if !is_duplicate {
                    self.named.insert(name, (sent, at));
                }
                Ok(())
            }
        }
    }
}
