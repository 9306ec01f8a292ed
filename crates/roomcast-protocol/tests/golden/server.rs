//! Every server frame, built from values and compared with its file.

mod replies;
mod values;

use crate::files;
use roomcast_protocol::dialect::guide::{CHAT, RELIABLE};
use roomcast_protocol::dialect::native::NATIVE;
use roomcast_protocol::push::{GapReason, PresenceChange};
use roomcast_protocol::reply::NotRecovered;
use roomcast_protocol::{Dialect, ErrorCode, EventName, Frame, Message, Push, Refusal, Reply};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use values::{ann, bob, member, message, named, room, typing};

/// What a server frame is made from.
#[derive(Debug)]
pub(crate) enum Said {
    Message(Message),
    Reply(Reply),
    Push(Push),
    /// The dialect's own sign of life.
    Ping,
}

impl Said {
    fn encode(&self, dialect: &dyn Dialect) -> Option<Frame> {
        match self {
            Self::Message(message) => Some(dialect.message(message)),
            Self::Reply(reply) => dialect.reply(reply),
            Self::Push(push) => dialect.push(push),
            Self::Ping => Some(dialect.ping()),
        }
    }
}

type Entry = (&'static str, &'static dyn Dialect, Said);

pub(crate) fn all() -> Vec<Entry> {
    let native = replies::all().into_iter().map(|(name, reply)| (name, Said::Reply(reply)));
    let native = native.chain(messages()).chain(pushes());
    native.map(|(name, said)| (name, &NATIVE as &dyn Dialect, said)).chain(guide()).collect()
}

fn messages() -> Vec<(&'static str, Said)> {
    let event = |name| Some(EventName::new(name).unwrap());
    let price = r#"{"bid":1.10,"volume":12345678901234567890}"#;
    vec![
        ("native-message", Said::Message(values::lemon())),
        ("native-message-named", Said::Message(values::milk())),
        (
            "native-message-event",
            Said::Message(Message {
                event: event("price"),
                ..message("feed:eur", Some(7), None, price)
            }),
        ),
        (
            "native-message-ephemeral",
            Said::Message(Message {
                event: event("typing"),
                ..message("chat:tea", None, Some(ann()), "null")
            }),
        ),
    ]
}

fn gap(name: &str, from: u64, to: u64, reason: GapReason, repairing: bool) -> Said {
    Said::Push(Push::Gap { room: room(name), from, to, reason, repairing })
}

const DEGRADED: &str = "Messages cannot be published for the moment.";
const RESTORED: &str = "Messages can be published again.";

fn system(name: Option<&str>, event: &'static str, text: &'static str) -> Said {
    Said::Push(Push::System { room: name.map(room), event, text })
}

fn pushes() -> Vec<(&'static str, Said)> {
    let change = PresenceChange {
        joined: vec![member(0xa1, Some(bob()), None)],
        left: vec![member(0xb0b, None, None)],
        changed: vec![member(0x00c0_ffee_00c0_ffee, Some(ann()), Some(typing(true)))],
        members: None,
        count: 2,
        only_count: false,
    };
    let members = Some([member(0xa1, Some(bob()), None)].into());
    let listed = PresenceChange { members, count: 1, ..PresenceChange::default() };
    let large = PresenceChange { count: 1_205, only_count: true, ..change.clone() };
    let presence = |name, change| {
        Said::Push(Push::Presence { room: room(name), change: Arc::new(change), only_count: false })
    };
    let reconnect = |millis, reason| {
        Said::Push(Push::Reconnect { after: Duration::from_millis(millis), reason })
    };
    vec![
        ("native-presence-change", presence("chat:tea", change)),
        ("native-presence-change-count", presence("feed:eur", large)),
        ("native-presence-change-members", presence("chat:tea", listed)),
        ("native-gap-slow", gap("feed:eur", 44, 52, GapReason::Slow, false)),
        ("native-gap-conflated", gap("feed:eur", 53, 53, GapReason::Conflated, false)),
        ("native-gap-broker", gap("chat:tea", 44, 45, GapReason::Broker, true)),
        ("native-expiring", Said::Push(Push::Expiring { within: Duration::from_secs(30) })),
        ("native-system-degraded", system(None, "degraded", DEGRADED)),
        ("native-system-restored", system(Some("chat:tea"), "restored", RESTORED)),
        ("native-reconnect-drain", reconnect(1_250, "drain")),
        ("native-reconnect-rebalance", reconnect(8_000, "rebalance")),
        ("native-ping-server", Said::Ping),
    ]
}

