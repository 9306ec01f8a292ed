//! Who may call the backend's interface, where it is, and what it says of the server.

use crate::support::backend::{Backend, KEY, config};
use crate::support::raw::Raw;
use crate::support::{http, setup, token};
use serde_json::json;

const PATHS: [(&str, &str); 10] = [
    ("GET", "/v1/rooms"),
    ("GET", "/v1/rooms/tea"),
    ("GET", "/v1/rooms/tea/members"),
    ("GET", "/v1/rooms/tea/messages"),
    ("POST", "/v1/rooms/tea/messages"),
    ("POST", "/v1/users/ann/messages"),
    ("POST", "/v1/users/ann/disconnect"),
    ("GET", "/v1/sessions"),
    ("GET", "/v1/info"),
    ("POST", "/v1/tokens"),
];

/// A request that would do something, had it a key.
fn request(method: &str, path: &str) -> String {
    let body = if method == "POST" && !path.contains("/disconnect") { r#"{"data":1}"# } else { "" };
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
}

#[tokio::test]
async fn nothing_is_done_without_a_key() {
    let server = setup(&config("")).start().await;
    let mut ann = server.native_as(&token::of("ann", "Ann")).await;
    let jwt = format!("Bearer {}", token::of("ann", "Ann"));
    let wrong = format!("Bearer {KEY}x");
    let basic = format!("Basic {KEY}");
    let right = format!("Bearer {KEY}");
    for (method, path) in PATHS {
        let own = ("Authorization", right.as_str());
        for headers in [
            &[][..],
            &[("Authorization", jwt.as_str())],
            &[("Authorization", wrong.as_str())],
            &[("Authorization", basic.as_str())],
            &[("Authorization", "Bearer ")],
            &[own, own],
        ] {
            let answer = match method {
                "GET" => http::get(server.addr(), path, headers).await,
                _ => http::post(server.addr(), path, headers, r#"{"data":1}"#).await,
            };
            assert_eq!(answer.error(), (401, "unauthorized".into()), "{path} {headers:?}");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
            assert!(!answer.headers.contains_key("access-control-allow-origin"));
        }
        let query = format!("{path}?token={KEY}");
        let answer = http::ask(server.addr(), &request(method, &query)).await;
        assert_eq!(answer.error(), (401, "unauthorized".into()), "{query}");
    }
    ann.must_be_well().await;
    let backend = Backend(server.addr());
    for room in ["tea", "user:ann"] {
        let nothing = json!({"room": room, "members": 0});
        assert_eq!(backend.read(&format!("/v1/rooms/{room}")).await, nothing);
    }
    ann.leave().await;
    server.end().await;
}

#[tokio::test]
async fn pages_of_others_get_no_leave_and_other_methods_no_answer() {
    let server = setup(&config("")).start().await;
    for (_, path) in PATHS {
        let request = format!(
            "OPTIONS {path} HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\n\
             Access-Control-Request-Method: POST\r\nConnection: close\r\n\r\n"
        );
        let answer = http::ask(server.addr(), &request).await;
        assert_eq!(answer.error(), (405, "method_not_allowed".into()), "{path}");
        assert!(!answer.headers.keys().any(|name| name.starts_with("access-control")), "{path}");
    }
    let answer = Backend(server.addr()).post("/v1/rooms", "{}").await;
    assert_eq!((answer.error().0, answer.header("allow")), (405, "GET, HEAD"));
    let answer = Backend(server.addr()).get("/v1/users/ann/disconnect").await;
    assert_eq!((answer.error().0, answer.header("allow")), (405, "POST"));
    server.end().await;
}

#[tokio::test]
async fn without_a_configured_key_every_backend_is_refused() {
    let server = setup("").serve().await;
    let answer = Backend(server.addr()).get("/v1/info").await;
    assert_eq!(answer.error(), (401, "unauthorized".into()));
    let answer = http::get(server.addr(), "/v1/info", &[]).await;
    assert!(answer.body.contains("roomcast keygen --api-key"), "{}", answer.body);
    server.end().await;
}

#[tokio::test]
async fn every_address_has_the_interface_and_the_public_one_makes_no_tokens() {
    let server = setup(&config("")).workers(2).serve().await;
    let (public, admin) = (Backend(server.addr()), Backend(server.admin()));
    let mut info = admin.read("/v1/info").await;
    assert!(info["uptime_ms"].take().as_u64().unwrap() > 0);
    assert_eq!(
        info,
        json!({"version": env!("CARGO_PKG_VERSION"), "uptime_ms": null, "workers": 2,
               "listen": server.addr().to_string(), "sessions": 0, "tokens": true, "dev": false})
    );
    assert_eq!(public.read("/v1/info").await["tokens"], false);
    for backend in [&public, &admin] {
        backend.publish("/v1/rooms/tea/messages", json!({"data": 1})).await;
    }
    assert_eq!(admin.read("/v1/rooms/tea").await["offset"], 2);
    let body = r#"{"user":"ann","rooms":{"tea":["join"]}}"#;
    assert_eq!(public.post("/v1/tokens", body).await.error(), (404, "not_found".into()));
    assert_eq!(admin.post("/v1/tokens", body).await.status, 200);
    server.end().await;
    let server = setup(&config("")).start().await;
    let info = Backend(server.addr()).read("/v1/info").await;
    assert_eq!((&info["dev"], &info["tokens"]), (&json!(true), &json!(true)));
    server.end().await;
}

#[tokio::test]
async fn a_token_is_made_that_the_server_takes() {
    let more = "[auth]\nissuer = \"us\"\naudience = [\"rooms\"]\n";
    let server = setup(&config(more)).with_tokens_only().start().await;
    let backend = Backend(server.addr());
    let body = json!({"user": "ann", "name": "Ann", "ttl": "2m",
                      "rooms": {"chat:*": ["join", "publish"], "feed:*": ["join"]}});
    let made = backend.publish("/v1/tokens", body).await;
    assert_eq!(made["expires_in_ms"], 120_000);
    let mut ann = server.native_as(made["token"].as_str().unwrap()).await;
    ann.join("chat:tea").await;
    ann.publish("chat:tea", json!(1)).await;
    assert_eq!(ann.hear_type("message").await["user"], json!({"id": "ann", "name": "Ann"}));
    let refused = ann.ask(json!({"type": "join", "room": "other"})).await;
    assert_eq!(refused["code"], "forbidden");
    ann.leave().await;
    for body in [
        json!({"user": "ann"}),
        json!({"user": "", "rooms": {}}),
        json!({"user": "ann", "rooms": {"*": ["fly"]}}),
        json!({"user": "ann", "rooms": {"*": "join"}}),
        json!({"user": "ann", "rooms": {"": ["join"]}}),
        json!({"user": "ann", "rooms": {}, "ttl": "soon"}),
        json!({"user": "ann", "rooms": {}, "ttl": 0}),
        json!({"user": "ann", "rooms": {}, "admin": true}),
        json!({"user": "ann", "name": "", "rooms": {}}),
    ] {
        let answer = backend.post("/v1/tokens", &body.to_string()).await;
        assert_eq!(answer.error(), (400, "bad_request".into()), "{body}");
    }
    let seconds = backend.publish("/v1/tokens", json!({"user": "u", "rooms": {}, "ttl": 7})).await;
    assert_eq!(seconds["expires_in_ms"], 7_000);
    server.end().await;
}

#[tokio::test]
async fn a_server_that_cannot_sign_says_where_tokens_are_made() {
    let server = setup(&config("")).without_secret().serve().await;
    let admin = Backend(server.admin());
    assert_eq!(admin.read("/v1/info").await["tokens"], false);
    let answer = admin.post("/v1/tokens", r#"{"user":"ann","rooms":{}}"#).await;
    assert_eq!(answer.error(), (409, "unavailable".into()));
    assert!(answer.body.contains("roomcast token new"), "{}", answer.body);
    server.end().await;
}

#[tokio::test]
async fn a_body_that_breaks_off_does_no_harm() {
    let server = setup(&config("")).start().await;
    let mut raw = Raw::connect(server.addr()).await;
    let head = format!(
        "POST /v1/rooms/tea/messages HTTP/1.1\r\nHost: localhost\r\n\
         Authorization: Bearer {KEY}\r\nContent-Length: 100\r\n\r\n{{\"data\":1}}"
    );
    raw.send(head.as_bytes()).await;
    raw.send_no_more().await;
    // Its end of the connection comes once it has seen ours.
    raw.rest().await;
    let backend = Backend(server.addr());
    assert_eq!(backend.read("/v1/rooms/tea").await, json!({"room": "tea", "members": 0}));
    server.end().await;
}
