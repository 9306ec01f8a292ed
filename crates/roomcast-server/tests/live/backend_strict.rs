//! What a backend's call may say, and that nothing is done where it says more or says it wrongly.

use crate::support::backend::{Backend, KEY, config};
use crate::support::raw::Raw;
use crate::support::{http, setup, token};
use serde_json::json;

const TEA: &str = "/v1/rooms/tea/messages";

#[tokio::test]
async fn a_key_that_is_not_described_is_refused_everywhere() {
    let server = setup(&config("")).start().await;
    let backend = Backend(server.addr());
    let mut ann = server.native_as(&token::of("ann", "Ann")).await;
    for path in ["/v1/info", "/v1/rooms", "/v1/rooms/tea", "/v1/rooms/tea/members", TEA] {
        let answer = backend.get(&format!("{path}?ephemeral=true")).await;
        assert_eq!(answer.error(), (400, "bad_request".into()), "{path}");
    }
    let made = r#"{"user":"ann","rooms":{}}"#;
    for (path, body) in [
        (TEA, r#"{"data":1}"#),
        ("/v1/users/ann/messages", r#"{"data":1}"#),
        ("/v1/users/ann/disconnect", ""),
        ("/v1/tokens", made),
    ] {
        let answer = backend.post(&format!("{path}?ephemeral=true"), body).await;
        assert_eq!(answer.error(), (400, "bad_request".into()), "{path}");
    }
    for body in [r#"{"sesion":"00c0ffee00c0ffee"}"#, r#"{"session":"ann"}"#, "[]", "x"] {
        let answer = backend.post("/v1/users/ann/disconnect", body).await;
        assert_eq!(answer.error(), (400, "bad_request".into()), "{body}");
    }
    ann.must_be_well().await;
    for room in ["tea", "user:ann"] {
        let nothing = json!({"room": room, "members": 0});
        assert_eq!(backend.read(&format!("/v1/rooms/{room}")).await, nothing);
    }
    ann.leave().await;
    server.end().await;
}

#[tokio::test]
async fn one_session_of_a_user_is_closed_and_no_other() {
    let server = setup(&config("")).workers(2).start().await;
    let backend = Backend(server.addr());
    let mut clients = Vec::new();
    for _ in 0..2 {
        clients.push(server.native_as(&token::of("ann", "Ann")).await);
    }
    let listed = backend.read("/v1/sessions?user=ann").await;
    let only = json!({"session": listed["sessions"][0]["session"]}).to_string();
    for (user, closed) in [("bob", 0), ("ann", 1)] {
        let answer = backend.post(&format!("/v1/users/{user}/disconnect"), &only).await;
        assert_eq!((answer.status, answer.json()), (200, json!({"closed": closed})), "{user}");
    }
    server.until_metric("roomcast_connections", 1.0).await;
    let left = backend.read("/v1/sessions?user=ann").await;
    let left = left["sessions"].as_array().unwrap();
    assert_eq!((left.len(), &left[0]["session"]), (1, &listed["sessions"][1]["session"]));
    drop(clients);
    server.end().await;
}

#[tokio::test]
async fn a_percent_that_escapes_nothing_is_refused() {
    let server = setup(&config("")).start().await;
    let backend = Backend(server.addr());
    for path in [
        "/v1/rooms/tea%",
        "/v1/rooms/tea%4/members",
        "/v1/rooms/tea%zz/messages",
        "/v1/sessions?user=%a",
        "/v1/rooms?prefix=50%",
        "/v1/rooms?after=%g1",
    ] {
        let answer = backend.get(path).await;
        assert_eq!(answer.error(), (400, "bad_request".into()), "{path}");
        assert!(answer.body.contains("hexadecimal"), "{path}: {}", answer.body);
    }
    assert_eq!(backend.read("/v1/rooms/50%25").await["room"], "50%");
    server.end().await;
}

#[tokio::test]
async fn no_user_is_a_pattern() {
    let server = setup(&config("")).with_tokens_only().start().await;
    let backend = Backend(server.addr());
    for call in ["messages", "disconnect"] {
        for (user, says) in [("a*", "must not contain `*`"), (&*"x".repeat(196), "195 bytes")] {
            let answer = backend.post(&format!("/v1/users/{user}/{call}"), r#"{"data":1}"#).await;
            assert_eq!(answer.error(), (400, "bad_request".into()), "{call}");
            assert!(answer.body.contains(says), "{}", answer.body);
        }
    }
    let rooms = json!({"user:*": ["join"]});
    let star = token::token(json!({"sub": "*", "rooms": rooms}));
    let bearer = ("authorization", format!("Bearer {star}"));
    let answer = http::get(server.addr(), "/v1/auth/check", &[(bearer.0, &bearer.1)]).await;
    assert_eq!(answer.error(), (401, "unauthorized".into()));
    assert!(answer.body.contains("claim `sub` is wrong"), "{}", answer.body);
    let longest = format!("/v1/users/{}/messages", "x".repeat(195));
    assert_eq!(backend.publish(&longest, json!({"data": 1})).await["offset"], 1);
    server.end().await;
}

#[tokio::test]
async fn a_packed_body_is_refused_for_what_it_is() {
    let server = setup(&config("")).start().await;
    let backend = Backend(server.addr());
    for (coding, status) in [("gzip", 415), ("identity, br", 415), ("Identity", 200)] {
        let headers = [("Content-Encoding", coding)];
        let answer = backend.post_with(TEA, &headers, r#"{"data":1}"#).await;
        assert_eq!(answer.status, status, "{coding}: {}", answer.body);
        if status == 415 {
            assert_eq!(answer.error().1, "unsupported");
            assert_eq!(answer.header("accept-encoding"), "identity");
        }
    }
    let packed = [("Content-Encoding", "gzip")];
    let answer = http::post(server.addr(), "/dev/token", &packed, r#"{"name":"Ann"}"#).await;
    assert_eq!(answer.error(), (415, "unsupported".into()));
    server.end().await;
}

#[tokio::test]
async fn a_pattern_stands_once_in_a_token_that_is_asked_for() {
    let server = setup(&config("")).start().await;
    let rooms = r#"{"tea":["join"],"tea":["publish"]}"#;
    let body = format!(r#"{{"user":"ann","rooms":{rooms}}}"#);
    let dev = format!(r#"{{"name":"Ann","rooms":{rooms}}}"#);
    for answer in [
        Backend(server.addr()).post("/v1/tokens", &body).await,
        http::post(server.addr(), "/dev/token", &[], &dev).await,
    ] {
        assert_eq!(answer.error(), (400, "bad_request".into()));
        assert!(answer.body.contains("`tea` stands twice"), "{}", answer.body);
    }
    server.end().await;
}

#[tokio::test]
async fn a_message_is_as_old_as_its_last_byte() {
    let server = setup(&config("")).start().await;
    let backend = Backend(server.addr());
    let mut slow = Raw::connect(server.addr()).await;
    let body = r#"{"data":"slow"}"#;
    let head = format!(
        "POST {TEA} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\n\
         Expect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    slow.send(head.as_bytes()).await;
    // It is asked for the body: the call has begun.
    assert!(slow.head().await.starts_with("HTTP/1.1 100 "));
    let mut times = Vec::new();
    while times.last() == times.first() || times.len() < 2 {
        backend.publish(TEA, json!({"data": "quick"})).await;
        let page = backend.read(&format!("{TEA}?limit=1")).await;
        times.push(page["messages"][0]["timestamp"].as_str().unwrap().to_owned());
    }
    slow.send(body.as_bytes()).await;
    assert_eq!(http::answer(&mut slow).await.status, 200);
    let page = backend.read(&format!("{TEA}?limit=1")).await;
    let message = &page["messages"][0];
    assert_eq!(message["data"], "slow");
    let stamped = message["timestamp"].as_str().unwrap().to_owned();
    assert!(stamped >= times.pop().unwrap(), "{page}");
    server.end().await;
}
