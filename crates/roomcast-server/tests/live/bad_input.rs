//! What bad input gets, and that nobody else in the room notices anything of it.

use crate::support::client::Client;
use crate::support::{Server, server, setup, token};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

/// A member of the room who must notice nothing.
struct Witness(Client);

impl Witness {
    async fn of(server: &Server) -> Self {
        let mut client = server.native_as(&token::of("wit", "Witness")).await;
        client.join("tea").await;
        Self(client)
    }

    /// The first that it hears is its own message, and nothing was stored before.
    async fn noticed_nothing(mut self) {
        self.0.publish("tea", json!("still here")).await;
        let heard = self.0.hear_type("message").await;
        assert_eq!((&heard["data"], &heard["offset"]), (&json!("still here"), &json!(1)));
        self.0.leave().await;
    }
}

/// Says something wrong and hears the error, which has these keys and no others.
async fn expect_error(client: &mut Client, said: &str, code: &str, id: Value) {
    client.say(said).await;
    let error = client.hear_type("error").await;
    assert_eq!((&error["code"], &error["id"]), (&json!(code), &id), "{said}: {error}");
    assert!(!error["message"].as_str().unwrap().is_empty());
    assert_eq!(error["retry"], false, "{said}");
    client.must_be_well().await;
}

const BROKEN: [&str; 16] = [
    "",
    " ",
    "hello",
    "{",
    "}",
    "null",
    "7",
    "[]",
    r#"["join","tea"]"#,
    r#""join""#,
    r#"{"type":"join","room":"tea"} x"#,
    r#"{"type":"join","type":"leave","room":"tea"}"#,
    r#"{'type':'join'}"#,
    r#"{"type":"join","room":"tea",}"#,
    r#"{"type":"join","room":NaN}"#,
    "{\"type\":\"join\",\"room\":\"a\u{1}b\"}",
];

