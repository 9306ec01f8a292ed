//! What a backend publishes and reads over HTTP.

use crate::support::backend::{Backend, config};
use crate::support::{setup, token};
use serde_json::{Value, json};

const TEA: &str = "/v1/rooms/tea/messages";

#[tokio::test]
async fn what_the_backend_publishes_reaches_members_of_both_dialects() {
    let server = setup(&config("")).start().await;
    let backend = Backend(server.addr());
    let mut ann = server.member_of("tea").await;
    let mut bob = server.connect("/ws/chat/tea").await;
    server.until_metric("roomcast_memberships", 2.0).await;
    let body = json!({
        "data": {"text": "Lemon."}, "event": "order", "message_id": "m-1", "key": "k",
        "user": {"id": "waiter", "name": "Wim"},
    });
    let answer = backend.publish(TEA, body.clone()).await;
    assert_eq!((&answer["offset"], &answer["duplicate"]), (&json!(1), &json!(false)));
    let mut heard = ann.hear_json().await;
    assert!(heard["timestamp"].take().is_string());
    assert_eq!(
        heard,
        json!({"type": "message", "room": "tea", "event": "order", "data": {"text": "Lemon."},
               "user": {"id": "waiter", "name": "Wim"}, "timestamp": null, "offset": 1,
               "message_id": "m-1"})
    );
    let heard = bob.hear_json().await;
    assert_eq!((&heard["user"], &heard["text"]), (&json!("Wim"), &json!("Lemon.")));
    let again = backend.publish(TEA, body).await;
    let first = json!({"epoch": answer["epoch"], "offset": 1, "duplicate": true});
    assert_eq!(again, first);
    let answer = backend.publish(TEA, json!({"data": null, "ephemeral": true})).await;
    assert_eq!(answer, json!({"duplicate": false}));
    let heard = ann.hear_json().await;
    assert_eq!(
        (&heard["data"], heard.get("offset"), heard.get("user")),
        (&Value::Null, None, None)
    );
    let published = r#"roomcast_messages_published_total{source="backend"}"#;
    assert_eq!(server.metric(published).await, 3.0);
    ann.leave().await;
    bob.leave().await;
    server.end().await;
}

