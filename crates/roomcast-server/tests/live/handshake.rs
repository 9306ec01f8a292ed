//! Who is refused before there is a socket, and how it is told.

use crate::support::client::{Client, refused};
use crate::support::raw::handshake;
use crate::support::{http, server, setup, token};
use serde_json::json;

#[tokio::test]
async fn each_refusal_has_its_status_and_the_one_shape() {
    let server = server().await;
    let good = handshake("/v1/ws");
    let without = |line: &str| good.replace(&format!("{line}\r\n"), "");
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    for (request, status, code) in [
        (good.replace("/v1/ws", "/v1/nothing"), 404, "not_found"),
        (good.replace("/v1/ws", "/v1/ws/"), 404, "not_found"),
        (good.replace("GET", "POST"), 405, "method_not_allowed"),
        (good.replace("GET", "DELETE").replace("/v1/ws", "/health"), 405, "method_not_allowed"),
        (without("Connection: Upgrade"), 426, "bad_request"),
        (without("Upgrade: websocket"), 426, "bad_request"),
        (good.replace("Upgrade: websocket", "Upgrade: h2c"), 426, "bad_request"),
        (without("Sec-WebSocket-Version: 13"), 426, "bad_request"),
        (good.replace("Version: 13", "Version: 8"), 426, "bad_request"),
        (without(key), 400, "bad_request"),
        (good.replace(key, "Sec-WebSocket-Key: short"), 400, "bad_request"),
        (good.replace("HTTP/1.1", "HTTP/1.0"), 400, "bad_request"),
    ] {
        let answer = http::ask(server.addr(), &request).await;
        assert_eq!(answer.error(), (status, code.into()), "{request}");
        assert_eq!(answer.header("content-type"), "application/json");
        match status {
            405 if request.contains("/health") => assert_eq!(answer.header("allow"), "GET, HEAD"),
            405 => assert_eq!(answer.header("allow"), "GET"),
            426 => {
                assert_eq!(answer.header("upgrade"), "websocket");
                assert_eq!(answer.header("connection"), "upgrade");
                assert_eq!(answer.header("sec-websocket-version"), "13");
            }
            _ => {}
        }
    }
    assert_eq!(http::ask(server.addr(), "not HTTP at all\r\n\r\n").await.status, 400);
    assert_eq!(server.metric("roomcast_connections_opened_total").await, 0.0);
    server.end().await;
}

#[tokio::test]
async fn a_head_that_is_too_large_is_told_so() {
    let server = server().await;
    for size in [20_000, 100_000] {
        let header = format!("X-Much: {}\r\n\r\n", "x".repeat(size));
        let request = handshake("/v1/ws").replace("\r\n\r\n", &format!("\r\n{header}"));
        assert_eq!(http::ask(server.addr(), &request).await.status, 431, "{size}");
        let path = format!("/v1/ws?{}", "x".repeat(size));
        let status = http::ask(server.addr(), &handshake(&path)).await.status;
        assert!(matches!(status, 414 | 431), "{size}: {status}");
    }
    server.end().await;
}

#[tokio::test]
async fn without_a_list_only_pages_of_this_machine_come_into_dev() {
    let server = server().await;
    let addr = server.addr();
    for path in ["/v1/ws", "/ws", "/ws/chat/tea"] {
        for origin in ["https://evil.example", "null", "http://localhost.evil.example"] {
            let answer = refused(addr, path, &[("origin", origin)]).await;
            assert_eq!(answer, (403, "forbidden".into()), "{origin} {path}");
        }
        for origin in [format!("http://{addr}"), "http://localhost:5173".into()] {
            Client::open(addr, path, &[("origin", &origin)]).await.leave().await;
        }
    }
    server.end().await;
    let server = setup("").serve().await;
    let anywhere = [("origin", "https://anywhere.example")];
    Client::open(server.addr(), "/v1/ws", &anywhere).await.leave().await;
    server.end().await;
}

#[tokio::test]
async fn what_only_this_machine_reaches_is_called_by_its_name() {
    let server = setup("").serve().await;
    for path in ["/metrics", "/", "/health", "/v1/info"] {
        let rebound = http::get(server.admin(), path, &[("Host", "evil.example:7667")]).await;
        assert_eq!(rebound.error(), (403, "forbidden".into()), "{path}");
    }
    let health = http::get(server.addr(), "/health", &[("Host", "rooms.example.com")]).await;
    assert_eq!(health.status, 200);
    server.end().await;
}

#[tokio::test]
async fn pages_of_other_origins_do_not_come_in() {
    let server = setup("[http]\nallowed_origins = [\"https://app.example\"]\n").start().await;
    let addr = server.addr();
    for origin in ["https://evil.example", "null", "https://app.example:8443", "http://app.example"]
    {
        for path in ["/v1/ws", "/ws", "/ws/chat/tea", "/ws/secure", "/ws/reliable"] {
            let answer = refused(addr, path, &[("origin", origin)]).await;
            assert_eq!(answer, (403, "forbidden".into()), "{origin} {path}");
        }
        let answer = http::get(addr, "/v1/auth/check", &[("Origin", origin)]).await;
        assert_eq!(answer.error(), (403, "forbidden".into()));
    }
    for headers in [&[][..], &[("origin", "https://app.example")]] {
        let client = crate::support::client::Client::open(addr, "/v1/ws", headers).await;
        drop(client);
    }
    let failures = r#"roomcast_auth_failures_total{reason="origin"}"#;
    assert!(server.metric(failures).await >= 20.0);
    server.end().await;
}

#[tokio::test]
async fn a_room_that_is_not_granted_is_refused_before_the_upgrade() {
    let server = setup("").with_tokens_only().start().await;
    let rooms = json!({"tea": ["join"], "milk": ["publish"]});
    let token = token::token(json!({"sub": "ann", "rooms": rooms}));
    for room in ["milk", "secret"] {
        let path = format!("/ws/chat/{room}?token={token}");
        assert_eq!(refused(server.addr(), &path, &[]).await, (403, "forbidden".into()));
    }
    for path in ["/v1/ws", "/ws", "/ws/chat/tea", "/ws/reliable"] {
        assert_eq!(refused(server.addr(), path, &[]).await, (401, "unauthorized".into()));
    }
    server.connect(&format!("/ws/chat/tea?token={token}")).await.leave().await;
    server.end().await;
}

#[tokio::test]
async fn a_full_server_says_when_to_come_again() {
    let server = setup("[limits]\nmax_connections = 2\n").start().await;
    let (first, second) = (server.native().await, server.connect("/ws").await);
    for path in ["/v1/ws", "/ws", "/ws/chat/tea"] {
        let answer = http::ask(server.addr(), &handshake(path)).await;
        assert_eq!(answer.error(), (503, "unavailable".into()));
        assert!((5..=15).contains(&answer.retry_after()), "{path}");
    }
    assert_eq!(http::get(server.addr(), "/ready", &[]).await.status, 200);
    first.leave().await;
    server.until_metric("roomcast_sockets", 1.0).await;
    let third = server.native().await;
    drop((second, third));
    server.end().await;
}
