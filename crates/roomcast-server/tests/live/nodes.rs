//! Two nodes and a real Redis between them.

use crate::support::backend::{Backend, config};
use crate::support::client::Client;
use crate::support::process::Program;
use crate::support::{Server, http, setup, within};
use roomcast_testbed::{Redis, RedisOptions};
use serde_json::{Value, json};

const QUIET: &str = "[[room]]\npattern = \"*\"\npresence = \"none\"\n";

fn redis() -> Redis {
    Redis::start(&RedisOptions::default()).unwrap()
}

/// A node with this configuration that finds the others there.
async fn node(redis: &Redis, text: &str) -> Server {
    let link = format!(
        "[redis]\nurl = \"{}\"\ntimeout = \"1s\"\nping = \"100ms\"\nwait = \"20s\"\n",
        redis.url()
    );
    setup(&format!("{text}\n{link}")).serve().await
}

/// The next frame of that `type`; others before it do not matter.
async fn until(client: &mut Client, kind: &str) -> Value {
    within(async {
        loop {
            let frame = client.hear_json().await;
            if frame["type"] == kind {
                return frame;
            }
        }
    })
    .await
}

#[tokio::test]
async fn members_on_two_nodes_hear_each_other_in_one_order() {
    let redis = redis();
    let (one, two) = (node(&redis, QUIET).await, node(&redis, QUIET).await);
    let mut ann = one.member_of("tea").await;
    let mut bob = two.member_of("tea").await;
    let mut eve = two.connect("/ws/chat/tea").await;
    // A guide client is not told when it is in.
    two.until_metric("roomcast_memberships", 2.0).await;
    for turn in 1..=5_u64 {
        ann.publish("tea", json!({"text": "milk?"})).await;
        bob.publish("tea", json!({"text": "lemon!"})).await;
        let mut heard = Vec::new();
        for client in [&mut ann, &mut bob] {
            let both = [client.hear_type("message").await, client.hear_type("message").await];
            assert_eq!(both[0]["offset"], json!(2 * turn - 1));
            heard.push(both.map(|frame| (frame["offset"].clone(), frame["data"].clone())));
        }
        assert_eq!(heard[0], heard[1]);
        for (_, data) in &heard[0] {
            assert_eq!(eve.hear_json().await["text"], data["text"]);
        }
    }
    drop((ann, bob, eve));
    one.end().await;
    two.end().await;
}

#[tokio::test]
async fn who_comes_back_to_another_node_gets_what_it_missed() {
    let redis = redis();
    let text = config(QUIET);
    let (one, two) = (node(&redis, &text).await, node(&redis, &text).await);
    let mut ann = one.native().await;
    let joined = ann.join("tea").await;
    let position = json!({"epoch": joined["epoch"], "offset": joined["offset"]});
    ann.leave().await;
    Backend(two.addr()).publish("/v1/rooms/tea/messages", json!({"data": 1})).await;
    Backend(one.addr()).publish("/v1/rooms/tea/messages", json!({"data": 2})).await;
    let mut ann = two.native().await;
    let join = json!({"type": "join", "id": 1, "room": "tea", "since": position});
    let joined = ann.ask(join).await;
    assert_eq!(joined["recovered"], true, "{joined}");
    let data: Vec<_> =
        joined["messages"].as_array().unwrap().iter().map(|message| &message["data"]).collect();
    assert_eq!(data, [&json!(1), &json!(2)]);
    let page = Backend(two.addr()).read("/v1/rooms/tea/messages").await;
    assert_eq!(page["offset"], 2);
    ann.leave().await;
    one.end().await;
    two.end().await;
}

#[tokio::test]
async fn what_another_program_publishes_reaches_every_node() {
    let redis = redis();
    let (one, two) = (node(&redis, QUIET).await, node(&redis, QUIET).await);
    let mut clients = [one.member_of("lobby").await, two.member_of("lobby").await];
    redis.command(&["PUBLISH", "room:lobby", r#"{"user":"ops","text":"hi"}"#]).unwrap();
    for client in &mut clients {
        let frame = client.hear_type("message").await;
        assert_eq!((&frame["data"], &frame["offset"]), (&json!({"text": "hi"}), &Value::Null));
    }
    drop(clients);
    one.end().await;
    two.end().await;
}

#[tokio::test]
async fn a_member_of_a_node_that_goes_away_leaves_at_once() {
    let redis = redis();
    let (one, two) = (node(&redis, "").await, node(&redis, "").await);
    let mut bob = two.native().await;
    let join = json!({"type": "join", "id": 1, "room": "tea", "presence": "full"});
    bob.ask(join).await;
    let mut ann = one.member_of("tea").await;
    while until(&mut bob, "presence").await["count"] != 2 {}
    // A client answers a close frame only while it listens.
    let listen = async { while ann.next().await.is_some() {} };
    assert_eq!(tokio::join!(one.drain(), listen).0, 0);
    let went = until(&mut bob, "presence").await;
    assert_eq!((&went["count"], went["left"].as_array().map(Vec::len)), (&json!(1), Some(1)));
    drop((ann, bob));
    two.end().await;
}

#[tokio::test]
async fn while_redis_is_away_nothing_is_published_and_afterwards_everything_is_well() {
    let mut redis = redis();
    let node = node(&redis, QUIET).await;
    let mut ann = node.member_of("tea").await;
    redis.kill().unwrap();
    node.until_metric("roomcast_broker_up", 0.0).await;
    assert_eq!(until(&mut ann, "system").await["event"], "degraded");
    let publish = json!({"type": "publish", "id": 7, "room": "tea", "data": 1});
    let refused = ann.ask(publish.clone()).await;
    assert_eq!((&refused["code"], &refused["retry"]), (&json!("unavailable"), &json!(true)));
    for (addr, says_why) in [(node.addr(), false), (node.admin(), true)] {
        assert_eq!(http::get(addr, "/health", &[]).await.status, 200);
        let ready = http::get(addr, "/ready", &[]).await;
        assert_eq!(ready.error(), (503, "unavailable".into()));
        let generic = ready.body.contains("this node has no link to the others");
        assert_eq!(generic, !says_why, "{}", ready.body);
    }
    redis.restart(false).unwrap();
    node.until_metric("roomcast_broker_up", 1.0).await;
    assert_eq!(until(&mut ann, "system").await["event"], "restored");
    assert_eq!(http::get(node.addr(), "/ready", &[]).await.status, 200);
    ann.tell(publish).await;
    assert_eq!(until(&mut ann, "message").await["data"], 1);
    ann.leave().await;
    node.end().await;
}

#[tokio::test]
async fn a_wrong_password_keeps_a_node_from_starting_and_is_not_shown() {
    let options = RedisOptions { password: Some("rightsecret".into()), ..Default::default() };
    let redis = Redis::start(&options).unwrap();
    let url = redis.url().replace("rightsecret", "wrongsecret");
    let config = "[redis]\nwait = \"1s\"\ntimeout = \"500ms\"\n";
    let vars = [("REDIS_URL", url.as_str()), ("RUST_LOG", "trace")];
    let ended = Program::run("serve --listen 127.0.0.1:0 --workers 1", config, &vars).end().await;
    assert_eq!(ended.code, Some(69), "{}", ended.said);
    assert!(ended.said.contains("WRONGPASS"), "{}", ended.said);
    assert!(!ended.said.contains("secret"), "{}", ended.said);
}
