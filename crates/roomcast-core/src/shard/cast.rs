//! Messages of one room on their way into the outboxes of its members: encoded once for each
//! dialect, and in one piece for all who keep up.

use crate::config::Config;
use crate::delivery::Delivery;
use crate::outbox::{Place, Pushed};
use crate::room_kind::Slow;
use crate::run::Run;
use crate::session::Session;
use roomcast_protocol::Dialect;
use roomcast_protocol::dialect::MAX_SLOTS;
use std::sync::Arc;

/// Messages that follow each other in a room.
pub(super) struct Cast<'a> {
    room: u32,
    slow: Slow,
    messages: &'a [Arc<Delivery>],
    /// All of them in one piece, made when first needed, for each dialect.
    runs: [Option<Arc<Run>>; MAX_SLOTS],
}

/// What became of messages.
#[derive(Debug, Default)]
pub(super) struct Sum {
    pub(super) delivered: u64,
    pub(super) dropped: u64,
}

impl<'a> Cast<'a> {
    pub(super) fn new(room: u32, slow: Slow, messages: &'a [Arc<Delivery>]) -> Self {
        Self { room, slow, messages, runs: Default::default() }
    }

    /// Puts them into a member's outbox; false if there is no room, and the member is too slow.
    pub(super) fn to(&mut self, session: &mut Session, config: &Config, sum: &mut Sum) -> bool {
        let together = self.are_one_to(session) && {
            let (run, bounds) = (self.run(session.dialect), session.bounds(config));
            session.outbox.push_run(run, bounds)
        };
        if together {
            sum.delivered += self.messages.len() as u64;
        }
        together || self.messages.iter().all(|message| self.one_to(message, session, config, sum))
    }

    /// Whether the member gets all of them, and none that another one may take the place of.
    fn are_one_to(&self, session: &Session) -> bool {
        let is_skipped = |message: &Arc<Delivery>| message.skip == Some(session.id);
        self.messages.len() > 1
            && session.blocked.is_none()
            && self.slow != Slow::Latest
            && !self.messages.iter().any(is_skipped)
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
        let pushed =
            session.outbox.push_message(frame, place(self.room, message), self.slow, bounds);
        if let Pushed::Waits { dropped } = pushed {
            sum.delivered += 1;
            sum.dropped += dropped;
        }
        pushed != Pushed::Full
    }

    fn run(&mut self, dialect: &dyn Dialect) -> &Arc<Run> {
        let (room, messages) = (self.room, self.messages);
        self.runs[dialect.slot()].get_or_insert_with(|| {
            let part =
                |message: &Arc<Delivery>| (message.frame(dialect).clone(), place(room, message));
            Arc::new(Run::of(messages.iter().map(part).collect()))
        })
    }
}

fn place(room: u32, message: &Delivery) -> Place {
    Place { room, offset: message.offset(), key: message.key }
}
