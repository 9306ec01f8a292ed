//! Operators who look into rooms: with an API key, where operators connect, and unseen.

use crate::support::backend::{Backend, KEY, config};
use crate::support::client::{Client, refused};
use crate::support::{Server, http, setup, token};
use serde_json::json;
use std::net::SocketAddr;

async fn look_in(addr: SocketAddr) -> Client {
    let protocols = format!("roomcast.v1.json, roomcast.token.{KEY}");
    let mut eve = Client::open(addr, "/v1/ws", &[("sec-websocket-protocol", &protocols)]).await;
    assert_eq!(eve.answer.headers()["sec-websocket-protocol"], "roomcast.v1.json");
    assert!(eve.hear_type("welcome").await.get("user").is_none());
    eve
}

/// Everything an observer may and may not do.
async fn is_unseen(server: &Server, operators: SocketAddr) {
    let backend = Backend(operators);
    let mut ann = server.native_as(&token::of("ann", "Ann")).await;
    let full = |room: &str| json!({"type": "join", "id": "join", "room": room, "presence": "full"});
    ann.ask(full("tea")).await;
    ann.hear_type("presence").await;
    let mut eve = look_in(operators).await;
    let joined = eve.ask(full("tea")).await;
    assert_eq!((&joined["count"], &joined["members"][0]["user"]["id"]), (&json!(1), &json!("ann")));
    eve.publish("tea", json!("I am here")).await;
    assert_eq!(eve.hear_type("error").await["code"], "forbidden");
    ann.publish("tea", json!("alone?")).await;
    assert_eq!(ann.hear_data().await, "alone?");
    assert_eq!(eve.hear_data().await, "alone?");
    let page = eve.ask(json!({"type": "history", "room": "tea", "limit": 9})).await;
    assert_eq!(page["messages"][0]["data"], "alone?");
    assert_eq!(backend.read("/v1/rooms/tea/members").await["count"], 1);
    assert_eq!(backend.read("/v1/rooms/tea").await["members"], 1);
    assert_eq!(backend.read("/v1/rooms").await["rooms"][0]["members"], 1);
    let sessions = backend.read("/v1/sessions").await;
    let sessions = sessions["sessions"].as_array().unwrap();
    assert_eq!(sessions.iter().filter(|entry| entry["observer"] == true).count(), 1);
    // Bob's coming is the first thing that Ann is told of presence since her own.
    let mut bob = server.native_as(&token::of("bob", "Bob")).await;
    bob.join("tea").await;
    for heard in [ann.hear_type("presence").await, eve.hear_type("presence").await] {
        assert_eq!(
            (&heard["joined"][0]["user"]["id"], &heard["count"]),
            (&json!("bob"), &json!(2))
        );
    }
    for client in [ann, bob, eve] {
        client.leave().await;
    }
}

#[tokio::test]
async fn an_observer_comes_in_where_operators_connect_and_is_unseen() {
    let server = setup(&config("")).workers(2).serve().await;
    is_unseen(&server, server.admin()).await;
    server.end().await;
    let server = setup(&config("")).workers(2).start().await;
    is_unseen(&server, server.addr()).await;
    server.end().await;
}

#[tokio::test]
async fn a_key_is_no_token_where_clients_connect() {
    let server = setup(&config("")).serve().await;
    let (public, admin) = (server.addr(), server.admin());
    let bearer = format!("Bearer {KEY}");
    let protocols = format!("roomcast.v1.json, roomcast.token.{KEY}");
    let unauthorized = (401, "unauthorized".to_owned());
    for header in [("authorization", bearer.as_str()), ("sec-websocket-protocol", &protocols)] {
        assert_eq!(refused(public, "/v1/ws", &[header]).await, unauthorized);
        let check = http::get(public, "/v1/auth/check", &[header]).await;
        assert_eq!(check.error(), unauthorized);
        let check = http::get(admin, "/v1/auth/check", &[header]).await;
        assert_eq!((check.status, check.json()), (200, json!({"ok": true})));
    }
    let ann = format!("Bearer {}", token::of("ann", "Ann"));
    for headers in [&[][..], &[("authorization", ann.as_str())]] {
        assert_eq!(refused(admin, "/v1/ws", headers).await, unauthorized, "clients go elsewhere");
        assert_eq!(http::get(admin, "/v1/auth/check", headers).await.error(), unauthorized);
    }
    server.end().await;
}

#[tokio::test]
async fn only_the_operators_own_pages_use_their_keys() {
    let listed = config("[http]\nallowed_origins = [\"https://app.example\"]\n");
    for text in [config(""), listed] {
        let server = setup(&text).serve().await;
        let (host, bearer) = (server.admin().to_string(), format!("Bearer {KEY}"));
        let own = format!("http://{host}");
        let check = async |origin: &str| {
            let headers =
                [("Host", host.as_str()), ("Origin", origin), ("Authorization", bearer.as_str())];
            http::get(server.admin(), "/v1/auth/check", &headers).await.status
        };
        assert_eq!(check(&own).await, 200);
        for origin in ["https://evil.example", "null", "http://127.0.0.1:1", &host] {
            assert_eq!(check(origin).await, 403, "{origin}");
        }
        server.end().await;
    }
}
