//! What `roomcast dev` shows by itself: rooms in which a backend publishes, as an application's
//! would. [`figures`] are the server's own, for the dashboard; [`prices`] are made up, for the
//! data feed.

mod figures;
mod prices;

use crate::app::App;
use anyhow::Context;
use roomcast_core::{History, Hub, Pattern, PublishBy, RoomKind, Slow};
use roomcast_protocol::{EventName, Key, Message, Payload, RoomName};
use roomcast_transport::Clock;
use serde::Serialize;
use std::time::Duration;
use tokio::task::JoinHandle;

/// Adds the settings of the demos' rooms, behind those of the configuration and before the one for
/// all others.
pub(crate) fn add_kinds(rooms: &mut Vec<RoomKind>) -> anyhow::Result<()> {
    let is_for_all = |kind: &&RoomKind| kind.pattern == Pattern::any();
    let place = rooms.len() - usize::from(rooms.last().as_ref().is_some_and(is_for_all));
    rooms.splice(place..place, kinds()?);
    Ok(())
}

/// In the feeds only the backend publishes, and the newest value of each key is what counts; a
/// document is kept for longer than a chat.
fn kinds() -> anyhow::Result<[RoomKind; 3]> {
    let feed = |room, size| {
        let history = History { size, ..History::default() };
        let (slow, publish) = (Slow::Latest, PublishBy::Backend);
        let kind = RoomKind::new(Pattern::new(room)?);
        anyhow::Ok(RoomKind { history, slow, publish, ..kind })
    };
    let mut documents = RoomKind::new(Pattern::new("doc:*")?);
    documents.history.ttl = Duration::from_secs(3_600);
    Ok([feed(figures::ROOM, figures::KEPT)?, feed(prices::ROOM, prices::KEPT)?, documents])
}

/// The backend: it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Demo(Vec<JoinHandle<()>>);

impl Demo {
    /// Begins to publish.
    pub(crate) fn start(app: &App) -> anyhow::Result<Self> {
        let figures = Feed::new(figures::ROOM, "figure", app)?;
        let prices = Feed::new(prices::ROOM, "price", app)?;
        Ok(Self(vec![
            tokio::spawn(figures::publish(figures, app.sockets_stats())),
            tokio::spawn(prices::publish(prices)),
        ]))
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

/// A room and how to publish in it.
struct Feed {
    room: RoomName,
    event: EventName,
    hub: Hub,
    clock: Clock,
}

impl Feed {
    fn new(room: &str, event: &str, app: &App) -> anyhow::Result<Self> {
        let room = RoomName::new(room).context("the name of a demo's room")?;
        let event = EventName::new(event).context("the name of a demo's event")?;
        Ok(Self { room, event, hub: app.hub().clone(), clock: app.clock() })
    }

    /// Publishes the newest value of a key.
    fn publish(&self, key: &str, data: &impl Serialize) {
        let now = self.clock.now();
        let message = Message {
            room: self.room.clone(),
            position: None,
            event: Some(self.event.clone()),
            user: None,
            data: Payload::of(data),
            timestamp: now.wall,
            message_id: None,
            key: Key::new(key).ok(),
        };
        // Nobody here needs to know where it stands.
        drop(self.hub.publish(message, false, now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_configuration_says_of_a_room_counts_before_the_demos() {
        let documents = RoomKind::new(Pattern::new("doc:*").unwrap());
        let patterns = |mut rooms| {
            add_kinds(&mut rooms).unwrap();
            rooms.iter().map(|kind| kind.pattern.as_str().to_owned()).collect::<Vec<_>>()
        };
        let all = ["doc:*", "demo:server", "demo:prices", "doc:*", "*"];
        assert_eq!(patterns(vec![documents.clone(), RoomKind::default()]), all);
        assert_eq!(patterns(vec![documents]), all[..4]);
    }
}
