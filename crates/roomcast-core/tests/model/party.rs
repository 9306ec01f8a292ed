//! Plays a script in a world, and holds every client's view against the others' in the end.

use crate::client::{Asked, Client, number_of};
use crate::script::{Joining, Late, PEOPLE, ROOMS, Script, Step, Wishes};
use crate::truth::{At, Holds, Truth};
use roomcast_core::Grants;
use roomcast_core::testing::{LateBroker, World, identity};
use roomcast_protocol::dialect::{guide::CHAT, native::NATIVE};
use roomcast_protocol::{CloseCode, Message, Payload, RoomName, UserId};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Somebody, and the present connection.
#[derive(Debug, Default)]
pub(crate) struct Person {
    pub(crate) connection: Option<String>,
    times: u32,
    pub(crate) client: Client,
    /// The room of a client of the guide, if it was let in, and the messages that it heard.
    pub(crate) guide: Option<(usize, Vec<u64>)>,
    /// The last positions, kept while away.
    away: BTreeMap<String, At>,
    is_stalled: bool,
    /// What can be the reason of a close.
    may: Vec<CloseCode>,
    spoke: Duration,
}

/// The room of a client of the guide that was not let in.
const NOWHERE: usize = ROOMS.len();

pub(crate) struct Party {
    pub(crate) world: World,
    pub(crate) late: Option<Arc<LateBroker>>,
    pub(crate) truth: Truth,
    pub(crate) people: Vec<Person>,
    /// Messages so far: each has its number as its text.
    pub(crate) messages: u64,
    has_drained: bool,
    may_overflow: bool,
}

impl Person {
    /// For an interval and a timeout of the heartbeat.
    fn was_silent(&self, now: Duration) -> bool {
        now - self.spoke >= Duration::from_secs(39)
    }
}

/// Plays the script to its end; what did not hold, if anything.
pub(crate) fn play(script: &Script) -> Result<(), String> {
    let bounds = &script.bounds;
    let (world, late) = if bounds.is_late {
        let (world, late) = World::late(bounds.config(), bounds.shards);
        (world, Some(late))
    } else {
        (World::new(bounds.config(), bounds.shards), None)
    };
    let mut party = Party {
        world,
        late,
        truth: Truth::default(),
        people: (0..PEOPLE).map(|_| Person::default()).collect(),
        messages: 0,
        has_drained: false,
        may_overflow: bounds.recovery < 1 << 20,
    };
    for (place, step) in script.steps.iter().enumerate() {
        party.act(step);
        party.listen().map_err(|why| format!("step {place}, {step:?}: {why}"))?;
    }
    party.end(bounds).map_err(|why| format!("in the end: {why}"))
}

