//! The guide's endpoints, to the letter.

use crate::support::client::{Client, refused};
use crate::support::raw::{Raw, TEXT};
use crate::support::{http, server, setup, token, within};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

/// A message of the chat as it must stand on the wire, but for the time, which is checked here.
fn without_time(message: &str) -> String {
    let (head, time) = message.rsplit_once(r#","timestamp":""#).unwrap();
    let time = time.strip_suffix("\"}").unwrap();
    let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(shape, "0000-00-00T00:00:00.000Z");
    format!("{head}}}")
}

async fn hear_chat(client: &mut Client) -> String {
    without_time(&client.hear().await)
}

#[tokio::test]
async fn echo_answers_a_text_and_sends_a_binary_frame_back() {
    let server = server().await;
    let mut client = server.connect("/ws").await;
    for text in ["hello", "", "{\"type\":\"ping\"}", "Grüße 🍵", "a\u{0}b"] {
        client.say(text).await;
        assert_eq!(client.hear().await, format!("Echo: {text}"));
    }
    let bytes: Vec<u8> = (0..=255).cycle().take(60_000).collect();
    client.send(Message::binary(bytes.clone())).await;
    assert_eq!(client.next().await, Some(Message::binary(bytes)));
    client.leave().await;
    server.end().await;
}

#[tokio::test]
async fn what_one_says_in_the_chat_every_member_hears_the_sender_too() {
    let server = server().await;
    let mut ann = server.connect("/ws/chat/tea").await;
    let mut bob = server.connect("/ws/chat/tea").await;
    let mut else_where = server.connect("/ws/chat/coffee").await;
    let said = r#"{"user":"Bob","text":"Milk \"or\" lemon?\nSay!","more":[1]}"#;
    let heard = r#"{"user":"Bob","text":"Milk \"or\" lemon?\nSay!","room":"tea"}"#;
    bob.say(said).await;
    assert_eq!(hear_chat(&mut bob).await, heard);
    assert_eq!(hear_chat(&mut ann).await, heard);
    for nameless in [r#"{"text":"x"}"#, r#"{"user":null,"text":"x"}"#, r#"{"user":"","text":"x"}"#]
    {
        ann.say(nameless).await;
        let heard = r#"{"user":"anonymous","text":"x","room":"tea"}"#;
        assert_eq!(hear_chat(&mut bob).await, heard, "{nameless}");
        assert_eq!(hear_chat(&mut ann).await, heard, "{nameless}");
    }
    else_where.say(r#"{"text":"first here"}"#).await;
    let heard = hear_chat(&mut else_where).await;
    assert_eq!(heard, r#"{"user":"anonymous","text":"first here","room":"coffee"}"#);
    drop((ann, bob, else_where));
    server.end().await;
}

#[tokio::test]
async fn on_an_authenticated_socket_the_name_is_the_tokens() {
    let server = server().await;
    let named = format!("/ws/chat/named?token={}", token::of("ann", "Ann"));
    let nameless = token::token(json!({"sub": "ann-7", "rooms": token::everything()}));
    let nameless = format!("/ws/chat/nameless?token={nameless}");
    for (path, room, name) in [(named, "named", "Ann"), (nameless, "nameless", "ann-7")] {
        let mut ann = server.connect(&path).await;
        for said in [r#"{"user":"Bob","text":"Me."}"#, r#"{"text":"Me."}"#] {
            ann.say(said).await;
            let heard = format!(r#"{{"user":"{name}","text":"Me.","room":"{room}"}}"#);
            assert_eq!(hear_chat(&mut ann).await, heard);
        }
        ann.leave().await;
    }
    server.end().await;
}

#[tokio::test]
async fn when_a_member_goes_the_others_get_one_notice() {
    let server = server().await;
    let mut ann = server.connect("/ws/chat/tea").await;
    for kindly in [true, false] {
        let mut bob = server.connect("/ws/chat/tea").await;
        bob.say(r#"{"text":"bye"}"#).await;
        hear_chat(&mut ann).await;
        if kindly {
            bob.leave().await;
        } else {
            drop(bob);
        }
        assert_eq!(ann.hear().await, r#"{"type":"system","text":"User left"}"#);
    }
    ann.say(r#"{"text":"alone"}"#).await;
    assert_eq!(hear_chat(&mut ann).await, r#"{"user":"anonymous","text":"alone","room":"tea"}"#);
    ann.leave().await;
    server.end().await;
}

#[tokio::test]
async fn a_room_in_a_path_is_percent_encoded() {
    let server = server().await;
    let mut guide = server.connect("/ws/chat/caf%C3%A9%20au%20lait%2Fx?y=z").await;
    let mut native = server.member_of("café au lait/x").await;
    guide.say(r#"{"text":"here"}"#).await;
    assert_eq!(native.hear_data().await, json!({"text": "here"}));
    let heard = r#"{"user":"anonymous","text":"here","room":"café au lait/x"}"#;
    assert_eq!(hear_chat(&mut guide).await, heard);
    let long = "x".repeat(201);
    for bad in ["%FF", "%20tea", "tea%20", "a%2A", "a*", "%00", "%0A", &long] {
        let path = format!("/ws/chat/{bad}");
        assert_eq!(refused(server.addr(), &path, &[]).await, (400, "bad_request".into()), "{bad}");
    }
    assert_eq!(refused(server.addr(), "/ws/chat/", &[]).await, (404, "not_found".into()));
    drop((guide, native));
    server.end().await;
}

/// What is no message of the chat.
const WRONG: [&str; 19] = [
    "",
    "hello",
    "{",
    "[]",
    "[\"Bob\",\"hi\"]",
    "null",
    "7",
    "\"text\"",
    "{}",
    r#"{"user":"Bob"}"#,
    r#"{"text":null}"#,
    r#"{"text":7}"#,
    r#"{"text":["x"]}"#,
    r#"{"text":{"text":"x"}}"#,
    r#"{"text":"\ud800"}"#,
    r#"{"user":7,"text":"x"}"#,
    r#"{"user":["x"],"text":"x"}"#,
    r#"{"text":"x"} {"text":"y"}"#,
    r#"{"text":"x","text":"y"}"#,
];

#[tokio::test]
async fn a_wrong_frame_is_an_error_on_that_socket_alone() {
    let server = server().await;
    let mut ann = server.connect("/ws/chat/tea").await;
    let mut bob = server.connect("/ws/chat/tea").await;
    let long = json!({"user": "x".repeat(201), "text": "x"}).to_string();
    let deep = format!(r#"{{"text":"x","more":{}{}}}"#, "[".repeat(64), "]".repeat(64));
    for wrong in WRONG.into_iter().chain([&*long, &*deep]) {
        ann.say(wrong).await;
        let error = ann.hear_json().await;
        assert_eq!((&error["type"], &error["code"]), (&json!("error"), &json!("bad_request")));
        assert!(error["message"].is_string() && error.as_object().unwrap().len() == 3, "{error}");
    }
    ann.send(Message::binary(br#"{"text":"x"}"#.to_vec())).await;
    assert_eq!(ann.hear_type("error").await["code"], "bad_request");
    ann.say(r#"{"text":"good"}"#).await;
    let heard = r#"{"user":"anonymous","text":"good","room":"tea"}"#;
    assert_eq!(hear_chat(&mut ann).await, heard);
    assert_eq!(hear_chat(&mut bob).await, heard, "bob noticed nothing of it");
    drop((ann, bob));
    server.end().await;
}

#[tokio::test]
async fn a_guide_client_and_a_native_one_hear_each_other() {
    let server = server().await;
    let mut guide = server.connect("/ws/chat/tea").await;
    let mut native = server.native_as(&token::of("ann", "Ann")).await;
    native.join("tea").await;
    guide.say(r#"{"user":"Bob","text":"Milk?"}"#).await;
    let heard = native.hear_type("message").await;
    assert_eq!(
        (&heard["data"], &heard["user"]),
        (&json!({"text": "Milk?"}), &json!({"name": "Bob"}))
    );
    assert_eq!(heard["offset"], 1);
    assert_eq!(hear_chat(&mut guide).await, r#"{"user":"Bob","text":"Milk?","room":"tea"}"#);
    for (data, text) in [
        (r#"{"text":"Lemon.","x":1}"#, r#""Lemon.""#),
        (r#""Lemon.""#, r#""Lemon.""#),
        (r#"{"bid":1.10}"#, r#""{\"bid\":1.10}""#),
        (r#"{"text":7}"#, r#""{\"text\":7}""#),
        ("null", r#""null""#),
    ] {
        native.say(format!(r#"{{"type":"publish","room":"tea","data":{data}}}"#)).await;
        let heard = format!(r#"{{"user":"Ann","text":{text},"room":"tea"}}"#);
        assert_eq!(hear_chat(&mut guide).await, heard);
        native.hear_type("message").await;
    }
    native.ask(json!({"type": "leave", "room": "tea"})).await;
    assert_eq!(guide.hear().await, r#"{"type":"system","text":"User left"}"#);
    drop((guide, native));
    server.end().await;
}

const RULES: &str = "[auth]\naudience = [\"rooms\", \"more\"]\nissuer = \"us\"\n";

#[tokio::test]
async fn secure_verifies_before_there_is_a_socket() {
    let server = setup(RULES).start().await;
    let addr = server.addr();
    assert_eq!(refused(addr, "/ws/secure", &[]).await, (401, "unauthorized".into()));
    assert_eq!(refused(addr, "/ws/secure?token=", &[]).await, (401, "unauthorized".into()));
    for (why, token) in token::refused() {
        let code = if why == "expired" { "token_expired" } else { "unauthorized" };
        let path = format!("/ws/secure?token={token}");
        assert_eq!(refused(addr, &path, &[]).await, (401, code.into()), "{why}: {token}");
    }
    assert_eq!(server.metric("roomcast_connections_opened_total").await, 0.0);
    let good = json!({"sub": "ann", "name": "Ann", "aud": ["x", "rooms"], "iss": "us"});
    let mut ann = server.connect(&format!("/ws/secure?token={}", token::token(good))).await;
    ann.say("hello").await;
    assert_eq!(ann.hear().await, "Hello Ann: hello");
    ann.send(Message::binary(vec![1])).await;
    assert_eq!(ann.hear_type("error").await["code"], "bad_request");
    ann.leave().await;
    let nameless = json!({"sub": "ann-7", "aud": "more", "iss": "us"});
    let bearer = format!("bearer {}", token::token(nameless));
    let mut ann = Client::open(addr, "/ws/secure", &[("authorization", &bearer)]).await;
    ann.say("hello").await;
    assert_eq!(ann.hear().await, "Hello ann-7: hello");
    drop(ann);
    server.end().await;
}

const LIVELY: &str = "[heartbeat]\ninterval = \"100ms\"\ntimeout = \"1h\"\n";

#[tokio::test]
async fn reliable_pings_on_a_schedule_and_sends_json_back_compact() {
    let server = setup(LIVELY).start().await;
    let mut client = server.connect("/ws/reliable").await;
    for _ in 0..3 {
        // The client talks all the time, and is pinged all the same.
        client.say(r#"{"type":"pong"}"#).await;
        assert_eq!(client.hear().await, r#"{"type":"ping"}"#);
    }
    let answer = async |client: &mut Client, said: &str| {
        client.say(said).await;
        within(async {
            loop {
                let heard = client.hear().await;
                if heard != r#"{"type":"ping"}"# {
                    return heard;
                }
            }
        })
        .await
    };
    for (said, heard) in [
        ("{ \"order\": 7, \"note\": \"two  spaces\" }", r#"{"order":7,"note":"two  spaces"}"#),
        (" [1.10 , 12345678901234567890 ]\n", "[1.10,12345678901234567890]"),
        ("null", "null"),
        (r#"{"type":"ping"}"#, r#"{"type":"ping"}"#),
        (r#"{"type":"pong!"}"#, r#"{"type":"pong!"}"#),
        (r#"["pong"]"#, r#"["pong"]"#),
    ] {
        assert_eq!(answer(&mut client, said).await, format!("Received: {heard}"));
    }
    let deep = "[".repeat(65) + &"]".repeat(65);
    for wrong in ["hello", "", "{", &deep, "1 2"] {
        let error: Value = serde_json::from_str(&answer(&mut client, wrong).await).unwrap();
        assert_eq!((&error["type"], &error["code"]), (&json!("error"), &json!("bad_request")));
    }
    client.send(Message::binary(vec![1])).await;
    assert!(answer(&mut client, "1").await.contains("bad_request"));
    drop(client);
    server.end().await;
}

#[tokio::test]
async fn a_silent_client_is_closed_at_the_deadline_and_nothing_of_it_stays() {
    let server = setup("[heartbeat]\ninterval = \"100ms\"\ntimeout = \"200ms\"\n").start().await;
    let mut reliable = Raw::open(server.addr(), "/ws/reliable").await;
    // More pings may come before the deadline.
    let mut frame = reliable.frame().await;
    assert_eq!(frame, (TEXT, br#"{"type":"ping"}"#.to_vec()));
    within(async {
        while frame.0 == TEXT {
            frame = reliable.frame().await;
        }
    })
    .await;
    assert_eq!(&frame.1[2..], b"no sign of life");
    reliable.must_end().await;
    for path in ["/ws", "/ws/chat/tea"] {
        let mut silent = Raw::open(server.addr(), path).await;
        assert_eq!(silent.frame().await, (9, Vec::new()), "{path}: a ping of the protocol");
        silent.must_close_with(4003, "no sign of life").await;
    }
    drop(reliable);
    server.until_metric("roomcast_connections", 0.0).await;
    server.until_metric("roomcast_memberships", 0.0).await;
    server.until_metric("roomcast_sockets", 0.0).await;
    let closed = r#"roomcast_connections_closed_total{reason="no sign of life"}"#;
    assert_eq!(server.metric(closed).await, 3.0);
    server.end().await;
}

#[tokio::test]
async fn the_endpoints_of_the_guide_can_be_left_out() {
    let server = setup("[guide]\nenabled = false\n").start().await;
    for path in ["/ws", "/ws/chat/tea", "/ws/secure", "/ws/reliable"] {
        assert_eq!(http::get(server.addr(), path, &[]).await.error(), (404, "not_found".into()));
    }
    server.native().await.leave().await;
    server.end().await;
}
