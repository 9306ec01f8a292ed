//! What holds for any input.

use crate::native::decode;
use proptest::prelude::*;
use roomcast_protocol::dialect::guide::{CHAT, ECHO, RELIABLE, SECURE};
use roomcast_protocol::dialect::native::NATIVE;
use roomcast_protocol::dialect::{Context, Decoded};
use roomcast_protocol::push::{Member, PresenceChange};
use roomcast_protocol::reply::Joined;
use roomcast_protocol::{
    Command, CommandId, Dialect, Epoch, ErrorCode, EventName, Frame, Incoming, Message, MessageId,
    Payload, Position, Push, Refusal, Reply, RoomName, SessionId, Timestamp, User, UserId,
};
use serde_json::Value;
use std::sync::Arc;

/// JSON as people and machines write it: odd numbers, escapes, white space, doubled keys.
fn json() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,4})?",
        any::<i64>().prop_map(|number| number.to_string()),
    ];
    let string = prop_oneof![
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
        r#""(\\u[0-9a-fA-F]{4}|\\[\\"/bfnrt]|[a-z \[\]{}])*""#,
    ];
    let word = prop_oneof![Just("null"), Just("true"), Just("false")].prop_map(str::to_owned);
    let space = "[ \t\n\r]{0,2}";
    prop_oneof![number, string.clone(), word].prop_recursive(6, 40, 5, move |inner| {
        let item = (space, inner, space).prop_map(|(before, json, after)| before + &json + &after);
        let pair = (string.clone(), item.clone()).prop_map(|(key, json)| key + ":" + &json);
        prop_oneof![
            prop::collection::vec(item, 0..5).prop_map(|all| format!("[{}]", all.join(","))),
            prop::collection::vec(pair, 0..5).prop_map(|all| format!("{{{}}}", all.join(","))),
        ]
    })
}

fn payload() -> impl Strategy<Value = Payload> {
    json().prop_map(|json| Payload::parse(&json).unwrap())
}

/// Names that the rules allow, with quotes, backslashes and every script among them.
fn valid<T>(new: impl Fn(&str) -> Option<T>) -> impl Strategy<Value = T>
where
    T: std::fmt::Debug,
{
    any::<String>().prop_filter_map("a valid name", move |text| {
        let short: String = text.chars().take(12).collect();
        new(&short)
    })
}

fn room() -> impl Strategy<Value = RoomName> {
    valid(|text| RoomName::new(text).ok())
}

fn user() -> impl Strategy<Value = Option<User>> {
    let id = prop::option::of(valid(|text| UserId::new(text).ok()));
    let name = prop::option::of(any::<String>().prop_map(Into::into));
    prop::option::of((id, name).prop_map(|(id, name)| User { id, name }))
}

fn message() -> impl Strategy<Value = Message> {
    let position = prop::option::of((any::<u64>(), any::<u64>()));
    let event = prop::option::of(valid(|text| EventName::new(text).ok()));
    let message_id = prop::option::of(valid(|text| MessageId::new(text).ok()));
    let parts = (room(), position, event, user(), payload(), any::<i64>(), message_id);
    parts.prop_map(|(room, position, event, user, data, millis, message_id)| Message {
        room,
        position: position.map(|(epoch, offset)| Position { epoch: Epoch(epoch), offset }),
        event,
        user,
        data,
        timestamp: Timestamp::from_millis(millis),
        message_id,
        key: None,
    })
}

fn member() -> impl Strategy<Value = Member> {
    (any::<u64>(), user(), prop::option::of(payload())).prop_map(|(session, user, state)| Member {
        session: SessionId(session),
        user,
        state,
    })
}

fn members() -> impl Strategy<Value = Vec<Member>> {
    prop::collection::vec(member(), 0..3)
}

fn text(frame: &Frame) -> &str {
    std::str::from_utf8(frame.payload()).expect("a text frame is UTF-8")
}

