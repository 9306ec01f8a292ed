//! Bad frames of the native dialect: each is refused with a word for programs and a sentence
//! that names what is wrong.

use roomcast_protocol::dialect::native::NATIVE;
use roomcast_protocol::dialect::{Context, Decoded};
use roomcast_protocol::{Command, Dialect, ErrorCode, Incoming, RoomName};

pub(crate) fn decode(text: &str) -> Decoded {
    NATIVE.decode(Incoming::Text(text), Context::default())
}

fn nested(levels: usize) -> String {
    "[".repeat(levels) + &"]".repeat(levels)
}

/// The frame is refused, says `fragment`, and carries the id if it has the id 7.
fn refuses(text: &str, code: ErrorCode, fragment: &str) {
    let Decoded::Refused(id, refusal) = decode(text) else { panic!("{text} was taken") };
    assert_eq!(refusal.code, code, "{text}");
    assert!(refusal.message.contains(fragment), "{text}: {}", refusal.message);
    assert!(refusal.message.len() < 600, "{text}: an answer of {}", refusal.message.len());
    let expected = text.contains(r#""id":7,"#).then_some("7");
    assert_eq!(id.as_ref().map(|id| id.as_json()), expected, "{text}");
}

fn bad(text: &str, fragment: &str) {
    refuses(text, ErrorCode::BadRequest, fragment);
}

#[test]
fn the_room_of_the_session_is_told_from_one_that_is_only_written_like_it() {
    // The first one's name has a backslash and an `n`; as JSON that is a line break.
    for (name, text) in
        [(r"a\nb", r#"{"type":"leave","room":"a\nb"}"#), ("tea", r#"{"type":"leave","room":"te"}"#)]
    {
        let room = RoomName::new(name).unwrap();
        let context = Context { room: Some(&room), user: None };
        let decoded = NATIVE.decode(Incoming::Text(text), context);
        assert_eq!(format!("{decoded:?}"), format!("{:?}", decode(text)), "{text}");
    }
    for text in [r#"{"type":"leave","room":"tea"}"#, r#"{"type":"leave","room":"t\u0065a"}"#] {
        let tea = RoomName::new("tea").unwrap();
        let context = Context { room: Some(&tea), user: None };
        let Decoded::Command(_, Command::Leave { room }) =
            NATIVE.decode(Incoming::Text(text), context)
        else {
            panic!("{text}")
        };
        assert_eq!(room, tea);
    }
}

#[test]
fn what_is_no_object() {
    for text in ["", " ", "join", "null", "7", "\"join\"", "[]", "[\"join\"]", "\u{feff}{}", "tru"]
    {
        bad(text, "send one JSON object with a `type`");
    }
    // A struct could be filled from an array by position; it must not be.
    bad(r#"["leave",1,"chat:tea"]"#, "send one JSON object");
    for text in [
        "{",
        "{}}",
        "{} {}",
        "{'type':'ping'}",
        "{type:\"ping\"}",
        r#"{"type":"ping",}"#,
        r#"{"type":"ping"} x"#,
        r#"{"type":"leave","room":"a","x":01}"#,
        r#"{"type":"leave","room":"a","x":+1}"#,
        r#"{"type":"leave","room":"a","x":NaN}"#,
        r#"{"type":"leave","room":"a","x":"\x41"}"#,
        r#"{"type":"leave","room":"a","x":"\u12"}"#,
        "{\"type\":\"leave\",\"room\":\"a\",\"x\":\"line\nfeed\"}",
        "{\"type\":\"leave\",\"room\":\"a\"\u{a0}}",
    ] {
        bad(text, "send one JSON object: ");
    }
}

#[test]
fn binary_frames() {
    for bytes in [&b""[..], br#"{"type":"ping"}"#, &[0xff, 0xfe, 0x00]] {
        let decoded = NATIVE.decode(Incoming::Binary(bytes), Context::default());
        let Decoded::Refused(None, refusal) = decoded else { panic!("{bytes:?} was taken") };
        assert_eq!(refusal.code, ErrorCode::BadRequest);
        assert!(refusal.message.contains("text frames"));
    }
}

#[test]
fn missing_fields() {
    bad("{}", "`type` is missing");
    bad(r#"{"id":7,"room":"a"}"#, "`type` is missing");
    bad(r#"{"id":7,"type":null}"#, "`type` is missing");
    for kind in ["join", "leave", "presence"] {
        bad(&format!(r#"{{"id":7,"type":"{kind}"}}"#), "`room` is missing");
        bad(&format!(r#"{{"id":7,"type":"{kind}","room":null}}"#), "`room` is missing");
    }
    for (frame, fragment) in [
        (r#"{"id":7,"type":"publish","data":1}"#, "`room` is missing"),
        (r#"{"id":7,"type":"publish","room":"a"}"#, "`data` is missing"),
        (r#"{"id":7,"type":"publish","room":"a","Data":1}"#, "`data` is missing"),
        (r#"{"id":7,"type":"state","data":1}"#, "`room` is missing"),
        (r#"{"id":7,"type":"state","room":"a"}"#, "`data` is missing"),
        (r#"{"id":7,"type":"history","limit":1}"#, "`room` is missing"),
        (r#"{"id":7,"type":"history","room":"a"}"#, "`limit` is missing"),
        (r#"{"id":7,"type":"history","room":"a","limit":null}"#, "`limit` is missing"),
        (r#"{"id":7,"type":"refresh"}"#, "`token` is missing"),
    ] {
        bad(frame, fragment);
    }
}

/// Every field with a type, given every JSON type that is not its own.
#[test]
fn wrong_types() {
    const JOIN: &str = r#""type":"join","room":"a""#;
    const PUBLISH: &str = r#""type":"publish","room":"a","data":1"#;
    const HISTORY: &str = r#""type":"history","room":"a","limit":1"#;
    let values = ["\"x\"", "7", "-1", "1.5", "true", "[]", "[1]", "{}", "{\"a\":1}"];
    let is_string = |value: &str| value.starts_with('"');
    let is_bool = |value: &str| value == "true";
    let is_whole = |value: &str| value == "7";
    let never = |_: &str| false;
    type Fits = fn(&str) -> bool;
    let fields: [(&str, &str, &str, Fits); 14] = [
        ("", "type", "`type` must be a string", is_string),
        (r#""type":"leave""#, "room", "`room` must be a string", is_string),
        (r#""type":"refresh""#, "token", "`token` must be a string", is_string),
        (JOIN, "since", "`since` must be {", never),
        (JOIN, "rewind", "`rewind` must be a whole number", is_whole),
        (JOIN, "presence", "`presence` must be \"none\"", never),
        (PUBLISH, "event", "`event` must be a string", is_string),
        (PUBLISH, "message_id", "`message_id` must be a string", is_string),
        (PUBLISH, "key", "`key` must be a string", is_string),
        (PUBLISH, "echo", "`echo` must be true or false", is_bool),
        (PUBLISH, "ephemeral", "`ephemeral` must be true or false", is_bool),
        (r#""type":"history","room":"a""#, "limit", "`limit` must be a whole", is_whole),
        (HISTORY, "before", "`before` must be a whole number", is_whole),
        (HISTORY, "after", "`after` must be a whole number", is_whole),
    ];
    for (rest, field, fragment, fits) in fields {
        let comma = if rest.is_empty() { "" } else { "," };
        for value in values {
            let text = format!(r#"{{"id":7,{rest}{comma}"{field}":{value}}}"#);
            if !fits(value) {
                bad(&text, fragment);
            } else if field != "type" {
                assert!(matches!(decode(&text), Decoded::Command(Some(_), _)), "{text}");
            }
        }
    }
}

#[test]
fn unknown_types_keep_their_id() {
    for id in ["7", "-7", "1.0", "1e3", "12345678901234567890123", "\"\"", r#""\u0041\n\"""#] {
        let text = format!(r#"{{"type":"shout","id":{id},"room":["odd"]}}"#);
        let Decoded::Refused(Some(kept), refusal) = decode(&text) else { panic!("{text}") };
        assert_eq!((kept.as_json(), refusal.code), (id, ErrorCode::UnknownType));
    }
    for kind in ["", "JOIN", "join ", "message", "welcome", "__proto__", "join\\u0000"] {
        refuses(&format!(r#"{{"type":"{kind}"}}"#), ErrorCode::UnknownType, "unknown type `");
    }
    // However long the word, the answer shows only its beginning.
    let long = format!(r#"{{"type":"{}"}}"#, "\\u0007".repeat(10_000));
    refuses(&long, ErrorCode::UnknownType, "send join, leave, publish");
}

#[test]
fn ids_that_are_none() {
    let message = "`id` must be a number or a string of at most 64 bytes";
    let long = "x".repeat(65);
    let umlauts = "ä".repeat(33);
    let digits = "1".repeat(65);
    for id in ["true", "[]", "[1]", "{}", r#"{"id":1}"#, r#""\ud800""#, &digits] {
        bad(&format!(r#"{{"type":"leave","room":"a","id":{id}}}"#), message);
    }
    for id in [long, umlauts] {
        bad(&format!(r#"{{"type":"leave","room":"a","id":"{id}"}}"#), message);
    }
    let longest = "x".repeat(64);
    let text = format!(r#"{{"type":"leave","room":"a","id":"{longest}"}}"#);
    assert!(matches!(decode(&text), Decoded::Command(Some(_), _)));
    let none = decode(r#"{"type":"leave","room":"a","id":null}"#);
    assert!(matches!(none, Decoded::Command(None, _)), "null is no id");
    for kind in ["ping", "pong"] {
        bad(&format!(r#"{{"id":7,"type":"{kind}"}}"#), "take no `id`; use `t`");
    }
    bad(&format!(r#"{{"type":"ping","t":"{}"}}"#, "x".repeat(63)), "`t` must be at most 64 bytes");
}

#[test]
fn positions_out_of_range() {
    for offset in ["-1", "-0", "18446744073709551616", "1.0", "1e2", "\"1\"", "null", "true", "[1]"]
    {
        let since = format!(r#"{{"epoch":"1","offset":{offset}}}"#);
        bad(
            &format!(r#"{{"id":7,"type":"join","room":"a","since":{since}}}"#),
            "`since` must be {",
        );
    }
    for since in [
        r#"{"offset":1}"#,
        r#"{"epoch":"1"}"#,
        r#"{"epoch":1,"offset":1}"#,
        r#"{"epoch":null,"offset":1}"#,
        r#"{"epoch":"1","offset":1,"offset":2}"#,
        r#"["1",1]"#,
        r#""1:1""#,
    ] {
        bad(
            &format!(r#"{{"id":7,"type":"join","room":"a","since":{since}}}"#),
            "`since` must be {",
        );
    }
}

#[test]
fn numbers_out_of_range() {
    for field in ["before", "after"] {
        for number in ["-1", "18446744073709551616", "1.0", "1e2"] {
            let text =
                format!(r#"{{"id":7,"type":"history","room":"a","limit":1,"{field}":{number}}}"#);
            bad(&text, "must be a whole number from 0 to 2^64 - 1");
        }
    }
    for number in ["1001", "4294967297", "18446744073709551615"] {
        bad(
            &format!(r#"{{"id":7,"type":"join","room":"a","rewind":{number}}}"#),
            "`rewind` must be at most 1000",
        );
        bad(
            &format!(r#"{{"id":7,"type":"history","room":"a","limit":{number}}}"#),
            "`limit` must be at most 1000",
        );
    }
    bad(r#"{"id":7,"type":"history","room":"a","limit":1,"before":2,"after":1}"#, "not both");
}

#[test]
fn an_epoch_of_another_making_is_no_error_but_matches_no_room() {
    for epoch in
        ["", "xyz", "-1", "0x1", "11111111111111111", "00000000000000001", "\\ud83c\\udf75"]
    {
        let text =
            format!(r#"{{"type":"join","room":"a","since":{{"epoch":"{epoch}","offset":1}}}}"#);
        let Decoded::Command(None, Command::Join(join)) = decode(&text) else { panic!("{text}") };
        assert_eq!(join.since.unwrap().epoch, roomcast_protocol::Epoch::UNKNOWN, "{epoch}");
    }
}

#[test]
fn duplicate_keys() {
    for text in [
        r#"{"type":"leave","type":"join","room":"a"}"#,
        r#"{"type":"leave","room":"a","room":"b"}"#,
        r#"{"type":"leave","room":"a","r\u006fom":"b"}"#,
        r#"{"type":"publish","room":"a","data":1,"data":null}"#,
        r#"{"type":"leave","room":"a","id":1,"id":2}"#,
    ] {
        bad(text, "duplicate field");
    }
    // What the protocol does not know it ignores, also twice.
    let twice = decode(r#"{"type":"leave","room":"a","x":1,"x":2}"#);
    assert!(matches!(twice, Decoded::Command(..)));
}

#[test]
fn levels() {
    for (frame, fragment) in [
        (r#""type":"publish","room":"a","data":"#, "`data` is nested deeper than 64 levels"),
        (r#""type":"state","room":"a","data":"#, "`data` is nested deeper than 64 levels"),
        (r#""type":"join","room":"a","state":"#, "`state` is nested deeper than 64 levels"),
    ] {
        bad(&format!(r#"{{"id":7,{frame}{}}}"#, nested(65)), fragment);
        let text = format!(r#"{{"id":7,{frame}{}}}"#, nested(64));
        assert!(matches!(decode(&text), Decoded::Command(..)), "64 levels pass: {frame}");
    }
    // So deep that a parser that calls itself would overflow the stack.
    let abyss = nested(1_000_000);
    bad(&format!(r#"{{"id":7,"type":"publish","room":"a","data":{abyss}}}"#), "64 levels");
    bad(&format!(r#"{{"id":7,"type":"join","room":"a","since":{abyss}}}"#), "`since` must be {");
    bad(&format!(r#"{{"type":"leave","room":"a","id":{abyss}}}"#), "`id` must be");
    bad(&format!(r#"{{"id":7,"type":"leave","room":{abyss}}}"#), "`room` must be a string");
    bad(&abyss, "send one JSON object");
    bad(&"{\"a\":".repeat(1_000_000), "send one JSON object");
    let ignored = decode(&format!(r#"{{"type":"leave","room":"a","x":{abyss}}}"#));
    assert!(matches!(ignored, Decoded::Command(..)), "unknown keys are ignored");
}

#[test]
fn names() {
    let long = "x".repeat(201);
    let wide = "茶".repeat(67);
    for (name, fragment) in [
        ("", "room name must not be empty"),
        (" tea", "room name must not begin or end with white space"),
        ("tea ", "room name must not begin or end with white space"),
        ("\\u00a0tea", "room name must not begin or end with white space"),
        ("\\u3000", "room name must not begin or end with white space"),
        ("t\\u0000a", "room name must not contain control characters"),
        ("t\\na", "room name must not contain control characters"),
        ("t\\u007fa", "room name must not contain control characters"),
        ("t\\u0085a", "room name must not contain control characters"),
        ("t\u{9b}a", "room name must not contain control characters"),
        ("*", "room name must not contain `*`"),
        ("chat:*", "room name must not contain `*`"),
        ("chat:\\u002a", "room name must not contain `*`"),
        ("\\ud800", "`room` must be a string"),
        (&long, "room name must be at most 200 bytes"),
        (&wide, "room name must be at most 200 bytes"),
    ] {
        for kind in ["join", "leave", "presence"] {
            bad(&format!(r#"{{"id":7,"type":"{kind}","room":"{name}"}}"#), fragment);
        }
        bad(&format!(r#"{{"id":7,"type":"publish","room":"{name}","data":1}}"#), fragment);
    }
    let long = "x".repeat(65);
    for field in ["event", "message_id", "key"] {
        for (name, fragment) in
            [("", "must not be empty"), (long.as_str(), "at most 64 bytes"), ("a\\tb", "control")]
        {
            let name = format!(r#""{field}":"{name}""#);
            bad(&format!(r#"{{"id":7,"type":"publish","room":"a","data":1,{name}}}"#), fragment);
        }
    }
}

#[test]
fn data_is_passed_on_byte_for_byte() {
    for data in [
        "null",
        "false",
        "-0",
        "1.10",
        "1E+400",
        "123456789012345678901234567890.12345678901234567890",
        r#""\u0041\ud83c\udf75\/""#,
        r#""\ud800""#,
        "\"\u{2028}\u{7f}🍵\"",
        r#"{ "b" : 1 , "a" : [ ] , "b" : 2 }"#,
        "[\n\t1\r\n]",
        r#"{"__proto__":{"type":"welcome"},"":0}"#,
    ] {
        let text = format!(r#" {{ "type" : "publish" , "room" : "a" , "data" : {data} }} "#);
        let Decoded::Command(None, Command::Publish(publish)) = decode(&text) else {
            panic!("{text} was refused")
        };
        assert_eq!(publish.data.as_str(), data);
    }
}

#[test]
fn escapes_mean_what_they_stand_for() {
    let text = r#"{"t\u0079pe":"jo\u0069n","room":"\u8336","presence":"f\u0075ll"}"#;
    let Decoded::Command(None, Command::Join(join)) = decode(text) else { panic!("{text}") };
    assert_eq!(join.room.as_str(), "茶");
    assert_eq!(join.presence, roomcast_protocol::command::PresenceMode::Full);
}
