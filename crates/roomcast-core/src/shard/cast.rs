//! Messages of one room on their way into the outboxes of its members: encoded once for each
//! dialect, and in one piece for all who keep up.

use crate::config::Config;
use crate::delivery::Delivery;
use crate::outbox::{Piece, Place, Pushed};
use crate::room_kind::Slow;
use crate::session::Session;
use roomcast_protocol::dialect::MAX_SLOTS;
use std::num::NonZeroU64;
use std::sync::Arc;

/// Messages that follow each other in a room.
pub(super) struct Cast<'a> {
    room: u32,
    slow: Slow,
    messages: &'a [Arc<Delivery>],
    /// Whether there is one that not everybody gets.
    skips: bool,
    /// All of them in one piece, made when first needed, for each dialect.
    pieces: [Option<Piece>; MAX_SLOTS],
}

/// What became of messages.
#[derive(Debug, Default)]
pub(super) struct Sum {
    pub(super) delivered: u64,
    pub(super) dropped: u64,
}

impl<'a> Cast<'a> {
    pub(super) fn new(room: u32, slow: Slow, messages: &'a [Arc<Delivery>]) -> Self {
        let skips = messages.iter().any(|message| message.skip.is_some());
        Self { room, slow, messages, skips, pieces: Default::default() }
    }

    /// Puts them into a member's outbox; false if there is no room, and the member is too slow.
    pub(super) fn to(&mut self, session: &mut Session, config: &Config, sum: &mut Sum) -> bool {
        let bounds = session.bounds(config);
        if self.are_one_to(session) && session.outbox.push_piece(self.piece(session), bounds) {
            sum.delivered += self.messages.len() as u64;
            return true;
        }
        self.messages.iter().all(|message| self.one_to(message, session, config, sum))
    }

    /// Whether the member keeps up, and gets all of them.
    fn are_one_to(&self, session: &Session) -> bool {
        let is_skipped = |message: &Arc<Delivery>| message.skip == Some(session.id);
        session.blocked.is_none() && !(self.skips && self.messages.iter().any(is_skipped))
    }

    fn one_to(
        &self,
        message: &Delivery,
        session: &mut Session,
        config: &Config,
        sum: &mut Sum,
    ) -> bool {
        if message.skip == Some(session.id) {
            return true;
        }
        let (frame, bounds) = (message.frame(session.dialect), session.bounds(config));
        let place = place(self.room, message);
        if session.blocked.is_none() && session.outbox.push_piece(&Piece::one(frame, place), bounds)
        {
            sum.delivered += 1;
            return true;
        }
        let pushed = session.outbox.push_message(frame, place, self.slow, bounds);
        if let Pushed::Waits { dropped } = pushed {
            sum.delivered += 1;
            sum.dropped += dropped;
        }
        pushed != Pushed::Full
    }

    fn piece(&mut self, session: &Session) -> &Piece {
        let (room, messages) = (self.room, self.messages);
        self.pieces[usize::from(session.slot)].get_or_insert_with(|| {
            let dialect = session.dialect;
            let part = |message: &'a Arc<Delivery>| (message.frame(dialect), place(room, message));
            Piece::of(messages.iter().map(part))
        })
    }
}

fn place(room: u32, message: &Delivery) -> Place {
    Place { room, offset: message.offset().and_then(NonZeroU64::new), key: message.key }
}
