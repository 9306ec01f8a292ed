//! What must hold when everything that was under way has come to its end.

use crate::client::{Asked, Client};
use crate::party::Party;
use crate::script::{Bounds, PEOPLE, ROOMS};
use crate::truth::{Holds, Truth};
use roomcast_core::Grants;
use roomcast_core::testing::{World, identity};
use roomcast_protocol::dialect::native::NATIVE;
use std::time::Duration;

impl Party {
    /// Everyone reads, then all views must be equal, then everyone goes and nothing is left.
    pub(crate) fn end(&mut self, bounds: &Bounds) -> Holds {
        (0..PEOPLE).for_each(|who| self.read_on(who));
        self.let_go();
        self.world.settle();
        self.listen()?;
        self.wait_for_quiet()?;
        self.everyone_has_everything()?;
        self.wait_for_quiet()?;
        ROOMS.iter().try_for_each(|room| self.presence_is_true(room, bounds))?;
        self.nobody_is_held_up()?;
        self.nothing_is_left()
    }

    /// Nobody goes for longer than presence gathers changes: who is sent away in the last moment,
    /// as in a drain, is told of only then.
    fn wait_for_quiet(&mut self) -> Holds {
        loop {
            let before = self.world.hub().sessions();
            self.world.advance(Duration::from_millis(300));
            self.listen()?;
            if self.world.hub().sessions() == before {
                return Ok(());
            }
        }
    }

    /// Every command was answered, and every member is where the room is.
    fn everyone_has_everything(&mut self) -> Holds {
        // As they are before somebody comes: whoever joins has the room read.
        let there = self.people.iter().filter(|person| person.connection.is_some());
        let clients: Vec<Client> = there.map(|person| person.client.clone()).collect();
        let heads = heads(&mut self.world, &mut self.truth)?;
        self.listen()?;
        for client in &clients {
            if !client.waiting.is_empty() {
                return Err(format!("{} has no answer to {:?}", client.user, client.waiting));
            }
            for (room, view) in &client.rooms {
                let there = (view.epoch.clone(), view.head());
                if heads.rooms.get(room).map(|head| (head.epoch.clone(), head.position))
                    != Some(there.clone())
                    || !view.holes.is_empty()
                {
                    return Err(format!("{} stands in {room} at {there:?}", client.user));
                }
            }
        }
        Ok(())
    }

    /// Who watches a room knows who is in it.
    fn presence_is_true(&self, room: &str, bounds: &Bounds) -> Holds {
        let there = self.people.iter().filter(|person| person.connection.is_some());
        let is_guest = |place: usize| ROOMS.get(place) == Some(&room);
        let guests =
            there.clone().filter(|p| p.guide.as_ref().is_some_and(|(at, _)| is_guest(*at)));
        let members = there.filter_map(|p| Some((&p.client, p.client.rooms.get(room)?)));
        let count = guests.count() + members.clone().count();
        for (client, view) in members.clone() {
            if view.count.is_some_and(|told| told != count as u64) {
                return Err(format!(
                    "{} counts {:?} of {count} in {room}",
                    client.user, view.count
                ));
            }
            let Some(known) = &view.members else {
                if view.wants_list && count <= bounds.up_to {
                    return Err(format!("{} has no list of {room}", client.user));
                }
                continue;
            };
            let knows = |(other, its): (&Client, &crate::client::View)| {
                known.get(&other.session) == Some(&its.state)
            };
            if known.len() != count || !members.clone().all(knows) {
                return Err(format!("{} sees {known:?} in {room}", client.user));
            }
        }
        Ok(())
    }

    /// Nothing of the past keeps a member from publishing now.
    fn nobody_is_held_up(&mut self) -> Holds {
        for who in 0..PEOPLE {
            let rooms: Vec<String> = self.people[who].client.rooms.keys().cloned().collect();
            for room in &rooms {
                if self.people[who].connection.is_none() {
                    continue;
                }
                self.messages += 1;
                let (message, sent) = (self.messages, self.world.now().uptime);
                let id = self.people[who]
                    .client
                    .asks(room, Asked::Publish { message, quiet: false, named: None, sent });
                let data = format!(r#"{{"text":"{message}"}}"#);
                let text =
                    format!(r#"{{"type":"publish","id":{id},"room":"{room}","data":{data}}}"#);
                self.say(who, &text);
                self.world.settle();
                self.listen()?;
                let answer = self.people[who].client.answers.get(&id).map(String::as_str);
                if !matches!(answer, Some("ack" | "token_expired")) {
                    return Err(format!("u{who} may not publish in {room}: {answer:?}"));
                }
            }
        }
        Ok(())
    }

    /// Everyone goes: no room, no byte and no member stays behind.
    fn nothing_is_left(&mut self) -> Holds {
        for person in &self.people {
            if let Some(name) = &person.connection {
                self.world.cut(name);
            }
        }
        self.world.advance(Duration::from_secs(40));
        let history = self.world.hub().history_bytes();
        for stats in self.world.hub().stats() {
            let left = [&stats.sessions, &stats.rooms, &stats.memberships, &stats.outbox_bytes];
            let left = left.map(|count| count.get());
            if left != [0; 4] || history != 0 {
                return Err(format!("left behind: {left:?}, {history} bytes of history"));
            }
        }
        Ok(())
    }
}

/// Where the rooms are, as somebody learns who comes now.
fn heads(world: &mut World, truth: &mut Truth) -> Result<Client, String> {
    let mut auditor = Client::default();
    world.connect_with("auditor", identity("auditor", Grants::everything()), &NATIVE, None);
    for room in ROOMS {
        let id = auditor
            .asks(room, Asked::Join { since: None, rewind: 1_000, state: None, watches: false });
        let join = format!(r#"{{"type":"join","id":{id},"room":"{room}","rewind":1000}}"#);
        world.say("auditor", &join);
    }
    let now = world.now().uptime;
    for line in world.hear("auditor") {
        auditor.hears(&line, now, truth)?;
    }
    world.cut("auditor");
    world.advance(Duration::from_millis(300));
    Ok(auditor)
}