impl Party {
    fn act(&mut self, step: &Step) {
        match step {
            Step::Connect(who) => self.connect(*who, None),
            Step::ConnectGuide(who, room) => self.connect(*who, Some(*room)),
            Step::Join(who, room, how) => self.join(*who, ROOMS[*room], how),
            Step::Leave(who, room) => self.ask(*who, ROOMS[*room], Asked::Other, "leave", ""),
            Step::Publish(who, room, how) => {
                (0..how.times).for_each(|_| self.publish(*who, *room, how));
            }
            Step::State(who, room) => {
                self.messages += 1;
                let state = self.messages.to_string();
                let more = format!(r#","data":{state}"#);
                self.ask(*who, ROOMS[*room], Asked::State(state), "state", &more);
            }
            Step::Presence(who, room) => {
                self.ask(*who, ROOMS[*room], Asked::Other, "presence", "");
            }
            Step::Page(who, room, how) => self.page(*who, ROOMS[*room], *how),
            Step::Refresh(who, which) => self.refresh(*who, *which),
            Step::ComeBack(who) => self.come_back(*who),
            Step::Backend(room, times) => (0..*times).for_each(|_| self.backend(ROOMS[*room])),
            other => self.happen(other),
        }
    }

    fn happen(&mut self, step: &Step) {
        let connection = |who: &usize| self.people[*who].connection.clone();
        match step {
            Step::Lose(who) => _ = connection(who).map(|name| self.world.lose(&name)),
            Step::Goodbye(who) => _ = connection(who).map(|name| self.world.cut(&name)),
            Step::Stall(who, bytes) => {
                let Some(name) = connection(who) else { return };
                self.world.stall(&name, *bytes);
                self.people[*who].is_stalled = true;
                self.people[*who].may.push(CloseCode::TooSlow);
            }
            Step::ReadOn(who) => self.read_on(*who),
            Step::Advance(ms) => self.world.advance(Duration::from_millis(*ms)),
            Step::Handle(shard, events) => self.world.handle_some(*shard, *events),
            Step::Settle => self.world.settle(),
            Step::Disconnect(who) => {
                self.people[*who].may.push(CloseCode::Disconnected);
                let user = UserId::new(&format!("u{who}")).expect("a user id");
                drop(self.world.hub().disconnect(&user, None, CloseCode::Disconnected));
            }
            Step::Drain => {
                self.has_drained = true;
                self.world.hub().drain(Duration::from_secs(30));
            }
            Step::Late(what) => self.happen_late(what),
            _ => {}
        }
    }

    fn happen_late(&mut self, what: &Late) {
        let Some(late) = &self.late else { return };
        match what {
            Late::Hold(is_holding) => late.hold(*is_holding),
            Late::Release(shard, places) => {
                places.iter().for_each(|place| _ = late.release(*shard, *place));
            }
            Late::Lose(shard, place) => late.lose(*shard, *place),
            Late::Turn => {
                self.truth.turn(late.turn());
            }
            Late::Forget => {
                self.truth.forget();
                late.forget(self.world.now());
            }
            Late::CanRead(can_read) => {
                self.truth.was_unreadable |= !can_read;
                late.can_read(*can_read);
            }
        }
    }

    /// Nothing is held back any more.
    pub(crate) fn let_go(&self) {
        if let Some(late) = &self.late {
            late.can_read(true);
            late.hold(false);
        }
    }

    fn connect(&mut self, who: usize, guide: Option<usize>) {
        let now = self.world.now().uptime;
        let person = &mut self.people[who];
        if person.connection.is_some() {
            return;
        }
        person.times += 1;
        let (user, name) = (format!("u{who}"), format!("u{who}.{}", person.times));
        person.connection = Some(name.clone());
        person.client = Client::default();
        person.client.user = user.clone();
        person.guide = guide.map(|room| (room, Vec::new()));
        person.is_stalled = false;
        person.may.retain(|code| *code == CloseCode::Disconnected);
        person.spoke = now;
        let identity = identity(&user, Grants::everything());
        match guide {
            Some(room) => self.world.connect_with(&name, identity, &CHAT, Some(ROOMS[room])),
            None => self.world.connect_with(&name, identity, &NATIVE, None),
        }
    }

    pub(crate) fn say(&mut self, who: usize, text: &str) {
        let now = self.world.now().uptime;
        let person = &mut self.people[who];
        if person.was_silent(now) {
            person.may.push(CloseCode::NoSignOfLife);
        }
        person.spoke = now;
        if let Some(name) = &person.connection {
            self.world.send_text(name, text);
        }
    }

    fn is_native(&self, who: usize) -> bool {
        self.people[who].connection.is_some() && self.people[who].guide.is_none()
    }

    fn ask(&mut self, who: usize, room: &str, asked: Asked, kind: &str, more: &str) {
        if self.is_native(who) {
            let id = self.people[who].client.asks(room, asked);
            self.say(who, &format!(r#"{{"type":"{kind}","id":{id},"room":"{room}"{more}}}"#));
        }
    }

    fn join(&mut self, who: usize, room: &str, how: &Joining) {
        self.messages += 1;
        let since = self.people[who].away.get(room).cloned().filter(|_| how.since);
        let state = how.state.then(|| self.messages.to_string());
        let mut more = format!(r#","rewind":{}"#, how.rewind);
        more += &format!(r#","presence":"{}""#, ["none", "count", "full"][how.presence as usize]);
        if let Some((epoch, offset)) = &since {
            more += &format!(r#","since":{{"epoch":"{epoch}","offset":{offset}}}"#);
        }
        more += &state.as_ref().map(|state| format!(r#","state":{state}"#)).unwrap_or_default();
        let asked =
            Asked::Join { since, rewind: how.rewind.into(), state, watches: how.presence == 2 };
        self.ask(who, room, asked, "join", &more);
    }

    fn publish(&mut self, who: usize, room: usize, how: &Wishes) {
        self.messages += 1;
        let (message, padding) = (self.messages, if how.long { 400 } else { 0 });
        let data = format!(r#"{{"text":"{message} {}"}}"#, "x".repeat(padding));
        if let Some((there, _)) = self.people[who].guide {
            return if there == room {
                self.say(who, &data);
            };
        }
        let mut more = format!(r#","data":{data},"echo":{}"#, how.echo);
        more += &format!(r#","ephemeral":{}"#, how.ephemeral);
        if let Some(name) = how.message_id {
            more += &format!(r#","message_id":"m{name}""#);
        }
        more += &how.key.map(|key| format!(r#","key":"k{key}""#)).unwrap_or_default();
        let (user, room) = (self.people[who].client.user.clone(), ROOMS[room]);
        let asked = Asked::Publish {
            message,
            quiet: !how.echo && !how.ephemeral,
            named: how.message_id.map(|name| (user, room.to_owned(), name)),
            sent: self.world.now().uptime,
        };
        if !how.echo {
            self.people[who].client.unwanted.insert(message);
        }
        self.ask(who, room, asked, "publish", &more);
    }

    fn page(&mut self, who: usize, room: &str, how: u8) {
        let offset = [0, 5, u64::MAX][usize::from(how / 3)];
        let which = ["", "before", "after"][usize::from(how % 3)];
        let mut more = r#","limit":7"#.to_owned();
        if !which.is_empty() {
            more += &format!(r#","{which}":{offset}"#);
        }
        self.ask(who, room, Asked::Other, "history", &more);
    }

    fn refresh(&mut self, who: usize, which: u8) {
        if !self.is_native(who) {
            return;
        }
        let soon = self.world.now().wall.as_millis() + 3_000;
        let token = match which {
            0 | 1 => format!("u{who}@100000000"),
            2 => format!("u{who}@100000000 {}", ROOMS[1]),
            3 => format!("u{who}@{soon}"),
            _ => String::new(),
        };
        if which == 3 {
            self.people[who].may.push(CloseCode::TokenExpired);
        }
        let id = self.people[who].client.asks("", Asked::Other);
        self.say(who, &format!(r#"{{"type":"refresh","id":{id},"token":"{token}"}}"#));
    }

    fn come_back(&mut self, who: usize) {
        if self.people[who].connection.is_none() {
            self.connect(who, None);
            let rooms: Vec<String> = self.people[who].away.keys().cloned().collect();
            let how = Joining { since: true, rewind: 2, presence: 2, state: false };
            rooms.iter().for_each(|room| self.join(who, room, &how));
        }
    }

    pub(crate) fn read_on(&mut self, who: usize) {
        self.people[who].is_stalled = false;
        if let Some(name) = &self.people[who].connection {
            self.world.read_on(name);
        }
    }

    fn backend(&mut self, room: &str) {
        self.messages += 1;
        let data = format!(r#"{{"text":"{}"}}"#, self.messages);
        let message = Message {
            user: None,
            room: RoomName::new(room).expect("a room's name"),
            position: None,
            event: None,
            data: Payload::parse(&data).expect("JSON"),
            timestamp: self.world.now().wall,
            message_id: None,
            key: None,
        };
        drop(self.world.hub().publish(message, false, self.world.now()));
    }

    /// Everyone takes what has arrived, answers pings, and goes if it was sent away.
    pub(crate) fn listen(&mut self) -> Holds {
        for who in 0..PEOPLE {
            let Some(name) = self.people[who].connection.clone() else { continue };
            for line in self.world.hear(&name) {
                self.hear(who, &line).map_err(|why| format!("{name} heard {line}: {why}"))?;
            }
            if !self.world.is_connected(&name) {
                self.part(who, &name)?;
            } else if std::mem::take(&mut self.people[who].client.pinged) {
                self.say(who, r#"{"type":"pong"}"#);
            }
        }
        Ok(())
    }

    fn hear(&mut self, who: usize, line: &str) -> Holds {
        let now = self.world.now().uptime;
        let person = &mut self.people[who];
        let Some((room, heard)) = &mut person.guide else {
            return person.client.hears(line, now, &mut self.truth);
        };
        let frame: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
        if frame.get("type").is_some() {
            if frame["code"] == "unavailable" && self.truth.was_unreadable {
                *room = NOWHERE;
                person.may.push(CloseCode::StateLost);
            }
            return Ok(());
        }
        let number = number_of(frame["text"].as_str().unwrap_or_default())?;
        self.truth.heard(number)?;
        let is_new = !heard.contains(&number);
        heard.push(number);
        if is_new { Ok(()) } else { Err("twice".into()) }
    }

    /// The connection ended: for a reason that there was, and positions are kept.
    fn part(&mut self, who: usize, name: &str) -> Holds {
        let code = self.world.closed(name);
        let person = &mut self.people[who];
        let is_silent = person.was_silent(self.world.now().uptime);
        let is_due = match code {
            None => true,
            Some(CloseCode::NoSignOfLife) if is_silent => true,
            Some(CloseCode::Drain) => self.has_drained,
            Some(CloseCode::TooSlow) => {
                self.may_overflow || person.may.contains(&CloseCode::TooSlow)
            }
            Some(code) => person.may.contains(&code),
        };
        person.connection = None;
        for (room, view) in std::mem::take(&mut person.client.rooms) {
            person.away.insert(room, (view.epoch, view.position));
        }
        if is_due { Ok(()) } else { Err(format!("{name} was closed with {code:?}")) }
    }
}
