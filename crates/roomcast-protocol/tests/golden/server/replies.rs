//! The replies of the native dialect, as values.

use super::values::{SESSION, ann, at, id, lemon, member, milk, room, typing};
use roomcast_protocol::dialect::native::NATIVE;
use roomcast_protocol::push::Member;
use roomcast_protocol::reply::{Joined, NotRecovered, Welcome};
use roomcast_protocol::{
    Dialect, Epoch, ErrorCode, Frame, Message, Position, Refusal, Reply, User,
};
use std::sync::Arc;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3_600);

pub(crate) fn all() -> Vec<(&'static str, Reply)> {
    let mut all = vec![
        ("native-welcome", welcome(Some(ann()), Some(HOUR))),
        ("native-welcome-anonymous", welcome(None, None)),
        ("native-left", Reply::Left(Some(id("3")), room("chat:tea"), None)),
        ("native-left-forbidden", Reply::Left(None, room("chat:tea"), Some(ErrorCode::Forbidden))),
        ("native-ack", ack("4", Some(43), false)),
        ("native-ack-duplicate", ack("4", Some(43), true)),
        ("native-ack-ephemeral", ack("6", None, false)),
        ("native-ack-state", ack("11", None, false)),
        ("native-history-page", history("8", &[milk()], true)),
        ("native-history-empty", history("9", &[], false)),
        ("native-presence-members", presence(Some(members()), 2)),
        ("native-presence-count", presence(None, 1_204)),
        ("native-refreshed", Reply::Refreshed { id: Some(id("12")), expires_in: Some(HOUR) }),
    ];
    all.extend(joins());
    all.extend(errors());
    all
}

fn welcome(user: Option<User>, expires_in: Option<Duration>) -> Reply {
    Reply::Welcome(Box::new(Welcome {
        session: SESSION,
        user,
        heartbeat_interval: Duration::from_secs(30),
        heartbeat_timeout: Duration::from_secs(10),
        expires_in,
        max_frame: 65_536,
        max_rooms: 100,
        commands_per_second: 100,
    }))
}

fn members() -> Arc<[Member]> {
    [member(SESSION.0, Some(ann()), Some(typing(false))), member(0xb0b, None, None)].into()
}

fn encoded(messages: &[Message]) -> Vec<Frame> {
    messages.iter().map(|message| NATIVE.message(message)).collect()
}

fn gives(name: &str, offset: u64) -> Joined {
    Joined {
        room: room(name),
        position: at(offset),
        recovered: false,
        reason: None,
        messages: Vec::new(),
        members: None,
        count: None,
    }
}

fn joins() -> Vec<(&'static str, Reply)> {
    let back = |offset, reason| Joined { reason: Some(reason), ..gives("chat:tea", offset) };
    let joined = |command: &str, gives| Reply::Joined(Some(id(command)), Box::new(gives));
    let recovered = Joined {
        recovered: true,
        messages: encoded(&[milk(), lemon()]),
        members: Some(members()),
        count: Some(2),
        ..gives("chat:tea", 43)
    };
    let anew = Joined {
        position: Position { epoch: Epoch(1), offset: 0 },
        ..back(0, NotRecovered::Epoch)
    };
    let late = Joined { messages: encoded(&[lemon()]), ..back(43, NotRecovered::Expired) };
    let other = |epoch, joined: Joined| Joined {
        position: Position { epoch: Epoch(epoch), ..joined.position },
        ..joined
    };
    let goes_on = other(0x6a01, Joined { recovered: true, ..gives("chat:tea", 43) });
    let begins = other(0x6a02, back(0, NotRecovered::Epoch));
    let counted = Joined { count: Some(1_204), ..gives("feed:eur", 0) };
    vec![
        ("native-joined", joined("1", gives("chat:tea", 41))),
        ("native-joined-recovered", joined("2", recovered)),
        ("native-joined-epoch", joined("2", anew)),
        ("native-joined-expired", joined("2", late)),
        ("native-joined-limit", joined("2", back(90_041, NotRecovered::Limit))),
        ("native-joined-unasked-goes-on", Reply::Joined(None, Box::new(goes_on))),
        ("native-joined-unasked-anew", Reply::Joined(None, Box::new(begins))),
        ("native-joined-count", Reply::Joined(None, Box::new(counted))),
    ]
}

fn ack(command: &str, offset: Option<u64>, duplicate: bool) -> Reply {
    Reply::Ack { id: id(command), room: room("chat:tea"), position: offset.map(at), duplicate }
}

fn history(command: &str, messages: &[Message], more: bool) -> Reply {
    let messages = encoded(messages);
    Reply::History { id: Some(id(command)), room: room("chat:tea"), messages, more }
}

fn presence(members: Option<Arc<[Member]>>, count: usize) -> Reply {
    Reply::Presence { id: Some(id("10")), room: room("chat:tea"), members, count }
}

fn error(code: ErrorCode, command: &str, message: &str) -> Reply {
    let about_room = (command == "1" || command == "4").then(|| room("chat:tea"));
    let command = (!command.is_empty()).then(|| id(command));
    Reply::Refused { id: command, room: about_room, refusal: Refusal::new(code, message) }
}

fn later(reply: Reply, millis: u64) -> Reply {
    let Reply::Refused { id, room, mut refusal } = reply else { panic!("only errors wait") };
    refusal.retry_after = Some(Duration::from_millis(millis));
    Reply::Refused { id, room, refusal }
}

fn errors() -> Vec<(&'static str, Reply)> {
    use ErrorCode as E;
    let unknown = "unknown type `shout`: send join, leave, publish, history, presence, state, \
                   refresh, ping or pong";
    let star = "room name must not contain `*`, which is kept for patterns";
    let large = "`data` may have 8192 bytes in this room";
    let expired = "the token has expired: send `refresh` with a fresh one";
    let grant = "the token does not grant `publish` in this room";
    let fast = error(E::RateLimited, "4", "100 commands a second are allowed");
    let away = error(E::Unavailable, "4", "the message could not be stored: try again");
    vec![
        ("native-error-bad_request", error(E::BadRequest, "13", star)),
        ("native-error-unknown_type", error(E::UnknownType, r#""a-14""#, unknown)),
        ("native-error-too_large", error(E::TooLarge, "4", large)),
        (
            "native-error-unauthorized",
            error(
                E::Unauthorized,
                "12",
                "the token is another user's: open a connection of its own",
            ),
        ),
        ("native-error-token_expired", error(E::TokenExpired, "4", expired)),
        ("native-error-forbidden", error(E::Forbidden, "4", grant)),
        ("native-error-not_joined", error(E::NotJoined, "4", "join this room first")),
        (
            "native-error-already_joined",
            error(E::AlreadyJoined, "1", "this room is joined already"),
        ),
        ("native-error-limit", error(E::Limit, "1", "this room is full")),
        ("native-error-rate_limited", later(fast, 250)),
        ("native-error-unavailable", later(away, 1_000)),
        ("native-error-internal", error(E::Internal, "", "a defect of the server: it was logged")),
    ]
}