fn guide() -> Vec<Entry> {
    let tea = |user, data| Said::Message(message("tea", Some(1), user, data));
    let change = PresenceChange {
        left: vec![member(0xb0b, None, None)],
        count: 1,
        ..PresenceChange::default()
    };
    let left = Push::Presence { room: room("tea"), change: Arc::new(change), only_count: false };
    let refusal = |message: &str| {
        let refusal = Refusal::bad_request(message);
        Said::Reply(Reply::Refused { id: None, room: None, refusal })
    };
    let milk = r#"{"text":"Milk or lemon?"}"#;
    vec![
        ("guide-chat-message", &CHAT, tea(Some(named("Bob")), milk)),
        ("guide-chat-message-anonymous", &CHAT, tea(None, milk)),
        ("guide-chat-message-string", &CHAT, tea(Some(ann()), r#""Lemon.""#)),
        ("guide-chat-message-json", &CHAT, tea(Some(values::only_id("ann")), r#"{"bid":1.10}"#)),
        ("guide-chat-left", &CHAT, Said::Push(left)),
        ("guide-error", &CHAT, refusal("`text` is missing")),
        ("guide-reliable-ping", &RELIABLE, Said::Ping),
        ("guide-reliable-error", &RELIABLE, refusal("not JSON: expected value at line 1 column 1")),
    ]
}

#[test]
fn every_server_frame_is_its_file_to_the_byte() {
    for (name, dialect, said) in all() {
        let golden = files::named(name);
        assert_eq!(golden.direction, files::Direction::Server, "{name}");
        let frame = said.encode(dialect).unwrap_or_else(|| panic!("{name}: no words for it"));
        assert_eq!(std::str::from_utf8(frame.payload()).unwrap(), golden.frame, "{name}");
        assert_eq!(frame, Frame::text(&golden.frame), "{name}: it is a text message");
    }
}

variants! { reply_kind, REPLIES, Reply,
    Reply::Welcome(_) => "welcome",
    Reply::Joined(..) => "joined",
    Reply::Left(_, _, None) => "left",
    Reply::Left(_, _, Some(_)) => "left with a code",
    Reply::Ack { duplicate: false, position: Some(_), .. } => "ack",
    Reply::Ack { duplicate: false, position: None, .. } => "ack without a position",
    Reply::Ack { duplicate: true, .. } => "ack of a duplicate",
    Reply::History { .. } => "history",
    Reply::Presence { members: Some(_), .. } => "presence",
    Reply::Presence { members: None, .. } => "presence as a count",
    Reply::Refreshed { .. } => "refreshed",
    Reply::Refused { .. } => "error",
}

variants! { push_kind, PUSHES, Push,
    Push::Gap { reason: GapReason::Slow, .. } => "gap slow",
    Push::Gap { reason: GapReason::Conflated, .. } => "gap conflated",
    Push::Gap { reason: GapReason::Broker, .. } => "gap broker",
    Push::Presence { .. } => "presence",
    Push::Expiring { .. } => "expiring",
    Push::System { .. } => "system",
    Push::Reconnect { .. } => "reconnect",
}

variants! { not_recovered, NOT_RECOVERED, NotRecovered,
    NotRecovered::Epoch => "epoch",
    NotRecovered::Expired => "expired",
    NotRecovered::Limit => "limit",
}

fn assert_all(what: &str, expected: &[&'static str], seen: &BTreeSet<&'static str>) {
    let expected: BTreeSet<_> = expected.iter().copied().collect();
    assert_eq!(*seen, expected, "{what} with a golden frame");
}

#[test]
fn every_reply_and_push_has_a_file() {
    let (mut replies, mut pushes) = (BTreeSet::new(), BTreeSet::new());
    let (mut reasons, mut codes) = (BTreeSet::new(), BTreeSet::new());
    for (name, _, said) in all() {
        if !name.starts_with("native-") {
            continue;
        }
        match &said {
            Said::Reply(reply) => _ = replies.insert(reply_kind(reply)),
            Said::Push(push) => _ = pushes.insert(push_kind(push)),
            Said::Message(_) | Said::Ping => {}
        }
        match said {
            Said::Reply(Reply::Joined(_, joined)) => {
                reasons.extend(joined.reason.as_ref().map(not_recovered));
            }
            Said::Reply(Reply::Refused { refusal, .. }) => _ = codes.insert(refusal.code.slug()),
            _ => {}
        }
    }
    assert_all("replies", REPLIES, &replies);
    assert_all("pushes", PUSHES, &pushes);
    assert_all("reasons", NOT_RECOVERED, &reasons);
    let slugs: Vec<_> = ErrorCode::ALL.iter().map(|code| code.slug()).collect();
    assert_all("errors", &slugs, &codes);
}