#[tokio::test]
async fn data_is_kept_byte_for_byte() {
    let server = setup(&config("")).start().await;
    let backend = Backend(server.addr());
    let mut ann = server.member_of("tea").await;
    let data = r#"{"b":1.10,"a":[12345678901234567890, 1e3 ],"\u0041":"\u00e9é"}"#;
    let answer = backend.post(TEA, &format!(r#"{{"data": {data} , "event":null}}"#)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let text = ann.hear().await;
    assert!(text.contains(&format!(r#""data":{data},"#)), "{text}");
    let page = backend.get(TEA).await;
    assert!(page.body.contains(&format!(r#""data":{data},"#)), "{}", page.body);
    assert!(page.body.contains(&text), "{} has not {text}", page.body);
    ann.leave().await;
    server.end().await;
}

#[tokio::test]
async fn an_idempotency_key_makes_a_retry_harmless() {
    let server = setup(&config("")).start().await;
    let backend = Backend(server.addr());
    let mut offsets = Vec::new();
    for key in ["order-7", "\"order-7\"", "order-8"] {
        let answer = backend.post_with(TEA, &[("Idempotency-Key", key)], r#"{"data":1}"#).await;
        let json = answer.json();
        offsets.push((json["offset"].as_u64().unwrap(), json["duplicate"] == true));
    }
    assert_eq!(offsets, [(1, false), (1, true), (2, false)]);
    let same = backend.publish(TEA, json!({"data": 1, "message_id": "order-8"})).await;
    assert_eq!((&same["offset"], &same["duplicate"]), (&json!(2), &json!(true)));
    for (headers, body) in [
        (&[("Idempotency-Key", "a")][..], r#"{"data":1,"message_id":"b"}"#),
        (&[("Idempotency-Key", "a"), ("Idempotency-Key", "a")], r#"{"data":1}"#),
        (&[("Idempotency-Key", "")], r#"{"data":1}"#),
    ] {
        let answer = backend.post_with(TEA, headers, body).await;
        assert_eq!(answer.error(), (400, "bad_request".into()), "{headers:?}");
    }
    server.end().await;
}

#[tokio::test]
async fn a_room_in_a_path_is_unescaped() {
    let server = setup(&config("")).start().await;
    let backend = Backend(server.addr());
    let room = "shop/5 %2F é?";
    let path = "/v1/rooms/shop%2F5%20%252F%20%C3%A9%3F";
    let mut ann = server.member_of(room).await;
    backend.publish(&format!("{path}/messages"), json!({"data": 1})).await;
    assert_eq!(ann.hear_type("message").await["room"], room);
    let shown = backend.read(path).await;
    assert_eq!(
        (&shown["room"], &shown["members"], &shown["offset"]),
        (&json!(room), &json!(1), &json!(1))
    );
    for (path, code) in [
        ("/v1/rooms/%ff", (400, "bad_request")),
        ("/v1/rooms/chat%3A*", (400, "bad_request")),
        ("/v1/rooms/%20tea", (400, "bad_request")),
        ("/v1/rooms/", (404, "not_found")),
        ("/v1/rooms/a/b", (404, "not_found")),
    ] {
        assert_eq!(backend.get(path).await.error(), (code.0, code.1.into()), "{path}");
    }
    ann.leave().await;
    server.end().await;
}

#[tokio::test]
async fn a_bad_body_is_told_what_is_wrong_with_it() {
    let more = "[limits]\nmax_frame = 2048\n[[room]]\npattern = \"*\"\nmax_message = 100";
    let server = setup(&config(more)).start().await;
    let backend = Backend(server.addr());
    let deep = format!(r#"{{"data":{}1{}}}"#, "[".repeat(65), "]".repeat(65));
    let long = json!({"data": 1, "message_id": "x".repeat(65)}).to_string();
    for (body, says) in [
        ("", "one JSON object"),
        ("[1]", "one JSON object"),
        ("{", "EOF"),
        ("{}", "missing field `data`"),
        (r#"{"data":1}{}"#, "trailing"),
        (r#"{"data":{x}}"#, "key must be a string"),
        (r#"{"data":1,"data":2}"#, "duplicate field `data`"),
        (r#"{"data":1,"evnt":"x"}"#, "unknown field `evnt`"),
        (r#"{"data":1,"event":7}"#, "`event`: invalid type"),
        (r#"{"data":1,"event":""}"#, "event must not be empty"),
        (r#"{"data":1,"ephemeral":"yes"}"#, "`ephemeral`: invalid type"),
        (r#"{"data":1,"user":["ann"]}"#, "must be an object"),
        (r#"{"data":1,"user":{"id":7}}"#, "invalid type"),
        (r#"{"data":1,"user":{"name":"a\nb"}}"#, "`user.name`"),
        (&deep, "64 levels"),
        (&long, "message_id must be at most 64 bytes"),
    ] {
        let answer = backend.post(TEA, body).await;
        assert_eq!(answer.error(), (400, "bad_request".into()), "{body}");
        let message = answer.json()["error"]["message"].to_string();
        assert!(message.contains(says), "{body}: {message}");
    }
    for size in [200, 20_000] {
        let body = json!({"data": "x".repeat(size)}).to_string();
        assert_eq!(backend.post(TEA, &body).await.error(), (413, "too_large".into()), "{size}");
    }
    let head = backend.read("/v1/rooms/tea").await;
    assert_eq!(head, json!({"room": "tea", "members": 0}), "nothing was published");
    server.end().await;
}

#[tokio::test]
async fn the_kind_of_a_room_says_who_publishes() {
    let more = "[[room]]\npattern = \"own:*\"\npublish = \"backend\"\nrate = 1\n\
                [[room]]\npattern = \"dead:*\"\npublish = \"none\"";
    let server = setup(&config(more)).start().await;
    let backend = Backend(server.addr());
    for offset in 1..=5 {
        let answer = backend.publish("/v1/rooms/own:x/messages", json!({"data": 1})).await;
        assert_eq!(answer["offset"], offset);
    }
    let answer = backend.post("/v1/rooms/dead:x/messages", r#"{"data":1}"#).await;
    assert_eq!(answer.error(), (403, "forbidden".into()));
    server.end().await;
}

#[tokio::test]
async fn a_user_is_spoken_to_and_disconnected_wherever_it_is() {
    let server = setup(&config("")).workers(2).start().await;
    let backend = Backend(server.addr());
    let rooms = json!({"user:ann": ["join", "history"]});
    let own = token::token(json!({"sub": "ann", "rooms": rooms}));
    let mut clients = Vec::new();
    for _ in 0..3 {
        let mut ann = server.native_as(&own).await;
        ann.join("user:ann").await;
        clients.push(ann);
    }
    let mut bob = server.native_as(&token::of("bob", "Bob")).await;
    let answer = backend.publish("/v1/users/ann/messages", json!({"data": "for you"})).await;
    assert_eq!(answer["offset"], 1);
    for ann in &mut clients {
        assert_eq!(ann.hear_data().await, "for you");
    }
    let answer = backend.post("/v1/users/ann/disconnect", "").await;
    assert_eq!((answer.status, answer.json()), (200, json!({"closed": 3})));
    for mut ann in clients {
        assert_eq!(ann.hear_close().await, (4503, "disconnected by the backend".into()));
    }
    bob.must_be_well().await;
    let answer = backend.post("/v1/users/nobody/disconnect", "{}").await;
    assert_eq!(answer.json(), json!({"closed": 0}));
    let answer = backend.post("/v1/users/a%2A/messages", r#"{"data":1}"#).await;
    assert_eq!(answer.error(), (400, "bad_request".into()), "no room has such a name");
    bob.leave().await;
    server.end().await;
}

#[tokio::test]
async fn history_is_read_by_page() {
    let server = setup(&config("")).start().await;
    let backend = Backend(server.addr());
    for n in 1..=5 {
        backend.publish(TEA, json!({"data": n})).await;
    }
    for (query, offsets, more) in [
        ("", vec![1, 2, 3, 4, 5], false),
        ("?limit=2", vec![4, 5], true),
        ("?limit=2&before=4", vec![2, 3], true),
        ("?limit=2&after=3", vec![4, 5], false),
        ("?after=5", vec![], false),
    ] {
        let page = backend.read(&format!("{TEA}{query}")).await;
        let shown: Vec<u64> = page["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|message| message["offset"].as_u64().unwrap())
            .collect();
        assert_eq!((shown, &page["more"]), (offsets, &json!(more)), "{query}");
        assert!(page["epoch"].is_string());
        assert_eq!(page["offset"], 5, "{query}");
    }
    let empty = backend.read("/v1/rooms/nowhere/messages").await;
    assert_eq!(empty, json!({"messages": [], "more": false}));
    for query in ["limit=0", "limit=1001", "before=x", "after=-1", "before=1&after=1", "page=2"] {
        let answer = backend.get(&format!("{TEA}?{query}")).await;
        assert_eq!(answer.error(), (400, "bad_request".into()), "{query}");
    }
    server.end().await;
}
