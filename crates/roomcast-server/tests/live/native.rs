//! The native dialect over the wire: how a session begins, what it can do, and how it comes back.

use crate::support::client::{Client, refused};
use crate::support::{Server, server, setup, token, within};
use serde_json::{Value, json};

#[tokio::test]
async fn the_subprotocol_is_ours_or_none() {
    let server = server().await;
    let token = format!("roomcast.token.{}", token::of("ann", "Ann"));
    let protocol = |client: &Client| {
        client.answer.headers().get("sec-websocket-protocol").map(|value| value.to_owned())
    };
    let none = server.connect("/v1/ws").await;
    assert_eq!(protocol(&none), None);
    for (offered, user) in [
        ("roomcast.v1.json".to_owned(), Value::Null),
        ("other, roomcast.v1.json".to_owned(), Value::Null),
        (format!("roomcast.v1.json, {token}"), json!({"id": "ann", "name": "Ann"})),
        (format!("{token},roomcast.v1.json"), json!({"id": "ann", "name": "Ann"})),
    ] {
        let offer = [("sec-websocket-protocol", offered.as_str())];
        let mut client = Client::open(server.addr(), "/v1/ws", &offer).await;
        assert_eq!(protocol(&client).unwrap(), "roomcast.v1.json");
        assert_eq!(client.hear_type("welcome").await["user"], user);
        client.leave().await;
    }
    for offered in ["other", "roomcast.v2.json", "ROOMCAST.V1.JSON", &token] {
        let offer = [("sec-websocket-protocol", offered)];
        let answer = refused(server.addr(), "/v1/ws", &offer).await;
        assert_eq!(answer, (400, "bad_request".into()), "{offered}");
    }
    drop(none);
    server.end().await;
}

