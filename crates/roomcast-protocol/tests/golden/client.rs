//! Every client frame, read and compared with the command it should mean.

use crate::files::{self, Direction, Golden, Means};
use roomcast_protocol::command::{Join, Page, PresenceMode, Publish, Token};
use roomcast_protocol::dialect::guide::{CHAT, ECHO, RELIABLE, SECURE};
use roomcast_protocol::dialect::native::NATIVE;
use roomcast_protocol::dialect::{Context, Decoded};
use roomcast_protocol::{
    Command, Dialect, Epoch, EventName, Incoming, Key, MessageId, Payload, Position, Reply,
    RoomName, User, UserId,
};
use std::collections::BTreeSet;

fn room(name: &str) -> RoomName {
    RoomName::new(name).unwrap()
}

fn payload(json: &str) -> Payload {
    Payload::parse(json).unwrap()
}

fn join(name: &str) -> Join {
    let presence = PresenceMode::None;
    Join { room: room(name), since: None, rewind: 0, presence, state: None }
}

fn publish(name: &str, data: &str) -> Publish {
    Publish {
        room: room(name),
        data: payload(data),
        event: None,
        claimed_name: None,
        message_id: None,
        key: None,
        echo: true,
        ephemeral: false,
    }
}

fn history(limit: u32, page: Page) -> Command {
    Command::History { room: room("chat:tea"), limit, page }
}

/// What the frame with that name means: the id as JSON, and the command.
fn expected(name: &str) -> (Option<&'static str>, Command) {
    match name {
        "native-join" => (Some("1"), Command::Join(join("chat:tea"))),
        "native-join-back" => (Some("2"), Command::Join(join_back())),
        "native-join-count" => {
            let presence = PresenceMode::Count;
            (None, Command::Join(Join { rewind: 1, presence, ..join("feed:eur") }))
        }
        "native-leave" => (Some("3"), Command::Leave { room: room("chat:tea") }),
        "native-history" => (Some("7"), history(50, Page::Latest)),
        "native-history-before" => (Some("8"), history(1, Page::Before(43))),
        "native-history-after" => (Some("9"), history(50, Page::After(41))),
        "native-presence" => (Some("10"), Command::Presence { room: room("chat:tea") }),
        "native-state" => {
            let data = payload(r#"{"typing":true}"#);
            (Some("11"), Command::State { room: room("chat:tea"), data })
        }
        "native-refresh" => {
            let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl".to_owned();
            (Some("12"), Command::Refresh { token: Token(token) })
        }
        _ => {
            let (id, publish) = expected_publish(name);
            (id, Command::Publish(publish))
        }
    }
}

fn join_back() -> Join {
    Join {
        since: Some(Position { epoch: Epoch(0x5f3a_9c01_d2e4_b687), offset: 41 }),
        rewind: 20,
        presence: PresenceMode::Full,
        state: Some(payload(r#"{"typing":false}"#)),
        ..join("chat:tea")
    }
}

fn expected_publish(name: &str) -> (Option<&'static str>, Publish) {
    let milk = r#"{"text":"Milk or lemon?"}"#;
    match name {
        "native-publish" => (None, publish("chat:tea", milk)),
        "native-publish-retry" => {
            let message_id = Some(MessageId::new("9b2f-1").unwrap());
            let lemon = publish("chat:tea", r#"{"text":"Lemon."}"#);
            (Some("4"), Publish { message_id, ..lemon })
        }
        "native-publish-keyed" => {
            let event = Some(EventName::new("price").unwrap());
            let key = Some(Key::new("EURUSD").unwrap());
            let price = publish("feed:eur", r#"{"bid":1.10,"volume":12345678901234567890}"#);
            (Some(r#""p-5""#), Publish { event, key, echo: false, ..price })
        }
        "native-publish-ephemeral" => {
            let event = Some(EventName::new("typing").unwrap());
            (Some("6"), Publish { event, ephemeral: true, ..publish("chat:tea", "null") })
        }
        "guide-chat" => {
            (None, Publish { claimed_name: Some("Bob".to_owned()), ..publish("tea", milk) })
        }
        "guide-chat-nameless" => (None, publish("tea", milk)),
        other => panic!("say here what {other} means"),
    }
}

variants! { command_name, COMMANDS, Command,
    Command::Join(_) => "join",
    Command::Leave { .. } => "leave",
    Command::Publish(_) => "publish",
    Command::History { .. } => "history",
    Command::Presence { .. } => "presence",
    Command::State { .. } => "state",
    Command::Refresh { .. } => "refresh",
}

fn dialect(golden: &Golden) -> &'static dyn Dialect {
    match golden.endpoint.as_str() {
        "/v1/ws" => &NATIVE,
        "/ws" => &ECHO,
        "/ws/chat/{room}" => &CHAT,
        "/ws/secure" => &SECURE,
        "/ws/reliable" => &RELIABLE,
        other => panic!("{}: no endpoint {other}", golden.name),
    }
}

fn decode(golden: &Golden) -> Decoded {
    let id = Some(UserId::new("ann").unwrap());
    let ann = User { id, name: Some("Ann".into()) };
    let tea = room("tea");
    let context = Context {
        room: (golden.endpoint == "/ws/chat/{room}").then_some(&tea),
        user: (golden.endpoint == "/ws/secure").then_some(&ann),
    };
    dialect(golden).decode(Incoming::Text(&golden.frame), context)
}

fn assert_text(frame: &roomcast_protocol::Frame, name: &str) {
    let golden = files::named(name);
    assert_eq!(golden.direction, Direction::Server, "{name}");
    assert_eq!(std::str::from_utf8(frame.payload()).unwrap(), golden.frame, "{name}");
}

#[test]
fn every_client_frame_means_what_its_file_says() {
    for golden in files::of(Direction::Client) {
        let name = &golden.name;
        match (golden.means.clone().unwrap(), decode(&golden)) {
            (Means::Command(word), Decoded::Command(id, command)) => {
                let (expected_id, expected) = expected(name);
                assert_eq!(command, expected, "{name}");
                assert_eq!(id.as_ref().map(|id| id.as_json()), expected_id, "{name}");
                assert_eq!(command_name(&command), word, "{name}");
            }
            (Means::Answer(answer), Decoded::Answer(frame)) => assert_text(&frame, &answer),
            (Means::Refused(error), Decoded::Refused(id, refusal)) => {
                let reply = Reply::Refused { id, room: None, refusal };
                assert_text(&dialect(&golden).reply(&reply).unwrap(), &error);
            }
            (Means::Nothing(true), Decoded::Nothing) => {}
            (means, decoded) => panic!("{name} should mean {means:?} and means {decoded:?}"),
        }
    }
}

#[test]
fn every_command_has_a_file() {
    let with_file: BTreeSet<String> = files::of(Direction::Client)
        .into_iter()
        .filter(|golden| golden.dialect == "roomcast.v1.json")
        .filter_map(|golden| match golden.means {
            Some(Means::Command(word)) => Some(word),
            _ => None,
        })
        .collect();
    let commands: BTreeSet<String> = COMMANDS.iter().map(|&word| word.to_owned()).collect();
    assert_eq!(with_file, commands);
}
