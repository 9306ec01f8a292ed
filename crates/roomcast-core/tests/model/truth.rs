//! What everyone must agree on: which message stands where, and which must never be heard.

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
            (Some((_, there)), true) if *there != at => {
                Err(format!("{name:?} was acked at {there:?} and again at {at:?}"))
            }
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
