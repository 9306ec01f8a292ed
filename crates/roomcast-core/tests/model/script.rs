//! Scripts: a world with tight bounds, and what people do in it.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use roomcast_core::{Config, History, Limits, Pattern, PresenceKind, RoomKind, Slow};
use std::time::Duration;

/// People that a script speaks of; each has one connection at a time.
pub(crate) const PEOPLE: usize = 5;
/// The rooms: one of each way of treating slow members.
pub(crate) const ROOMS: [&str; 3] = ["r-disconnect", "r-skip", "r-latest"];

#[derive(Debug, Clone)]
pub(crate) struct Script {
    pub(crate) bounds: Bounds,
    pub(crate) steps: Vec<Step>,
}

/// How tight the world is.
#[derive(Debug, Clone)]
pub(crate) struct Bounds {
    pub(crate) shards: usize,
    history: usize,
    ttl_ms: u64,
    waiting: Waiting,
    pub(crate) recovery: usize,
    in_flight: u32,
    pub(crate) up_to: usize,
    /// The broker's words may come late, out of order or not at all.
    pub(crate) is_late: bool,
}

/// What waits, and where.
#[derive(Debug, Clone)]
struct Waiting {
    inbox: usize,
    outbox: usize,
    large_room: usize,
}

/// What a publisher wishes.
#[derive(Debug, Clone)]
pub(crate) struct Wishes {
    pub(crate) message_id: Option<u8>,
    pub(crate) key: Option<u8>,
    pub(crate) echo: bool,
    pub(crate) ephemeral: bool,
    pub(crate) times: u8,
    pub(crate) long: bool,
}

/// What a joiner wishes.
#[derive(Debug, Clone)]
pub(crate) struct Joining {
    pub(crate) since: bool,
    pub(crate) rewind: u8,
    pub(crate) presence: u8,
    pub(crate) state: bool,
}

/// Somebody does something; nobody hears of it before a step that settles.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Connect(usize),
    ConnectGuide(usize, usize),
    Join(usize, usize, Joining),
    Leave(usize, usize),
    Publish(usize, usize, Wishes),
    State(usize, usize),
    Presence(usize, usize),
    Page(usize, usize, u8),
    /// A fresh token: 0 and 1 grant everything, 2 one room only, 3 ends soon, 4 is none.
    Refresh(usize, u8),
    Lose(usize),
    Goodbye(usize),
    ComeBack(usize),
    Stall(usize, usize),
    ReadOn(usize),
    Advance(u64),
    Handle(usize, usize),
    Settle,
    Backend(usize, u8),
    Disconnect(usize),
    Drain,
    Late(Late),
}

/// What happens between the nodes, where they are far apart.
#[derive(Debug, Clone)]
pub(crate) enum Late {
    Hold(bool),
    /// A shard is told what is held back at these places, one after the other.
    Release(usize, Vec<usize>),
    Lose(usize, usize),
    Turn,
    Forget,
    CanRead(bool),
}

pub(crate) fn scripts() -> impl Strategy<Value = Script> {
    (bounds(), vec(step(), 10..90)).prop_map(|(bounds, steps)| Script { bounds, steps })
}

fn bounds() -> impl Strategy<Value = Bounds> {
    let sizes = (
        1usize..=3,
        prop_oneof![Just(0usize), Just(3), Just(20), Just(1_000)],
        prop_oneof![Just(1_500u64), Just(20_000)],
        prop_oneof![Just(700usize), Just(3_000), Just(1 << 20)],
    );
    let more = (
        prop_oneof![Just(600usize), Just(2_500), Just(100_000)],
        prop_oneof![Just(600usize), Just(1 << 20)],
        prop_oneof![1 => Just(3u32), 2 => Just(8), 3 => Just(10_000)],
        prop_oneof![Just(1usize), Just(2), Just(10)],
        prop_oneof![Just(0usize), Just(2), Just(64)],
        any::<bool>(),
    );
    (sizes, more).prop_map(|(sizes, more)| {
        let (shards, history, ttl_ms, inbox) = sizes;
        let (outbox, recovery, in_flight, up_to, large_room, is_late) = more;
        let waiting = Waiting { inbox, outbox, large_room };
        Bounds { shards, history, ttl_ms, waiting, recovery, in_flight, up_to, is_late }
    })
}

