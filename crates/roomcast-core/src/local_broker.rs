//! The broker of one node: a lock for each room's place, and the shards' inboxes.

use crate::asker::{Accepted, Answer, Asker};
use crate::broker::{Broker, CatchUp, Publication};
use crate::dedupe::{Dedupe, Name};
use crate::delivery::Delivery;
use crate::history::RoomLog;
use crate::inbox::{Event, InboxSender, ShardId, Snapshot};
use crate::limits::RateLimit;
use crate::now::{Now, millis};
use crate::random::Random;
use crate::room_kind::RoomKind;
use crate::striped::{Striped, give_back};
use roomcast_protocol::command::Page;
use roomcast_protocol::{Epoch, ErrorCode, Position, Refusal, RoomName};
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

/// What became of a publication.
enum Published {
    Now(Arc<Delivery>),
    /// It is a retry: the message has its place since then.
    Before(Accepted),
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

    /// Does something with the room, which begins its life here if it has none.
    fn with_room<T>(
        &self,
        name: &RoomName,
        kind: &Arc<RoomKind>,
        now: Now,
        act: impl FnOnce(&mut LocalRoom) -> T,
    ) -> T {
        let mut rooms = self.rooms.of(name);
        let room = rooms.entry(name.clone()).or_insert_with(|| LocalRoom {
            kind: Arc::clone(kind),
            log: RoomLog::new(Epoch(self.epoch.load(Ordering::Relaxed))),
            shards: Vec::new(),
            dedupe: None,
            rate: RateLimit::default(),
            touched: now.ms(),
        });
        let before = room.log.bytes();
        let result = act(room);
        self.count_history(before, room.log.bytes());
        result
    }

    fn count_history(&self, before: usize, after: usize) {
        let (before, after) = (before as u64, after as u64);
        self.history_bytes.fetch_add(after.wrapping_sub(before), Ordering::Relaxed);
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
        self.with_room(room, kind, now, |room| {
            if !room.shards.contains(&shard) {
                room.shards.push(shard);
            }
        });
    }

    fn unsubscribe(&self, room: &RoomName, shard: ShardId, now: Now) {
        if let Some(room) = self.rooms.of(room).get_mut(room) {
            room.shards.retain(|&other| other != shard);
            room.touched = now.ms();
        }
    }

    fn publish(&self, publication: Publication, asker: Asker, now: Now) {
        let name = publication.message.room.clone();
        let kind = Arc::clone(&publication.kind);
        self.with_room(&name, &kind, now, |room| {
            let answer = match room.publish(publication, now) {
                Ok(Published::Now(delivery)) => {
                    return room.deliver(&delivery, asker, &self.inboxes);
                }
                Ok(Published::Before(accepted)) => Answer::Accepted(accepted),
                Err(refusal) => Answer::Refused(refusal),
            };
            asker.tell(&self.inboxes, &name, answer);
        });
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
    /// Gives the message its place, unless it has one already.
    fn publish(&mut self, publication: Publication, now: Now) -> Result<Published, Refusal> {
        let Publication { mut message, kind, ephemeral, skip, from_backend } = publication;
        let name = Name::of(&message, from_backend);
        let known = name.as_ref().zip(self.dedupe.as_ref());
        if let Some(position) = known.and_then(|(name, dedupe)| dedupe.find(name)) {
            return Ok(Published::Before(Accepted { position, duplicate: true }));
        }
        if !from_backend {
            self.take_rate(&kind, now)?;
        }
        self.touched = now.ms();
        message.position = (!ephemeral).then(|| self.log.next());
        let position = message.position;
        if let Some(name) = name {
            self.dedupe.get_or_insert_default().remember(name, position, now);
        }
        let delivery = Arc::new(Delivery::new(message, now.uptime, skip));
        if !ephemeral {
            self.log.append(&delivery, &kind.history);
        }
        self.kind = kind;
        Ok(Published::Now(delivery))
    }

    /// Brings the message to every shard that wants it, and to whoever published it the word that
    /// it was accepted: together, where that is a session there.
    fn deliver(&self, delivery: &Arc<Delivery>, asker: Asker, inboxes: &[InboxSender]) {
        let mut asker = Some(asker);
        for &shard in &self.shards {
            let Some(inbox) = inboxes.get(shard) else { continue };
            match asker {
                Some(Asker::Session(caller)) if caller.shard == shard => {
                    asker = None;
                    inbox.push_published(delivery, caller);
                }
                _ => inbox.push_message(delivery),
            }
        }
        if let Some(asker) = asker {
            let answer = Answer::Accepted(Accepted::of(delivery));
            asker.tell(inboxes, &delivery.message.room, answer);
        }
    }

    fn take_rate(&mut self, kind: &RoomKind, now: Now) -> Result<(), Refusal> {
        if kind.rate == 0 {
            return Ok(());
        }
        self.rate.take(now, kind.rate, kind.rate).map_err(|wait| Refusal {
            code: ErrorCode::RateLimited,
            message: format!("this room takes {} messages a second", kind.rate),
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
