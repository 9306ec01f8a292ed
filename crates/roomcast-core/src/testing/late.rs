//! A broker whose words come late, out of order or not at all: what many nodes do to one.

use super::{NameGatekeeper, World};
use crate::asker::{Ack, Answer, Asker};
use crate::broker::{Broker, CatchUp, Publication};
use crate::config::Config;
use crate::delivery::Placed;
use crate::hub::Hub;
use crate::inbox::{Event, Inbox, InboxSender, ShardId, Snapshot, inbox};
use crate::local_broker::LocalBroker;
use crate::now::Now;
use crate::presence::LocalPresence;
use crate::room_kind::RoomKind;
use roomcast_protocol::command::Page;
use roomcast_protocol::{Epoch, ErrorCode, Position, Refusal, RoomName};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A local broker whose events a script can hold back, let go in any order, and lose.
#[derive(Debug)]
pub struct LateBroker {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    local: LocalBroker,
    /// Where the local broker's words come out.
    said: Vec<Inbox>,
    /// The inboxes of the shards.
    inboxes: Vec<InboxSender>,
    /// What is held back from each shard, oldest first.
    held: Vec<Vec<Event>>,
    is_holding: bool,
    is_readable: bool,
    rooms: HashMap<RoomName, Known>,
    config: Config,
    lives: u64,
}

#[derive(Debug)]
struct Known {
    kind: Arc<RoomKind>,
    shards: Vec<ShardId>,
    /// The last position that the local broker gave out.
    head: Option<Position>,
    /// Offsets after these are of an epoch of their own, which goes on with the numbering.
    turns: Vec<(u64, Epoch)>,
}

impl LateBroker {
    fn new(config: Config, inboxes: Vec<InboxSender>) -> Self {
        let (local, said) = begin(&config, inboxes.len(), 0);
        let held = inboxes.iter().map(|_| Vec::new()).collect();
        let state = State {
            local,
            said,
            inboxes,
            held,
            is_holding: false,
            is_readable: true,
            rooms: HashMap::new(),
            config,
            lives: 0,
        };
        Self { state: Mutex::new(state) }
    }

    /// From now on everything said to a shard is held back, or no longer, and all that was held
    /// back goes its way.
    pub fn hold(&self, is_holding: bool) {
        self.act(|state| state.is_holding = is_holding);
    }

    /// Says to a shard what has been held back longest but for so many; whether there was any.
    pub fn release(&self, shard: ShardId, place: usize) -> bool {
        self.act(|state| {
            let event = state.take(shard, place);
            let is_there = event.is_some();
            event.into_iter().for_each(|event| state.say(shard, event));
            is_there
        })
    }

    /// Loses what is held back there if it is a message; the shard is told so, later than all
    /// that is held back.
    pub fn lose(&self, shard: ShardId, place: usize) {
        self.act(|state| {
            let shard = shard % state.held.len();
            let place = place % state.held[shard].len().max(1);
            if let Some(Event::Message { delivery, .. }) = state.held[shard].get(place) {
                let room = delivery.message.room.clone();
                state.held[shard].remove(place);
                state.held[shard].push(Event::Lost(room));
            }
        });
    }

    /// The store went away and came back with everything: each room goes on in another epoch,
    /// which is given.
    pub fn turn(&self) -> Epoch {
        self.act(|state| {
            state.lives += 1;
            let epoch = Epoch(0xE000 + state.lives);
            for room in state.rooms.values_mut() {
                if let Some(head) = room.head {
                    room.turns.push((head.offset, epoch));
                }
            }
            state.say_lost();
            epoch
        })
    }

    /// The store went away and came back with nothing: each room begins anew.
    pub fn forget(&self, now: Now) {
        self.act(|state| {
            state.lives += 1;
            (state.local, state.said) = begin(&state.config, state.inboxes.len(), state.lives);
            for (name, room) in &mut state.rooms {
                (room.head, room.turns) = (None, Vec::new());
                for &shard in &room.shards {
                    state.local.subscribe(name, &room.kind, shard, now);
                }
            }
            state.say_lost();
        });
    }