/// Checks that the text is one JSON object with that type. The payloads inside may be JSON that
/// a tree cannot hold (half surrogates, huge numbers), so only the top is read.
fn assert_frame(frame: &Frame, kind: &str) {
    #[derive(serde::Deserialize)]
    struct Typed {
        r#type: String,
    }
    let text = text(frame);
    let typed: Typed = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(typed.r#type, kind);
    assert!(Payload::parse(text).is_ok(), "{text}");
}

/// The raw text of one key of an object.
fn raw(text: &str, key: &str) -> Option<String> {
    let object: std::collections::HashMap<String, Box<serde_json::value::RawValue>> =
        serde_json::from_str(text).unwrap();
    object.get(key).map(|raw| raw.get().to_owned())
}

fn decode_everywhere(incoming: Incoming<'_>) {
    let room = RoomName::new("tea").unwrap();
    let dialects: [&dyn Dialect; 5] = [&NATIVE, &ECHO, &CHAT, &SECURE, &RELIABLE];
    for dialect in dialects {
        for room in [None, Some(&room)] {
            match dialect.decode(incoming, Context { room, user: None }) {
                // What is refused can be said, in JSON.
                Decoded::Refused(id, refusal) => {
                    let reply = Reply::Refused { id, room: None, refusal };
                    assert_frame(&dialect.reply(&reply).unwrap(), "error");
                }
                Decoded::Answer(frame) => assert!(frame.len() >= 2),
                Decoded::Command(..) | Decoded::Nothing => {}
            }
        }
    }
}

/// Text that looks like commands: known words in odd places.
fn command_like() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec![
        "type",
        "id",
        "room",
        "data",
        "event",
        "message_id",
        "key",
        "echo",
        "ephemeral",
        "since",
        "rewind",
        "presence",
        "state",
        "limit",
        "before",
        "after",
        "token",
        "t",
        "user",
        "text",
    ]);
    let kind = prop::sample::select(vec![
        "\"join\"",
        "\"leave\"",
        "\"publish\"",
        "\"history\"",
        "\"presence\"",
        "\"state\"",
        "\"refresh\"",
        "\"ping\"",
        "\"pong\"",
    ]);
    let value = prop_oneof![json(), kind.clone().prop_map(str::to_owned), Just("1".to_owned())];
    let pair = (key, value).prop_map(|(key, value)| format!("\"{key}\":{value}"));
    (kind, prop::collection::vec(pair, 0..6)).prop_map(|(kind, pairs)| {
        format!("{{\"type\":{kind},{}}}", pairs.join(",")).replace(",}", "}")
    })
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(text in any::<String>()) {
        decode_everywhere(Incoming::Text(&text));
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in any::<Vec<u8>>()) {
        decode_everywhere(Incoming::Binary(&bytes));
    }

    #[test]
    fn anything_like_a_command_is_read_without_a_panic(text in command_like(), cut in any::<prop::sample::Index>()) {
        decode_everywhere(Incoming::Text(&text));
        let end = (0..=cut.index(text.len() + 1)).rev().find(|&at| text.is_char_boundary(at));
        decode_everywhere(Incoming::Text(&text[..end.unwrap_or(0)]));
    }

    #[test]
    fn a_publish_keeps_its_data_to_the_byte(room in room(), data in json(), id in json()) {
        let name = serde_json::to_string(room.as_str()).unwrap();
        let frame = format!(r#"{{"data":{data},"id":{id},"type":"publish","room":{name}}}"#);
        // Any JSON may stand for the id: then it is kept as it is, or it is refused.
        match (decode(&frame), CommandId::from_json(&id)) {
            (Decoded::Command(kept, Command::Publish(publish)), known) => {
                prop_assert_eq!(publish.data.as_str(), &data);
                prop_assert_eq!(publish.room, room);
                prop_assert_eq!(kept, known);
            }
            (Decoded::Refused(None, refusal), None) => prop_assert!(refusal.message.contains("`id`")),
            (decoded, _) => prop_assert!(false, "{decoded:?}"),
        }
    }

    #[test]
    fn a_message_is_json_with_its_data_to_the_byte(message in message()) {
        let frame = NATIVE.message(&message);
        assert_frame(&frame, "message");
        let text = text(&frame);
        prop_assert_eq!(raw(text, "data").unwrap(), message.data.as_str());
        let room = raw(text, "room").unwrap();
        prop_assert_eq!(serde_json::from_str::<String>(&room).unwrap(), message.room.as_str());
        prop_assert_eq!(raw(text, "offset"), message.offset().map(|offset| offset.to_string()));
    }

    #[test]
    fn the_guide_reads_of_any_message_four_texts(message in message()) {
        let frame = CHAT.message(&message);
        let value: Value = serde_json::from_str(text(&frame)).unwrap();
        let object = value.as_object().unwrap();
        let keys: Vec<&str> = object.keys().map(String::as_str).collect();
        prop_assert_eq!(keys.len(), 4, "{:?}", keys);
        for key in ["user", "text", "room", "timestamp"] {
            prop_assert!(object[key].is_string());
        }
        prop_assert_eq!(object["room"].as_str(), Some(message.room.as_str()));
    }

    #[test]
    fn replies_are_json_with_their_type(
        message in message(), members in members(), says in any::<String>(), number in any::<u64>()
    ) {
        let id = CommandId::from_json(&serde_json::to_string(&message.room.as_str()).unwrap());
        let room = message.room.clone();
        let position = Position { epoch: Epoch(number), offset: number };
        let messages = vec![NATIVE.message(&message); 2];
        let members: Option<Arc<[Member]>> = Some(members.into());
        let joined = Joined {
            room: room.clone(), position, recovered: true, reason: None,
            messages: messages.clone(), members: members.clone(), count: Some(0),
        };
        let refusal = Refusal::new(ErrorCode::Internal, says);
        for (kind, reply) in [
            ("joined", Reply::Joined(id.clone(), Box::new(joined))),
            ("history", Reply::History { id: id.clone(), room: room.clone(), messages, more: true }),
            ("presence", Reply::Presence { id: id.clone(), room: room.clone(), members, count: 0 }),
            ("left", Reply::Left(id.clone(), room.clone(), Some(ErrorCode::Forbidden))),
            ("error", Reply::Refused { id: id.clone(), room: Some(room), refusal }),
        ] {
            let frame = NATIVE.reply(&reply).unwrap();
            assert_frame(&frame, kind);
            let kept = raw(text(&frame), "id");
            prop_assert_eq!(kept.as_deref(), id.as_ref().map(CommandId::as_json));
            if let Some(frame) = CHAT.reply(&reply) {
                assert_frame(&frame, "error");
            }
        }
    }

    #[test]
    fn presence_is_json_with_its_type(
        room in room(), joined in members(), left in members(), changed in members(),
        only_count in any::<bool>()
    ) {
        let gone = left.len();
        let change = PresenceChange { joined, left, changed, members: None, count: 3, only_count };
        let push = Push::Presence { room, change: Arc::new(change), only_count: false };
        assert_frame(&NATIVE.push(&push).unwrap(), "presence");
        let told = CHAT.push(&push).map_or(0, |frame| frame.len() / 38);
        prop_assert_eq!(told, if only_count { 0 } else { gone });
    }

    #[test]
    fn the_header_is_right_for_any_length(length in 0usize..200_000, near in 0usize..4) {
        for length in [length, 124 + near, 65_534 + near] {
            let payload = vec![b'x'; length];
            let frame = Frame::binary(&payload);
            let bytes = frame.as_bytes();
            // RFC 6455, section 5.2, read from its own words: the shortest form, no mask.
            let (claimed, header) = match bytes[1] {
                126 => (u64::from(u16::from_be_bytes([bytes[2], bytes[3]])), 4),
                127 => (u64::from_be_bytes(bytes[2..10].try_into().unwrap()), 10),
                short => (u64::from(short), 2),
            };
            prop_assert_eq!(bytes[0], 0x82);
            prop_assert_eq!(claimed, length as u64);
            prop_assert_eq!(header, if length < 126 { 2 } else if length < 65_536 { 4 } else { 10 });
            prop_assert_eq!(&bytes[header..], payload.as_slice());
            prop_assert_eq!(frame.payload(), payload.as_slice());
        }
    }
}
