//! Bad frames of the guide's endpoints.

use roomcast_protocol::dialect::guide::{CHAT, ECHO, Guide, RELIABLE, SECURE};
use roomcast_protocol::dialect::{Context, Decoded};
use roomcast_protocol::{
    Command, Dialect, ErrorCode, Incoming, Message, RoomName, Timestamp, User,
};

fn decode(endpoint: Guide, incoming: Incoming<'_>) -> Decoded {
    let tea = RoomName::new("tea").unwrap();
    endpoint.decode(incoming, Context { room: Some(&tea), user: None })
}

fn refuses(endpoint: Guide, incoming: Incoming<'_>, fragment: &str) {
    let decoded = decode(endpoint, incoming);
    let Decoded::Refused(None, refusal) = decoded else { panic!("{incoming:?} was taken") };
    assert_eq!(refusal.code, ErrorCode::BadRequest, "{incoming:?}");
    assert!(refusal.message.contains(fragment), "{incoming:?}: {}", refusal.message);
}

fn answer(endpoint: Guide, text: &str) -> String {
    let Decoded::Answer(frame) = decode(endpoint, Incoming::Text(text)) else { panic!("{text}") };
    String::from_utf8(frame.payload().to_vec()).unwrap()
}

#[test]
fn binary_frames() {
    for endpoint in [CHAT, SECURE, RELIABLE] {
        refuses(endpoint, Incoming::Binary(b"\x00"), "send text frames");
    }
    let Decoded::Answer(frame) = decode(ECHO, Incoming::Binary(b"\x00\xff")) else { panic!() };
    assert_eq!(frame.as_bytes(), b"\x82\x02\x00\xff", "the echo sends them back");
}

#[test]
fn chat() {
    let deep = format!(r#"{{"text":"a","x":{}1{}}}"#, "[".repeat(65), "]".repeat(65));
    let long = format!(r#"{{"text":"a","user":"{}"}}"#, "x".repeat(201));
    for (text, fragment) in [
        ("", "send a JSON object with a `text`"),
        ("hello", "send a JSON object with a `text`"),
        ("\"hello\"", "send a JSON object with a `text`"),
        ("[\"Bob\",\"hello\"]", "send a JSON object with a `text`"),
        ("null", "send a JSON object with a `text`"),
        ("{", "send a JSON object with a `text`: "),
        (r#"{"text":"a"} x"#, "send a JSON object with a `text`: "),
        (r#"{"text":"a","text":"b"}"#, "duplicate field"),
        ("{}", "`text` is missing"),
        (r#"{"user":"Bob"}"#, "`text` is missing"),
        (r#"{"Text":"a"}"#, "`text` is missing"),
        (r#"{"text":7}"#, "`text` must be a string"),
        (r#"{"text":["a"]}"#, "`text` must be a string"),
        (r#"{"text":{"text":"a"}}"#, "`text` must be a string"),
        (r#"{"text":true}"#, "`text` must be a string"),
        (r#"{"text":"\ud800"}"#, "`text` must be a string"),
        (r#"{"text":"a","user":7}"#, "`user` must be a string"),
        (r#"{"text":"a","user":["Bob"]}"#, "`user` must be a string"),
        (r#"{"text":"a","user":{"name":"Bob"}}"#, "`user` must be a string"),
        (&long, "`user` must be at most 200 bytes"),
        (&deep, "64 levels"),
    ] {
        refuses(CHAT, Incoming::Text(text), fragment);
    }
}

#[test]
fn chat_without_its_room() {
    let decoded = CHAT.decode(Incoming::Text(r#"{"text":"a"}"#), Context::default());
    let Decoded::Refused(None, refusal) = decoded else { panic!("there is no room") };
    assert_eq!(refusal.message, "the room was left");
}

#[test]
fn a_chat_member_cannot_speak_as_the_server() {
    let text = r#"{"type":"system","text":"\u0041\"}","user":"","room":"b","timestamp":"never"}"#;
    let decoded = decode(CHAT, Incoming::Text(text));
    let Decoded::Command(None, Command::Publish(publish)) = decoded else { panic!("refused") };
    assert_eq!(publish.data.as_str(), r#"{"text":"\u0041\"}"}"#);
    assert_eq!((publish.room.as_str(), publish.claimed_name), ("tea", None));
    let message = Message {
        room: publish.room,
        position: None,
        event: None,
        user: Some(User { id: None, name: Some("\"},{".into()) }),
        data: publish.data,
        timestamp: Timestamp::from_millis(0),
        message_id: None,
        key: None,
    };
    assert_eq!(
        std::str::from_utf8(CHAT.message(&message).payload()).unwrap(),
        r#"{"user":"\"},{","text":"A\"}","room":"tea","timestamp":"1970-01-01T00:00:00.000Z"}"#
    );
}

#[test]
fn reliable() {
    for text in ["", "hello", "{", "[1,]", "1 2", "{\"type\":\"pong\"} x", "\u{feff}1", "NaN"] {
        refuses(RELIABLE, Incoming::Text(text), "not JSON: ");
    }
    let deep = "[".repeat(65) + &"]".repeat(65);
    refuses(RELIABLE, Incoming::Text(&deep), "nested deeper than 64 levels");
    refuses(RELIABLE, Incoming::Text(&"[".repeat(1_000_000)), "nested deeper than 64 levels");
    for pong in [r#"{"type":"pong"}"#, r#" { "t":1, "t\u0079pe" : "p\u006fng" } "#] {
        assert!(matches!(decode(RELIABLE, Incoming::Text(pong)), Decoded::Nothing), "{pong}");
    }
    for (text, expected) in [
        (r#"["pong"]"#, r#"Received: ["pong"]"#),
        (r#"{"type":"ping"}"#, r#"Received: {"type":"ping"}"#),
        (r#"{"type":["pong"]}"#, r#"Received: {"type":["pong"]}"#),
        (" 1.10 ", "Received: 1.10"),
        ("[ 12345678901234567890.0 ]", "Received: [12345678901234567890.0]"),
    ] {
        assert_eq!(answer(RELIABLE, text), expected);
    }
}

#[test]
fn any_text_is_echoed_and_greeted() {
    for text in ["", "{", "\0", "🍵", "\u{feff}"] {
        assert_eq!(answer(ECHO, text), format!("Echo: {text}"));
        assert_eq!(answer(SECURE, text), format!("Hello anonymous: {text}"));
    }
}