    /// Tells every shard something of the broker's own.
    pub fn tell(&self, event: impl Fn() -> Event) {
        self.act(|state| state.held.iter_mut().for_each(|held| held.push(event())));
    }

    /// From now on rooms cannot be read, or can again, of which the shards are told.
    pub fn can_read(&self, is_readable: bool) {
        self.act(|state| {
            let was_readable = std::mem::replace(&mut state.is_readable, is_readable);
            if is_readable && !was_readable {
                state.say_lost();
            }
        });
    }

    /// Does something, then brings the shards what the local broker has said, unless it is held.
    fn act<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state();
        let result = act(&mut state);
        state.drain();
        if !state.is_holding {
            for shard in 0..state.held.len() {
                let held = std::mem::take(&mut state.held[shard]);
                held.into_iter().for_each(|event| state.say(shard, event));
            }
        }
        result
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl World {
    /// A world with a broker whose words the script can hold back, let go in any order, and lose.
    #[must_use]
    pub fn late(config: Config, shards: usize) -> (Self, Arc<LateBroker>) {
        let (mut late, settings) = (None, config.clone());
        let gatekeeper = Arc::new(NameGatekeeper);
        let parts = Hub::new(config, gatekeeper, shards, 7, |inboxes, _| {
            let presence = LocalPresence::new(inboxes.clone(), settings.presence_batch);
            let broker = Arc::new(LateBroker::new(settings, inboxes));
            late = Some(Arc::clone(&broker));
            (broker, Arc::new(presence))
        });
        (Self::of(parts), late.expect("a hub connects"))
    }
}

/// A local broker, and where its words come out.
fn begin(config: &Config, shards: usize, life: u64) -> (LocalBroker, Vec<Inbox>) {
    let (inboxes, said) = (0..shards).map(|_| inbox(config.inbox)).unzip();
    (LocalBroker::new(inboxes, life, config.dedupe), said)
}

impl State {
    /// Takes what the local broker has said, with the epochs that the rooms have come to.
    fn drain(&mut self) {
        for (inbox, held) in self.said.iter_mut().zip(&mut self.held) {
            while let Some(event) = inbox.try_recv() {
                let ack = ack_of(&event);
                held.push(translated(&mut self.rooms, event));
                held.extend(ack.map(|ack| translated(&mut self.rooms, ack)));
            }
        }
    }

    fn take(&mut self, shard: ShardId, place: usize) -> Option<Event> {
        let shards = self.held.len();
        let held = &mut self.held[shard % shards];
        (!held.is_empty()).then(|| held.remove(place % held.len()))
    }

    fn say(&self, shard: ShardId, event: Event) {
        let inbox = &self.inboxes[shard % self.inboxes.len()];
        match event {
            Event::Message { delivery, publisher } => inbox.push_message(delivery, publisher),
            Event::Lost(room) => inbox.push_lost(&room),
            event => inbox.push(event),
        }
    }

