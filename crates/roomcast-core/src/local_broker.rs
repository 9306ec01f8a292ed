//! The broker of one node: a lock for each room's place, and the shards' inboxes.

use crate::asker::{Accepted, Answer, Asker, Caller};
use crate::broker::{Broker, CatchUp, Publication};
use crate::by_room::{ByRoom, give_back};
use crate::dedupe::Dedupe;
use crate::delivery::Delivery;
use crate::history::RoomLog;
use crate::inbox::{Event, InboxSender, ShardId, Snapshot};
use crate::limits::RateLimit;
use crate::now::{Now, millis};
use crate::random::Random;
use crate::room_kind::RoomKind;
use crate::striped::Striped;
use roomcast_protocol::command::Page;
use roomcast_protocol::{Epoch, ErrorCode, Position, Refusal, RoomName};
use std::iter::repeat_n;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// Order, history and delivery within one process.
#[derive(Debug)]
pub struct LocalBroker {
    rooms: Striped<LocalRoom>,
    inboxes: Vec<InboxSender>,
    /// What a room's numbering begins with. Another one whenever a numbering in use was forgotten,
    /// so that a room never gives the same position to two messages.
    epoch: AtomicU64,
    epochs: Random,
    dedupe: Duration,
    next_stripe: AtomicUsize,
    history_bytes: AtomicU64,
}

#[derive(Debug)]
struct LocalRoom {
    kind: Arc<RoomKind>,
    log: RoomLog,
    shards: Vec<ShardId>,
    /// None until a message had a name.
    dedupe: Option<Box<Dedupe>>,
    rate: RateLimit,
    /// When the last shard left or the last message came, in milliseconds of uptime.
    touched: u64,
}

impl LocalBroker {
    /// A broker for the shards behind these inboxes. `seed` makes its epochs differ from those
    /// of earlier processes; `dedupe` is how long a `message_id` is remembered.
    #[must_use]
    pub fn new(inboxes: Vec<InboxSender>, seed: u64, dedupe: Duration) -> Self {
        let epochs = Random::new(seed);
        Self {
            rooms: Striped::default(),
            inboxes,
            epoch: AtomicU64::new(epochs.next()),
            epochs,
            dedupe,
            next_stripe: AtomicUsize::new(0),
            history_bytes: AtomicU64::new(0),
        }
    }

    /// The room, which begins its life here if it has none.
    fn room<'a>(
        &self,
        rooms: &'a mut ByRoom<LocalRoom>,
        name: &RoomName,
        kind: &Arc<RoomKind>,
        now: Now,
    ) -> &'a mut LocalRoom {
        // To ask for an entry would need a name of its own each time.
        if !rooms.contains_key(name) {
            let epoch = Epoch(self.epoch.load(Ordering::Relaxed));
            rooms.insert(name.clone(), LocalRoom::new(kind, epoch, now));
        }
        rooms.get_mut(name).unwrap_or_else(|| unreachable!("the room is there"))
    }

    fn count_history(&self, before: usize, after: usize) {
        if before != after {
            let more = (after as u64).wrapping_sub(before as u64);
            self.history_bytes.fetch_add(more, Ordering::Relaxed);
        }
    }

    /// What the room's log says; a room without one has no history.
    fn read(&self, name: &RoomName, now: Now, read: impl FnOnce(&RoomLog) -> Snapshot) -> Snapshot {
        let mut rooms = self.rooms.of(name);
        let Some(room) = rooms.get_mut(name) else {
            let head = Position { epoch: Epoch::UNKNOWN, offset: 0 };
            let (lineage, messages) = (Vec::new(), Vec::new());
            return Snapshot { head, lineage, floor: 0, messages, more: false };
        };
        let before = room.log.bytes();
        room.log.expire(now, &room.kind.history);
        self.count_history(before, room.log.bytes());
        read(&room.log)
    }

    fn answer(&self, shard: ShardId, event: Event) {
        if let Some(inbox) = self.inboxes.get(shard) {
            inbox.push(event);
        }
    }
}

impl Broker for LocalBroker {
    fn subscribe(&self, room: &RoomName, kind: &Arc<RoomKind>, shard: ShardId, now: Now) {
        let mut rooms = self.rooms.of(room);
        let room = self.room(&mut rooms, room, kind, now);
        if !room.shards.contains(&shard) {
            room.shards.push(shard);
        }
    }

    fn unsubscribe(&self, room: &RoomName, shard: ShardId, now: Now) {
        if let Some(room) = self.rooms.of(room).get_mut(room) {
            room.shards.retain(|&other| other != shard);
            room.touched = now.ms();
        }
    }

    fn publish(&self, publication: Publication, kind: &Arc<RoomKind>, asker: Asker, now: Now) {
        let name = &publication.message.room;
        let mut rooms = self.rooms.of(name);
        let room = self.room(&mut rooms, name, kind, now);
        room.use_kind(kind);
        if let Some(answer) = room.turn_away(&publication, now) {
            return asker.tell(&self.inboxes, name, answer);
        }
        let before = room.log.bytes();
        let delivery = room.place(publication, now);
        self.count_history(before, room.log.bytes());
        room.deliver(delivery, asker, &self.inboxes);
    }

