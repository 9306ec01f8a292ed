//! Where a token is looked for, and that `/v1/auth/check` gives the verdict of the handshake.

use crate::support::client::{Client, refused};
use crate::support::{Server, http, setup, token};
use serde_json::{Value, json};

const RULES: &str = "[auth]\naudience = \"rooms\"\nissuer = \"us\"\ncookie = \"sid\"\n\
    [http]\nallowed_origins = [\"https://app.example\"]\n";

fn good(user: &str) -> String {
    token::token(json!({"sub": user, "name": "Ann", "aud": "rooms", "iss": "us"}))
}

/// A request's query and headers.
type Request = (String, Vec<(&'static str, String)>);

/// The request that carries the token, for every place where it can be.
fn places(token: &str) -> Vec<Request> {
    let protocols = format!("roomcast.v1.json, roomcast.token.{token}");
    let origin = ("origin", "https://app.example".to_owned());
    vec![
        (String::new(), vec![("authorization", format!("Bearer {token}"))]),
        (String::new(), vec![("sec-websocket-protocol", protocols)]),
        (String::new(), vec![("cookie", format!("a=b; sid={token}")), origin]),
        (format!("?a=b&token={token}"), vec![]),
    ]
}

async fn check(server: &Server, (query, headers): &Request) -> http::Answer {
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    http::get(server.addr(), &format!("/v1/auth/check{query}"), &headers).await
}

async fn user(server: &Server, (query, headers): &Request) -> Value {
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut client = Client::open(server.addr(), &format!("/v1/ws{query}"), &headers).await;
    client.hear_type("welcome").await["user"].take()
}

#[tokio::test]
async fn a_token_is_found_in_every_place_and_the_check_agrees() {
    let server = setup(RULES).with_tokens_only().start().await;
    for request in places(&good("ann")) {
        let ann = json!({"id": "ann", "name": "Ann"});
        assert_eq!(user(&server, &request).await, ann, "{request:?}");
        let answer = check(&server, &request).await;
        let json = answer.json();
        assert_eq!((answer.status, &json["ok"], &json["user"]), (200, &json!(true), &ann));
        let left = json["expires_in_ms"].as_u64().unwrap();
        assert!((3_500_000..=3_600_000).contains(&left), "{left}");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    server.end().await;
}

#[tokio::test]
async fn a_bad_token_gets_the_same_verdict_in_every_place_and_from_the_check() {
    let server = setup(RULES).start().await;
    for (why, token) in token::refused() {
        let code = if why == "expired" { "token_expired" } else { "unauthorized" };
        for request in places(&token) {
            let answer = check(&server, &request).await;
            assert_eq!(answer.error(), (401, code.into()), "{why} {request:?}");
            assert_eq!(answer.json()["error"]["reason"], why, "{request:?}");
            let (query, headers) = &request;
            let headers: Vec<_> = headers.iter().map(|(k, v)| (*k, v.as_str())).collect();
            let verdict = refused(server.addr(), &format!("/v1/ws{query}"), &headers).await;
            assert_eq!(verdict, (401, code.into()), "{why} {request:?}");
        }
    }
    server.end().await;
}

#[tokio::test]
async fn the_first_place_counts_and_a_bad_token_is_never_passed_over() {
    let server = setup(RULES).start().await;
    let request = |places: &[usize]| -> Request {
        let names = ["header", "protocol", "cookie", "query"];
        let mut all = (String::new(), Vec::new());
        for place in places {
            let (query, headers) = self::places(&good(names[*place])).swap_remove(*place);
            all.0.push_str(&query);
            all.1.extend(headers);
        }
        all
    };
    for (at, first) in [
        (&[0, 1, 2, 3][..], "header"),
        (&[1, 2, 3], "protocol"),
        (&[2, 3], "cookie"),
        (&[3], "query"),
    ] {
        assert_eq!(user(&server, &request(at)).await["id"], first);
        assert_eq!(check(&server, &request(at)).await.json()["user"]["id"], first);
    }
    for value in ["Bearer x", "Bearer", "Basic QTpC", "", &good("ann")] {
        let mut request = request(&[1, 3]);
        request.1.push(("authorization", value.to_owned()));
        assert_eq!(check(&server, &request).await.status, 401, "{value}");
    }
    server.end().await;
}

#[tokio::test]
async fn a_cookie_counts_only_from_a_listed_page() {
    let server = setup(RULES).with_tokens_only().start().await;
    let cookie = ("cookie", format!("sid={}", good("ann")));
    let answer = check(&server, &(String::new(), vec![cookie.clone()])).await;
    assert_eq!(answer.json()["error"]["reason"], "missing");
    let evil = ("origin", "https://evil.example".to_owned());
    let answer = check(&server, &(String::new(), vec![cookie, evil])).await;
    assert_eq!(answer.json()["error"]["reason"], "origin");
    server.end().await;
}

#[tokio::test]
async fn who_needs_no_token_is_nobody_in_particular() {
    let open = setup("").start().await;
    let answer = check(&open, &(String::new(), vec![])).await;
    assert_eq!((answer.status, answer.json()), (200, json!({"ok": true})));
    open.end().await;
    let closed = setup("").with_tokens_only().start().await;
    let answer = check(&closed, &(String::new(), vec![])).await;
    assert_eq!(answer.error(), (401, "unauthorized".into()));
    assert_eq!(answer.json()["error"]["reason"], "missing");
    closed.end().await;
}

#[tokio::test]
async fn a_token_with_another_name_renames_its_user_where_others_see_it() {
    let server = setup("").start().await;
    let mut ann = server.native_as(&token::of("ann", "Ann")).await;
    let join = json!({"type": "join", "id": 1, "room": "tea", "presence": "full"});
    ann.ask(join.clone()).await;
    ann.hear_type("presence").await;
    let mut bob = server.native_as(&token::of("bob", "Bob")).await;
    let joined = bob.ask(join).await;
    assert_eq!(joined["count"], 2);
    bob.hear_type("presence").await;
    let refresh = json!({"type": "refresh", "id": 2, "token": token::of("ann", "Dr. Ann")});
    ann.tell(refresh).await;
    let told = bob.hear_type("presence").await;
    let renamed = json!({"id": "ann", "name": "Dr. Ann"});
    assert_eq!((&told["changed"][0]["user"], &told["count"]), (&renamed, &json!(2)));
    drop((ann, bob));
    server.end().await;
}
