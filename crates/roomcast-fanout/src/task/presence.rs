//! Who is where: what presence asks is asked, and it is told what happens to the link.

use super::Task;
use crate::bus::BusError;
use crate::clock::wall;
use crate::presence::Ask;
use crate::request::Done;
use bytes::Bytes;
use roomcast_core::Now;

impl Task {
    /// Asks what presence wants to know or to tell now.
    pub(super) fn ask_presence(&self) {
        let Some(link) = self.connection.link() else { return };
        for ask in self.presence.due(self.now()) {
            let answer = link.presence(&ask);
            self.doing(async move { Done::Presence(Box::new(ask), answer.await) });
        }
    }

    pub(super) fn presence_done(
        &mut self,
        ask: Ask,
        result: Result<Bytes, BusError>,
    ) -> Option<BusError> {
        let (answer, error) = match result {
            Ok(answer) => (Some(answer), None),
            Err(error) => (None, Some(error)),
        };
        self.presence.done(ask, answer, self.now());
        self.read_held();
        error
    }

    fn now(&self) -> Now {
        Now { uptime: self.started.elapsed(), wall: wall() }
    }
}