fn step() -> impl Strategy<Value = Step> {
    let (who, room) = (|| 0..PEOPLE, || 0..ROOMS.len());
    prop_oneof![
        4 => who().prop_map(Step::Connect),
        1 => (who(), room()).prop_map(|(who, room)| Step::ConnectGuide(who, room)),
        10 => (who(), room(), joining()).prop_map(|(who, room, how)| Step::Join(who, room, how)),
        3 => (who(), room()).prop_map(|(who, room)| Step::Leave(who, room)),
        16 => (who(), room(), wishes()).prop_map(|(who, room, how)| Step::Publish(who, room, how)),
        2 => (who(), room()).prop_map(|(who, room)| Step::State(who, room)),
        1 => (who(), room()).prop_map(|(who, room)| Step::Presence(who, room)),
        1 => (who(), room(), 0u8..9).prop_map(|(who, room, how)| Step::Page(who, room, how)),
        2 => (who(), 0u8..5).prop_map(|(who, which)| Step::Refresh(who, which)),
        2 => who().prop_map(Step::Lose),
        1 => who().prop_map(Step::Goodbye),
        5 => who().prop_map(Step::ComeBack),
        4 => (who(), prop_oneof![Just(0usize), 1usize..900]).prop_map(|(w, n)| Step::Stall(w, n)),
        4 => who().prop_map(Step::ReadOn),
        3 => prop_oneof![3 => 1u64..400, 1 => 1_000u64..7_000, 1 => Just(22_000)]
            .prop_map(Step::Advance),
        4 => (0usize..3, 1usize..6).prop_map(|(shard, events)| Step::Handle(shard, events)),
        8 => Just(Step::Settle),
        2 => (room(), 1u8..12).prop_map(|(room, times)| Step::Backend(room, times)),
        1 => who().prop_map(Step::Disconnect),
        1 => prop_oneof![9 => Just(Step::Settle), 1 => Just(Step::Drain)],
        20 => late().prop_map(Step::Late),
    ]
}

fn late() -> impl Strategy<Value = Late> {
    let (shard, place) = (|| 0usize..3, || 0usize..12);
    prop_oneof![
        4 => proptest::bool::weighted(0.7).prop_map(Late::Hold),
        12 => (shard(), vec(place(), 1..30)).prop_map(|(shard, places)| Late::Release(shard, places)),
        2 => (shard(), place()).prop_map(|(shard, place)| Late::Lose(shard, place)),
        2 => Just(Late::Turn),
        1 => Just(Late::Forget),
        1 => any::<bool>().prop_map(Late::CanRead),
    ]
}

fn joining() -> impl Strategy<Value = Joining> {
    (any::<bool>(), prop_oneof![2 => Just(0u8), 1 => 1u8..6], 0u8..3, any::<bool>())
        .prop_map(|(since, rewind, presence, state)| Joining { since, rewind, presence, state })
}

fn wishes() -> impl Strategy<Value = Wishes> {
    let rarely = |weight: f64| proptest::bool::weighted(weight);
    let times = prop_oneof![5 => Just(1u8), 3 => 2u8..25];
    (option::weighted(0.3, 0u8..2), option::of(0u8..3), rarely(0.8), rarely(0.15), times)
        .prop_flat_map(move |(message_id, key, echo, ephemeral, times)| {
            rarely(0.1).prop_map(move |long| Wishes {
                message_id,
                key,
                echo,
                ephemeral,
                times,
                long,
            })
        })
}

impl Bounds {
    /// How long a `message_id` is remembered in these worlds.
    pub(crate) const DEDUPE: Duration = Duration::from_secs(5);

    pub(crate) fn config(&self) -> Config {
        let kinds = [Slow::Disconnect, Slow::Skip, Slow::Latest];
        let kind = |(room, slow): (&str, Slow)| RoomKind {
            slow,
            history: History {
                size: self.history,
                ttl: Duration::from_millis(self.ttl_ms),
                ..History::default()
            },
            presence: PresenceKind::Full { up_to: self.up_to },
            ..RoomKind::new(Pattern::new(room).expect("a room's name"))
        };
        let limits = Limits { burst: 10_000, in_flight: self.in_flight, ..Limits::default() };
        Config {
            limits,
            outbox: self.waiting.outbox,
            recovery: self.recovery,
            inbox: self.waiting.inbox,
            large_room: self.waiting.large_room,
            linger: Duration::from_secs(1),
            dedupe: Self::DEDUPE,
            rooms: ROOMS.into_iter().zip(kinds).map(kind).collect(),
            ..Config::default()
        }
    }
}
