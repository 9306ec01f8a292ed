//! No log line shows a token, a query or what clients say, however much is logged.

use crate::support::backend::{Backend, KEY, config};
use crate::support::client::Client;
use crate::support::process::Program;
use crate::support::raw::{Raw, frame, handshake};
use crate::support::{http, token};
use rustix::process::Signal;
use serde_json::json;
use std::net::SocketAddr;

const CONFIG: &str =
    "[auth]\ncookie = \"sid\"\n[http]\nallowed_origins = [\"https://app.example\"]\n";

/// Sends the token everywhere where one can stand.
async fn everywhere(addr: SocketAddr, token: &str) {
    let bearer = format!("Bearer {token}");
    let protocol = format!("roomcast.v1.json, roomcast.token.{token}");
    let cookie = format!("sid={token}");
    let query = format!("token={token}&more=querysecret");
    let origin = ("origin", "https://app.example");
    for headers in [
        &[("authorization", bearer.as_str())][..],
        &[("sec-websocket-protocol", protocol.as_str())],
        &[("cookie", cookie.as_str()), origin],
    ] {
        http::get(addr, "/v1/auth/check", headers).await;
        let lines: String = headers.iter().map(|(k, v)| format!("{k}: {v}\r\n")).collect();
        for path in ["/v1/ws", "/ws/chat/tea", "/ws/secure", "/ws/reliable"] {
            let request = handshake(path).replacen("Host", &format!("{lines}Host"), 1);
            http::ask(addr, &request).await;
        }
    }
    for path in ["/v1/ws", "/ws", "/ws/chat/tea", "/ws/secure", "/ws/reliable", "/nothing"] {
        http::ask(addr, &handshake(&format!("{path}?{query}"))).await;
    }
    http::get(addr, &format!("/v1/auth/check?{query}"), &[]).await;
    http::ask(addr, &format!("GET /{token} HTTP/9.9\r\n\r\n")).await;
}

#[tokio::test]
async fn no_token_and_no_query_is_ever_logged() {
    let (program, addr, _) = Program::serve(CONFIG, &[("RUST_LOG", "trace")]).await;
    let good = token::of("ann", "Ann");
    let bad = token::signed("another secret, which is long enough too", json!({"sub": "ann"}));
    for token in [&good, &bad] {
        everywhere(addr, token).await;
    }
    let mut ann = Client::open(addr, &format!("/v1/ws?token={good}"), &[]).await;
    ann.hear_type("welcome").await;
    ann.join("roomsecret").await;
    for token in [&good, &bad] {
        ann.ask(json!({"type": "refresh", "id": 1, "token": token})).await;
    }
    ann.publish("roomsecret", json!("datasecret")).await;
    ann.hear_data().await;
    ann.leave().await;
    let mut raw = Raw::open(addr, &format!("/ws/secure?token={good}")).await;
    raw.send(&frame(0xc1, good.as_bytes())).await;
    raw.must_close_with(1002, "protocol error").await;
    drop(raw);
    program.signal(Signal::TERM);
    let ended = program.end().await;
    assert_eq!(ended.code, Some(0));
    assert!(ended.said.contains("connection closed"), "something is logged");
    let parts = |token: &str| token.split('.').map(str::to_owned).collect::<Vec<_>>();
    let mut secrets = [parts(&good), parts(&bad)].concat();
    secrets.extend(["querysecret", "datasecret", token::SECRET, "token="].map(str::to_owned));
    for secret in secrets {
        let line = ended.said.lines().find(|line| line.contains(&secret));
        assert_eq!(line, None, "{secret}");
    }
}

#[tokio::test]
async fn no_api_key_and_nothing_that_a_backend_says_is_ever_logged() {
    let vars = [("RUST_LOG", "trace")];
    let (program, addr, admin) = Program::serve(&config(CONFIG), &vars).await;
    let (public, operators) = (Backend(addr), Backend(admin));
    let body = json!({"data": "datasecret", "user": {"name": "namesecret"}});
    public.publish("/v1/rooms/roomsecret/messages", body).await;
    public.post("/v1/rooms/tea/messages", r#"{"data":"datasecret","evnt":"namesecret"}"#).await;
    public.read("/v1/rooms?prefix=querysecret").await;
    public.post("/v1/users/usersecret/disconnect", "").await;
    let made = json!({"user": "usersecret", "rooms": {"roomsecret": ["join"]}});
    let made = operators.publish("/v1/tokens", made).await;
    let protocols = format!("roomcast.v1.json, roomcast.token.{KEY}");
    let mut eve = Client::open(admin, "/v1/ws", &[("sec-websocket-protocol", &protocols)]).await;
    eve.hear_type("welcome").await;
    eve.leave().await;
    // Where clients connect a key is no token, and is refused in every place.
    for addr in [addr, admin] {
        everywhere(addr, KEY).await;
        let query = format!("/v1/info?token={KEY}");
        assert_eq!(http::get(addr, &query, &[("cookie", &format!("sid={KEY}"))]).await.status, 401);
    }
    let query = format!("/v1/auth/check?token={KEY}");
    assert_eq!(http::get(addr, &query, &[]).await.status, 401);
    program.signal(Signal::TERM);
    let ended = program.end().await;
    assert_eq!(ended.code, Some(0));
    assert!(ended.said.contains("a user was disconnected"), "something is logged");
    let token = made["token"].as_str().unwrap();
    for secret in [KEY, token, "datasecret", "namesecret", "querysecret", "usersecret"] {
        let line = ended.said.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret}");
    }
}