    fn catch_up(&self, room: &RoomName, shard: ShardId, ticket: u32, want: CatchUp, now: Now) {
        // Answered under the room's lock: what is published next comes behind the answer.
        let answer = |log: &RoomLog| {
            let snapshot = log.catch_up(want);
            self.answer(
                shard,
                Event::CaughtUp { room: room.clone(), ticket, snapshot: Some(snapshot.clone()) },
            );
            snapshot
        };
        self.read(room, now, answer);
    }

    fn page(&self, room: &RoomName, asker: Asker, page: Page, limit: u32, now: Now) {
        let snapshot = self.read(room, now, |log| log.page(page, limit));
        asker.tell(&self.inboxes, room, Answer::Page(page, Box::new(snapshot)));
    }

    fn sweep(&self, now: Now) {
        let mut rooms = self.rooms.stripe(self.next_stripe.fetch_add(1, Ordering::Relaxed));
        rooms.retain(|_, room| {
            let before = room.log.bytes();
            room.log.expire(now, &room.kind.history);
            room.expire_names(now, self.dedupe);
            self.count_history(before, room.log.bytes());
            let keep = room.is_needed(now);
            if !keep {
                self.count_history(room.log.bytes(), 0);
                if room.log.head().offset > 0 {
                    self.epoch.store(self.epochs.next(), Ordering::Relaxed);
                }
            }
            keep
        });
        give_back(&mut rooms);
    }

    fn history_bytes(&self) -> u64 {
        self.history_bytes.load(Ordering::Relaxed)
    }
}

impl LocalRoom {
    fn new(kind: &Arc<RoomKind>, epoch: Epoch, now: Now) -> Self {
        Self {
            kind: Arc::clone(kind),
            log: RoomLog::new(epoch),
            shards: Vec::new(),
            dedupe: None,
            rate: RateLimit::default(),
            touched: now.ms(),
        }
    }

    fn use_kind(&mut self, kind: &Arc<RoomKind>) {
        if !Arc::ptr_eq(&self.kind, kind) {
            self.kind = Arc::clone(kind);
        }
    }

    /// What is answered instead of giving the message a place: a retry has one already, and the
    /// room may have had enough for now.
    fn turn_away(&mut self, publication: &Publication, now: Now) -> Option<Answer> {
        let known = self.dedupe.as_ref().and_then(|dedupe| dedupe.find(&publication.name()?));
        if let Some(position) = known {
            return Some(Answer::Accepted(Accepted { position, duplicate: true }));
        }
        if publication.from_backend {
            return None;
        }
        self.take_rate(now).err().map(Answer::Refused)
    }

    /// Gives the message its place.
    fn place(&mut self, publication: Publication, now: Now) -> Arc<Delivery> {
        let name = publication.name();
        let Publication { mut message, ephemeral, skip, .. } = publication;
        self.touched = now.ms();
        message.position = (!ephemeral).then(|| self.log.next());
        if let Some(name) = name {
            self.dedupe.get_or_insert_default().remember(name, message.position, now);
        }
        let delivery = Arc::new(Delivery::new(message, now.uptime, skip));
        if !ephemeral {
            self.log.append(delivery.placed(), &self.kind.history);
        }
        delivery
    }

    /// Brings the message to every shard that wants it, and to whoever published it the word that
    /// it was accepted: together, where that is a session there.
    fn deliver(&self, delivery: Arc<Delivery>, asker: Asker, inboxes: &[InboxSender]) {
        let is_here = |caller: &Caller| self.shards.contains(&caller.shard);
        let mut publisher = match asker {
            Asker::Session(caller) if is_here(&caller) => Some(caller),
            other => {
                let accepted = Accepted::of(&delivery);
                other.tell(inboxes, &delivery.message.room, Answer::Accepted(accepted));
                None
            }
        };
        let shards = self.shards.iter();
        for (delivery, &shard) in repeat_n(delivery, shards.len()).zip(shards) {
            let published = publisher.take_if(|caller| caller.shard == shard);
            if let Some(inbox) = inboxes.get(shard) {
                inbox.push_message(delivery, published);
            }
        }
    }

    fn take_rate(&mut self, now: Now) -> Result<(), Refusal> {
        let rate = self.kind.rate;
        if rate == 0 {
            return Ok(());
        }
        self.rate.take(now, rate, rate).map_err(|wait| Refusal {
            code: ErrorCode::RateLimited,
            message: format!("this room takes {rate} messages a second"),
            retry_after: Some(wait),
        })
    }

    fn expire_names(&mut self, now: Now, window: Duration) {
        let Some(dedupe) = &mut self.dedupe else { return };
        dedupe.expire(now, window);
        if dedupe.is_empty() {
            self.dedupe = None;
        }
    }

    /// A room with members keeps its numbering for good, one without for the life of a message; of
    /// one in which nothing has a number only its rate is kept, which is whole after a second.
    fn is_needed(&self, now: Now) -> bool {
        let has_numbers = self.log.head().offset > 0;
        let kept = if has_numbers { self.kind.history.ttl } else { Duration::from_secs(1) };
        let idle = now.ms().saturating_sub(self.touched);
        !self.shards.is_empty() || self.dedupe.is_some() || idle < millis(kept)
    }
}