#[tokio::test]
async fn welcome_comes_first_and_tells_what_holds() {
    let text = "[limits]\nmax_frame = \"4KiB\"\nrooms = 3\ncommands_per_second = 7\n\
                [heartbeat]\ninterval = \"20s\"\ntimeout = \"4s\"\n[[room]]\npattern = \"*\"\n\
                max_message = \"1KiB\"\n";
    let server = setup(text).start().await;
    let mut ann = server.connect("/v1/ws").await;
    // What is said before `welcome` was read is heard all the same.
    ann.say(r#"{"type":"join","id":1,"room":"tea"}"#).await;
    let welcome = ann.hear_type("welcome").await;
    let session = welcome["session"].as_str().unwrap().to_owned();
    assert!(session.len() == 16 && session.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let expected = json!({
        "type": "welcome", "version": env!("CARGO_PKG_VERSION"), "session": session,
        "heartbeat": {"interval_ms": 20_000, "timeout_ms": 4_000},
        "limits": {"max_frame": 4_096, "max_rooms": 3, "commands_per_second": 7},
    });
    assert_eq!(welcome, expected);
    ann.hear_type("joined").await;
    let claims = json!({"sub": "bob", "limits": {"rooms": 1, "commands_per_second": 2}});
    let path = format!("/v1/ws?token={}", token::token(claims));
    let welcome = server.connect(&path).await.hear_type("welcome").await;
    assert_eq!(welcome["limits"]["max_rooms"], 1);
    assert_eq!(welcome["limits"]["commands_per_second"], 2);
    assert_eq!(welcome["user"], json!({"id": "bob"}));
    let left = welcome["expires_in_ms"].as_u64().unwrap();
    assert!((3_500_000..=3_600_000).contains(&left), "{left}");
    ann.leave().await;
    server.end().await;
}

#[tokio::test]
async fn a_session_from_join_to_leave() {
    let server = server().await;
    let mut ann = server.native_as(&token::of("ann", "Ann")).await;
    let joined = ann.join("tea").await;
    assert_eq!((&joined["offset"], &joined["recovered"]), (&json!(0), &json!(false)));
    assert_eq!(joined["messages"], json!([]));
    let mut bob = server.member_of("tea").await;
    let data = r#"{ "n":12345678901234567890.10, "a":"\u00e4" }"#;
    let said =
        r#"{"type":"publish","id":1.0,"room":"tea","event":"order","message_id":"m1","data":"#;
    ann.say(format!("{said}{data}}}")).await;
    let heard = bob.hear().await;
    assert!(heard.contains(&format!(r#""data":{data},"#)), "not byte for byte: {heard}");
    let heard: Value = serde_json::from_str(&heard).unwrap();
    assert_eq!(heard["user"], json!({"id": "ann", "name": "Ann"}));
    assert_eq!((&heard["event"], &heard["message_id"]), (&json!("order"), &json!("m1")));
    let (first, second) = (ann.hear().await, ann.hear().await);
    let ack = if first.contains("ack") { first } else { second };
    assert!(ack.starts_with(r#"{"type":"ack","id":1.0,"room":"tea","#), "{ack}");
    let ack: Value = serde_json::from_str(&ack).unwrap();
    assert_eq!((&ack["epoch"], &ack["offset"]), (&joined["epoch"], &json!(1)));
    let again = json!({"type": "publish", "id": 2, "room": "tea", "message_id": "m1", "data": 0});
    let ack = ann.ask(again).await;
    assert_eq!((&ack["duplicate"], &ack["offset"]), (&json!(true), &json!(1)));
    ann.tell(json!({"type": "publish", "room": "tea", "data": 2, "echo": false})).await;
    assert_eq!(bob.hear_data().await, 2);
    ann.tell(json!({"type": "publish", "room": "tea", "data": 3, "ephemeral": true})).await;
    let passing = bob.hear_type("message").await;
    assert_eq!((&passing["data"], &passing["offset"]), (&json!(3), &Value::Null));
    assert_eq!(ann.hear_data().await, 3, "and no copy of the one before");
    let left = bob.ask(json!({"type": "leave", "id": "l", "room": "tea"})).await;
    assert_eq!(left, json!({"type": "left", "id": "l", "room": "tea"}));
    ann.publish("tea", json!(4)).await;
    assert_eq!(ann.hear_data().await, 4);
    bob.must_be_well().await;
    ann.leave().await;
    bob.leave().await;
    server.end().await;
}

#[tokio::test]
async fn history_comes_by_page() {
    let server = server().await;
    let mut ann = server.member_of("tea").await;
    for n in 1..=5 {
        ann.publish("tea", json!(n)).await;
        assert_eq!(ann.hear_data().await, n);
    }
    for (asked, data, more) in [
        (json!({"limit": 2}), vec![4, 5], true),
        (json!({"limit": 9}), vec![1, 2, 3, 4, 5], false),
        (json!({"limit": 2, "before": 4}), vec![2, 3], true),
        (json!({"limit": 3, "before": 4}), vec![1, 2, 3], false),
        (json!({"limit": 2, "after": 0}), vec![1, 2], true),
        (json!({"limit": 2, "after": 3}), vec![4, 5], false),
        (json!({"limit": 2, "after": 99}), vec![], false),
        (json!({"limit": 2, "before": 1}), vec![], false),
    ] {
        let mut question = json!({"type": "history", "id": 1, "room": "tea"});
        question.as_object_mut().unwrap().extend(asked.as_object().unwrap().clone());
        let page = ann.ask(question).await;
        assert_eq!(page["type"], "history");
        let heard: Vec<_> =
            page["messages"].as_array().unwrap().iter().map(|m| m["data"].clone()).collect();
        assert_eq!(
            (heard, &page["more"]),
            (data.into_iter().map(Value::from).collect(), &json!(more)),
            "{asked}"
        );
    }
    ann.leave().await;
    server.end().await;
}

#[tokio::test]
async fn presence_tells_who_is_there_and_what_changes() {
    let server = server().await;
    let mut ann = server.native_as(&token::of("ann", "Ann")).await;
    let join = json!({"type": "join", "room": "tea", "presence": "full", "state": {"x": 1}});
    let joined = ann.ask(join).await;
    let user = json!({"id": "ann", "name": "Ann"});
    let me = &joined["members"][0];
    assert_eq!((&me["user"], &me["state"], &joined["count"]), (&user, &json!({"x": 1}), &json!(1)));
    // The batch that tells of herself says only what the list said already.
    let own = ann.hear_type("presence").await;
    assert_eq!((&own["joined"][0], &own["count"]), (me, &json!(1)));
    let mut bob = server.native_as(&token::of("bob", "Bob")).await;
    bob.join("tea").await;
    let change = ann.hear_type("presence").await;
    assert_eq!(change["joined"][0]["user"], json!({"id": "bob", "name": "Bob"}));
    assert_eq!(change["count"], 2);
    let ack = bob.ask(json!({"type": "state", "id": 3, "room": "tea", "data": null})).await;
    assert_eq!(ack, json!({"type": "ack", "id": 3, "room": "tea"}));
    assert_eq!(ann.hear_type("presence").await["changed"][0]["state"], Value::Null);
    let answer = bob.ask(json!({"type": "presence", "id": 4, "room": "tea"})).await;
    assert_eq!((&answer["id"], &answer["count"]), (&json!(4), &json!(2)));
    assert_eq!(answer["members"].as_array().unwrap().len(), 2);
    drop(bob);
    let change = ann.hear_type("presence").await;
    assert_eq!((change["left"].as_array().unwrap().len(), &change["count"]), (1, &json!(1)));
    ann.leave().await;
    server.end().await;
}

#[tokio::test]
async fn a_fresh_token_counts_from_then_on() {
    let server = setup("").with_tokens_only().start().await;
    let rights = |rooms: Value| token::token(json!({"sub": "ann", "rooms": rooms}));
    let all = json!(["join", "publish"]);
    let mut ann = server.native_as(&rights(json!({"tea": all, "milk": all}))).await;
    ann.join("tea").await;
    ann.join("milk").await;
    let fresh = rights(json!({"tea": ["join"]}));
    let refreshed = ann.ask(json!({"type": "refresh", "id": 1, "token": fresh})).await;
    assert_eq!((&refreshed["type"], &refreshed["id"]), (&json!("refreshed"), &json!(1)));
    assert!(refreshed["expires_in_ms"].as_u64().unwrap() > 3_500_000);
    let left = ann.hear_json().await;
    assert_eq!(left, json!({"type": "left", "room": "milk", "code": "forbidden"}));
    let refused = ann.ask(json!({"type": "publish", "room": "tea", "data": 1})).await;
    assert_eq!(refused["code"], "forbidden");
    let others = token::of("bob", "Bob");
    let refused = ann.ask(json!({"type": "refresh", "id": 2, "token": others})).await;
    assert_eq!((&refused["code"], &refused["id"]), (&json!("unauthorized"), &json!(2)));
    ann.must_be_well().await;
    ann.leave().await;
    server.end().await;
}

/// Comes back with this position; the answer.
async fn come_back(server: &Server, epoch: &Value, offset: u64) -> (Client, Value) {
    let mut client = server.native().await;
    let since = json!({"epoch": epoch, "offset": offset});
    let joined = client.ask(json!({"type": "join", "room": "tea", "since": since})).await;
    (client, joined)
}

#[tokio::test]
async fn who_was_cut_off_and_comes_back_gets_what_it_missed_once_and_in_order() {
    let server = server().await;
    let mut ann = server.member_of("tea").await;
    let mut bob = server.native().await;
    let epoch = bob.join("tea").await["epoch"].clone();
    let (mut sent, mut heard) = (0, Vec::new());
    for round in 0..5 {
        for _ in 0..=round {
            sent += 1;
            ann.publish("tea", json!(sent)).await;
            heard.push(bob.hear_type("message").await["offset"].as_u64().unwrap());
        }
        drop(bob);
        for _ in 0..7 {
            sent += 1;
            ann.publish("tea", json!(sent)).await;
        }
        let joined;
        (bob, joined) = come_back(&server, &epoch, *heard.last().unwrap()).await;
        assert_eq!((&joined["recovered"], &joined["epoch"]), (&json!(true), &epoch));
        heard.extend(joined["messages"].as_array().unwrap().iter().map(|message| {
            assert_eq!(message["data"], message["offset"]);
            message["offset"].as_u64().unwrap()
        }));
        assert_eq!(joined["offset"].as_u64().unwrap(), *heard.last().unwrap());
        while heard.len() < sent {
            heard.push(bob.hear_type("message").await["offset"].as_u64().unwrap());
        }
    }
    assert_eq!(heard, (1..=sent as u64).collect::<Vec<_>>());
    drop((ann, bob));
    server.end().await;
}

#[tokio::test]
async fn members_on_different_workers_hear_the_same_order() {
    const EACH: usize = 40;
    let server = setup("").workers(2).start().await;
    let mut members = Vec::new();
    // The kernel chooses the worker: connect until there are some on both.
    while members.len() < 4 || server.workers_with_rooms() < 2 {
        assert!(members.len() < 100, "everyone is on the same worker");
        members.push(server.member_of("tea").await);
    }
    let count = members.len();
    let all = members.into_iter().enumerate().map(|(who, mut member)| async move {
        for n in 0..EACH / 4 {
            member.publish("tea", json!([who, n])).await;
        }
        let mut heard = Vec::new();
        while heard.len() < count * EACH / 4 {
            let message = member.hear_type("message").await;
            heard.push((message["offset"].as_u64().unwrap(), message["data"].to_string()));
        }
        heard
    });
    let heard = within(futures::future::join_all(all)).await;
    let offsets: Vec<_> = heard[0].iter().map(|(offset, _)| *offset).collect();
    assert_eq!(offsets, (1..=(count * EACH / 4) as u64).collect::<Vec<_>>());
    for other in &heard[1..] {
        assert_eq!(other, &heard[0]);
    }
    server.end().await;
}