#[tokio::test]
async fn what_is_no_command_is_answered_and_the_session_goes_on() {
    let server = server().await;
    let witness = Witness::of(&server).await;
    let mut bad = server.member_of("tea").await;
    for broken in BROKEN {
        expect_error(&mut bad, broken, "bad_request", Value::Null).await;
    }
    bad.send(Message::binary(br#"{"type":"join","room":"tea"}"#.to_vec())).await;
    assert_eq!(bad.hear_type("error").await["code"], "bad_request");
    for kind in ["shout", "", "Join", "joined", "welcome", "message", "é\\u0000"] {
        let said = format!(r#"{{"type":"{kind}","id":"x","room":"tea"}}"#);
        expect_error(&mut bad, &said, "unknown_type", json!("x")).await;
    }
    let long = format!(r#"{{"type":"{}"}}"#, "x".repeat(60_000));
    expect_error(&mut bad, &long, "unknown_type", Value::Null).await;
    for id in ["true", "[1]", "{}", "\"\\ud800\"", &format!("\"{}\"", "x".repeat(65))] {
        let said = format!(r#"{{"type":"leave","id":{id},"room":"tea"}}"#);
        expect_error(&mut bad, &said, "bad_request", Value::Null).await;
    }
    witness.noticed_nothing().await;
    bad.hear_data().await;
    bad.leave().await;
    server.end().await;
}

/// The command with each of these values for a key, and without the key.
fn change(mut good: Value, key: &str, values: &[Value]) -> Vec<Value> {
    let with = |value: &Value| {
        good[key] = value.clone();
        good.clone()
    };
    let mut all: Vec<Value> = values.iter().map(with).collect();
    good.as_object_mut().unwrap().remove(key);
    all.push(good);
    all
}

/// Commands in which one thing is wrong; all but the `id`.
fn wrong_commands() -> Vec<Value> {
    let join = || json!({"type": "join", "room": "milk"});
    let publish = || json!({"type": "publish", "room": "tea", "data": 1});
    let history = || json!({"type": "history", "room": "tea", "limit": 1});
    let room = [json!(7), json!(null), json!(["tea"]), json!({}), json!(true)];
    let number = [json!(-1), json!(1.5), json!("1"), json!([]), json!(1001), json!(1e3)];
    let texts =
        [json!(""), json!(7), json!(" x"), json!("x "), json!("a\nb"), json!("x".repeat(65))];
    let flag = [json!("true"), json!(1), json!([])];
    let mut wrong = Vec::new();
    for command in ["leave", "presence"] {
        wrong.extend(change(json!({"type": command}), "room", &room));
    }
    wrong.extend(change(join(), "room", &room));
    wrong.extend(change(history(), "limit", &number));
    wrong.extend(change(history(), "room", &room));
    for (good, key, values) in [
        (join(), "rewind", &number[..]),
        (join(), "presence", &[json!("all"), json!(1), json!(["full"])][..]),
        (history(), "before", &number[..4]),
        (history(), "after", &number[..4]),
        (publish(), "event", &texts[..]),
        (publish(), "message_id", &texts[..]),
        (publish(), "key", &texts[..]),
        (publish(), "echo", &flag[..]),
        (publish(), "ephemeral", &flag[..]),
    ] {
        // Without the optional key it is right.
        let mut changed = change(good, key, values);
        changed.pop();
        wrong.extend(changed);
    }
    wrong.extend(wrong_as_a_whole());
    wrong
}

fn wrong_as_a_whole() -> [Value; 10] {
    [
        json!({"type": "publish", "room": "tea"}),
        json!({"type": "state", "room": "tea"}),
        json!({"type": "refresh"}),
        json!({"type": "refresh", "token": 7}),
        json!({"type": "history", "room": "tea", "limit": 1, "before": 1, "after": 1}),
        json!({"type": "ping"}),
        json!({"type": "pong"}),
        json!({"room": "tea"}),
        json!({"type": 7}),
        json!({"type": null}),
    ]
}

#[tokio::test]
async fn a_missing_or_wrong_key_is_a_bad_request_with_the_id() {
    let server = setup("[limits]\nburst = 10000\n").start().await;
    let witness = Witness::of(&server).await;
    let mut bad = server.member_of("tea").await;
    for (id, mut wrong) in wrong_commands().into_iter().enumerate() {
        wrong["id"] = json!(id);
        expect_error(&mut bad, &wrong.to_string(), "bad_request", json!(id)).await;
    }
    witness.noticed_nothing().await;
    bad.hear_data().await;
    bad.leave().await;
    server.end().await;
}

#[tokio::test]
async fn names_of_rooms_and_depths_of_payloads_have_their_bounds() {
    let server = server().await;
    let witness = Witness::of(&server).await;
    let mut bad = server.member_of("tea").await;
    let long = "x".repeat(201);
    let wide = "é".repeat(101);
    for room in ["", " ", " tea", "tea ", "te*", "*", "a\\u0000", "a\\nb", "\\u0085", &long, &wide]
    {
        for kind in ["join", "leave", "presence"] {
            let said = format!(r#"{{"type":"{kind}","id":1,"room":"{room}"}}"#);
            expect_error(&mut bad, &said, "bad_request", json!(1)).await;
        }
    }
    for room in ["__proto__", &"x".repeat(200), "a/../b", "日本", "a b"] {
        bad.join(room).await;
    }
    let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    let publish =
        |levels| format!(r#"{{"type":"publish","id":2,"room":"日本","data":{}}}"#, nested(levels));
    expect_error(&mut bad, &publish(65), "bad_request", json!(2)).await;
    bad.say(publish(64)).await;
    let heard = [bad.hear_json().await["type"].take(), bad.hear_json().await["type"].take()];
    assert!(heard.contains(&json!("ack")) && heard.contains(&json!("message")));
    let state = format!(r#"{{"type":"state","id":3,"room":"tea","data":{}}}"#, nested(65));
    expect_error(&mut bad, &state, "bad_request", json!(3)).await;
    bad.say(nested(30_000)).await;
    assert_eq!(bad.hear_type("error").await["code"], "bad_request");
    bad.must_be_well().await;
    witness.noticed_nothing().await;
    drop(bad);
    server.end().await;
}

const KINDS: &str = r#"
[limits]
rooms = 3
[[room]]
pattern = "feed:*"
publish = "backend"
presence = "none"
[[room]]
pattern = "mute"
publish = "none"
[[room]]
pattern = "small"
max_members = 1
max_message = "1KiB"
[[room]]
pattern = "*"
"#;

#[tokio::test]
async fn what_is_not_granted_is_refused() {
    let server = setup(KINDS).with_tokens_only().start().await;
    let witness = Witness::of(&server).await;
    let rooms = json!({"tea": ["join"], "feed:*": ["join", "publish", "presence"],
                       "mute": ["join", "publish"], "secret": ["publish"]});
    let mut bad = server.native_as(&token::token(json!({"sub": "ann", "rooms": rooms}))).await;
    for room in ["tea", "feed:eur", "mute"] {
        bad.join(room).await;
    }
    for (kind, room, code) in [
        ("join", "secret", "forbidden"),
        ("join", "teapot", "forbidden"),
        ("join", "tea", "already_joined"),
        ("join", "feed:usd", "limit"),
        ("publish", "tea", "forbidden"),
        ("publish", "feed:eur", "forbidden"),
        ("publish", "mute", "forbidden"),
        ("publish", "secret", "not_joined"),
        ("publish", "feed:usd", "not_joined"),
        ("leave", "secret", "not_joined"),
        ("state", "secret", "not_joined"),
        ("history", "tea", "forbidden"),
        ("history", "secret", "forbidden"),
        ("presence", "tea", "forbidden"),
        ("presence", "secret", "forbidden"),
        ("presence", "feed:eur", "forbidden"),
    ] {
        let said = json!({"type": kind, "id": 1, "room": room, "data": 1, "limit": 1}).to_string();
        expect_error(&mut bad, &said, code, json!(1)).await;
    }
    let left = bad.ask(json!({"type": "leave", "room": "tea"})).await;
    assert_eq!(left["type"], "left");
    let peep = r#"{"type":"join","id":1,"room":"tea","presence":"count"}"#;
    expect_error(&mut bad, peep, "forbidden", json!(1)).await;
    bad.leave().await;
    witness.noticed_nothing().await;
    server.end().await;
}

#[tokio::test]
async fn a_room_has_its_most_members_and_its_largest_message() {
    let server = setup(KINDS).start().await;
    let mut ann = server.member_of("small").await;
    let mut bob = server.native().await;
    expect_error(&mut bob, r#"{"type":"join","room":"small"}"#, "limit", Value::Null).await;
    let large = json!("x".repeat(1_023));
    for kind in ["publish", "state"] {
        let said = json!({"type": kind, "id": 1, "room": "small", "data": large}).to_string();
        expect_error(&mut ann, &said, "too_large", json!(1)).await;
    }
    ann.publish("small", json!("x".repeat(1_022))).await;
    assert_eq!(ann.hear_type("message").await["offset"], 1);
    ann.leave().await;
    // The place is free again as soon as the server has noticed.
    server.until_metric("roomcast_memberships", 0.0).await;
    bob.join("small").await;
    bob.leave().await;
    server.end().await;
}

/// What is no position, also with the true epoch in the place of the `E`.
const NO_POSITIONS: [&str; 14] = [
    r#"{"epoch":"E","offset":-1}"#,
    r#"{"epoch":"E","offset":18446744073709551616}"#,
    r#"{"epoch":"E","offset":1e400}"#,
    r#"{"epoch":"E","offset":1.5}"#,
    r#"{"epoch":"E","offset":"1"}"#,
    r#"{"epoch":"E","offset":null}"#,
    r#"{"epoch":"E"}"#,
    r#"{"offset":1}"#,
    r#"{"epoch":7,"offset":1}"#,
    r#"["E",1]"#,
    r#""E""#,
    "7",
    "[]",
    "{}",
];

#[tokio::test]
async fn a_hostile_position_finds_nothing_and_breaks_nothing() {
    let server = server().await;
    let witness = Witness::of(&server).await;
    let mut ann = server.native().await;
    let epoch = ann.join("tea").await["epoch"].as_str().unwrap().to_owned();
    ann.ask(json!({"type": "leave", "room": "tea"})).await;
    for since in NO_POSITIONS {
        let since = since.replace('E', &epoch);
        let said = format!(r#"{{"type":"join","id":1,"room":"tea","since":{since}}}"#);
        expect_error(&mut ann, &said, "bad_request", json!(1)).await;
    }
    let most = u64::MAX.to_string();
    for (epoch, offset) in [
        (&*epoch, "1"),
        (&epoch, &most),
        ("ffffffffffffffff", "0"),
        ("0", &most),
        ("", "0"),
        ("not an epoch", "1"),
        (&"f".repeat(10_000), "1"),
    ] {
        let since = format!(r#"{{"epoch":"{epoch}","offset":{offset}}}"#);
        ann.say(format!(r#"{{"type":"join","room":"tea","since":{since}}}"#)).await;
        let joined = ann.hear_type("joined").await;
        assert_eq!((&joined["recovered"], &joined["reason"]), (&json!(false), &json!("epoch")));
        assert_eq!((&joined["messages"], &joined["offset"]), (&json!([]), &json!(0)));
        ann.ask(json!({"type": "leave", "room": "tea"})).await;
    }
    for edge in ["before", "after"] {
        let said = format!(r#"{{"type":"history","room":"tea","limit":1000,"{edge}":{most}}}"#);
        ann.say(said).await;
        assert_eq!(ann.hear_type("history").await["messages"], json!([]));
    }
    witness.noticed_nothing().await;
    ann.leave().await;
    server.end().await;
}

#[tokio::test]
async fn too_many_commands_are_refused_for_a_while_and_for_nobody_else() {
    let server = setup("[limits]\ncommands_per_second = 1\nburst = 3\n").start().await;
    let witness = Witness::of(&server).await;
    let mut ann = server.native().await;
    for _ in 0..20 {
        ann.tell(json!({"type": "leave", "id": 1, "room": "tea"})).await;
    }
    let mut limited = None;
    for _ in 0..20 {
        let error = ann.hear_type("error").await;
        if error["code"] == "rate_limited" {
            limited = Some(error);
        } else {
            assert_eq!(error["code"], "not_joined");
        }
    }
    let limited = limited.unwrap();
    assert_eq!((&limited["retry"], &limited["id"]), (&json!(true), &json!(1)));
    assert!((1..=1_000).contains(&limited["retry_after_ms"].as_u64().unwrap()), "{limited}");
    ann.must_be_well().await;
    witness.noticed_nothing().await;
    ann.leave().await;
    server.end().await;
}

#[tokio::test]
async fn a_bad_token_in_a_refresh_changes_nothing() {
    let server = setup("[auth]\naudience = \"rooms\"\nissuer = \"us\"\n").start().await;
    let good = json!({"sub": "ann", "aud": "rooms", "iss": "us", "rooms": token::everything()});
    let mut ann = server.native_as(&token::token(good)).await;
    ann.join("tea").await;
    for (why, token) in token::refused() {
        let said = json!({"type": "refresh", "id": why, "token": token}).to_string();
        expect_error(&mut ann, &said, "unauthorized", json!(why)).await;
    }
    let huge = json!({"type": "refresh", "id": 1, "token": "x".repeat(20_000)}).to_string();
    expect_error(&mut ann, &huge, "unauthorized", json!(1)).await;
    ann.publish("tea", json!("still mine")).await;
    assert_eq!(ann.hear_data().await, "still mine");
    ann.leave().await;
    server.end().await;
}