    fn say_lost(&mut self) {
        for (name, room) in &self.rooms {
            for &shard in &room.shards {
                self.held[shard].push(Event::Lost(name.clone()));
            }
        }
    }
}

/// What goes its way apart from the message here, so that one may overtake the other.
fn ack_of(event: &Event) -> Option<Event> {
    let Event::Message { delivery, publisher: Some(publisher) } = event else { return None };
    Some(Ack::of(delivery, publisher.clone()).into())
}

fn translated(rooms: &mut HashMap<RoomName, Known>, event: Event) -> Event {
    match event {
        Event::Message { delivery, .. } => {
            let delivery = Arc::new(told(rooms, Arc::clone(delivery.placed())).into());
            Event::Message { delivery, publisher: None }
        }
        Event::CaughtUp { room, ticket, snapshot: Some(snapshot) } => {
            let snapshot = Some(read(rooms, &room, snapshot));
            Event::CaughtUp { room, ticket, snapshot }
        }
        Event::Answer { caller, room, answer: Answer::Accepted(mut accepted) } => {
            accepted.position = accepted.position.map(|at| turned(rooms, &room, at));
            Event::Answer { caller, room, answer: Answer::Accepted(accepted) }
        }
        event => event,
    }
}

fn told(rooms: &mut HashMap<RoomName, Known>, placed: Arc<Placed>) -> Arc<Placed> {
    let room = &placed.message.room;
    let Some(position) = placed.message.position else { return placed };
    let position = Some(turned(rooms, room, position));
    let message = roomcast_protocol::Message { position, ..placed.message.clone() };
    Arc::new(Placed::new(message, placed.accepted, placed.skip))
}

fn read(rooms: &mut HashMap<RoomName, Known>, room: &RoomName, found: Snapshot) -> Snapshot {
    let first = found.head.epoch;
    let head = turned(rooms, room, found.head);
    let turns = rooms.get(room).map_or(&[][..], |known| &known.turns);
    let epochs = std::iter::once(first).chain(turns.iter().map(|(_, epoch)| *epoch));
    let ended = epochs.zip(turns).map(|(epoch, (offset, _))| Position { epoch, offset: *offset });
    let lineage = ended.collect();
    // The newest epoch counts from the moment of the turn, whether it has a message or not.
    let head = turns.last().map_or(head, |(_, epoch)| Position { epoch: *epoch, ..head });
    let messages = found.messages.into_iter().map(|placed| told(rooms, placed)).collect();
    Snapshot { head, lineage, messages, ..found }
}

/// A position of the local broker in the epoch in which its offset was given out.
fn turned(rooms: &mut HashMap<RoomName, Known>, room: &RoomName, at: Position) -> Position {
    let Some(known) = rooms.get_mut(room) else { return at };
    if known.head.is_some_and(|head| head.epoch != at.epoch) {
        known.turns.clear();
    }
    if known.head.is_none_or(|head| head.epoch != at.epoch || head.offset < at.offset) {
        known.head = Some(at);
    }
    let turn = known.turns.iter().rev().find(|(end, _)| at.offset > *end);
    turn.map_or(at, |(_, epoch)| Position { epoch: *epoch, ..at })
}

impl Broker for LateBroker {
    fn subscribe(&self, room: &RoomName, kind: &Arc<RoomKind>, shard: ShardId, now: Now) {
        self.act(|state| {
            let new = || Known {
                kind: Arc::clone(kind),
                shards: Vec::new(),
                head: None,
                turns: Vec::new(),
            };
            state.rooms.entry(room.clone()).or_insert_with(new).shards.push(shard);
            state.local.subscribe(room, kind, shard, now);
        });
    }

    fn unsubscribe(&self, room: &RoomName, shard: ShardId, now: Now) {
        self.act(|state| {
            if let Some(known) = state.rooms.get_mut(room) {
                known.shards.retain(|other| *other != shard);
            }
            state.local.unsubscribe(room, shard, now);
        });
    }

    fn publish(&self, publication: Publication, kind: &Arc<RoomKind>, asker: Asker, now: Now) {
        self.act(|state| state.local.publish(publication, kind, asker, now));
    }

    fn catch_up(&self, room: &RoomName, shard: ShardId, ticket: u32, want: CatchUp, now: Now) {
        self.act(|state| {
            if state.is_readable {
                return state.local.catch_up(room, shard, ticket, want, now);
            }
            let room = room.clone();
            state.held[shard].push(Event::CaughtUp { room, ticket, snapshot: None });
        });
    }

    fn page(&self, room: &RoomName, asker: Asker, page: Page, limit: u32, now: Now) {
        self.act(|state| {
            if state.is_readable {
                return state.local.page(room, asker, page, limit, now);
            }
            let refusal = Refusal::new(ErrorCode::Unavailable, "this room cannot be read now");
            asker.tell(&state.inboxes, room, Answer::Refused(refusal));
        });
    }

    fn sweep(&self, now: Now) {
        self.act(|state| state.local.sweep(now));
    }

    fn history_bytes(&self) -> u64 {
        self.state().local.history_bytes()
    }
}
