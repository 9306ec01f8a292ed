//! What a backend sees of rooms and sessions, page by page.

use crate::support::backend::{Backend, config};
use crate::support::{setup, token};
use serde_json::{Value, json};

fn names<'a>(listing: &'a Value, list: &str, key: &str) -> Vec<&'a str> {
    let entries = listing[list].as_array().unwrap().iter();
    entries.map(|entry| entry[key].as_str().unwrap()).collect()
}

#[tokio::test]
async fn rooms_are_listed_by_name_with_all_their_members() {
    let server = setup(&config("")).workers(2).start().await;
    let backend = Backend(server.addr());
    let mut clients = Vec::new();
    for own in ["chat:a", "chat:b", "chat:c&d", "mail:x"] {
        let mut client = server.member_of(own).await;
        client.join("chat:all").await;
        clients.push(client);
    }
    let all = backend.read("/v1/rooms").await;
    let rooms = ["chat:a", "chat:all", "chat:b", "chat:c&d", "mail:x"];
    assert_eq!(names(&all, "rooms", "room"), rooms);
    assert_eq!((&all["rooms"][1]["members"], all.get("next")), (&json!(4), None));
    let first = backend.read("/v1/rooms?prefix=chat:&limit=3").await;
    assert_eq!(names(&first, "rooms", "room"), rooms[..3]);
    assert_eq!(first["next"], "chat:b");
    let rest = backend.read("/v1/rooms?prefix=chat:&limit=3&after=chat%3Ab").await;
    assert_eq!(rest, json!({"rooms": [{"room": "chat:c&d", "members": 1}]}));
    let none = backend.read("/v1/rooms?prefix=chat:c%26d%20").await;
    assert_eq!(none, json!({"rooms": []}));
    for client in clients {
        client.leave().await;
    }
    server.until_metric("roomcast_memberships", 0.0).await;
    assert_eq!(backend.read("/v1/rooms").await, json!({"rooms": []}));
    server.end().await;
}

#[tokio::test]
async fn members_are_told_with_their_state_or_counted() {
    let more = "[[room]]\npattern = \"quiet:*\"\npresence = \"none\"\n\
                [[room]]\npattern = \"*\"";
    let server = setup(&config(more)).start().await;
    let backend = Backend(server.addr());
    let mut ann = server.native_as(&token::of("ann", "Ann")).await;
    let state = json!({"type": "join", "room": "tea", "state": {"mood": 1.10}});
    ann.ask(state).await;
    ann.join("quiet:tea").await;
    let mut told = backend.read("/v1/rooms/tea/members").await;
    assert!(told["members"][0]["session"].take().as_str().unwrap().len() == 16);
    let member =
        json!({"session": null, "user": {"id": "ann", "name": "Ann"}, "state": {"mood": 1.1}});
    assert_eq!(told, json!({"members": [member], "count": 1}));
    assert_eq!(backend.read("/v1/rooms/quiet:tea/members").await, json!({"count": 1}));
    let nobody = json!({"members": [], "count": 0});
    assert_eq!(backend.read("/v1/rooms/nowhere/members").await, nobody);
    ann.leave().await;
    server.end().await;
}

#[tokio::test]
async fn sessions_are_listed_by_id_and_by_user() {
    let server = setup(&config("")).workers(2).start().await;
    let backend = Backend(server.addr());
    let mut clients = Vec::new();
    for n in 0..5 {
        let name = if n < 2 { "ann" } else { "bob" };
        clients.push(server.native_as(&token::of(name, "Name")).await);
    }
    for n in 0..25 {
        clients[0].join(&format!("room:{n:02}")).await;
    }
    clients.push(server.connect("/ws/chat/tea").await);
    server.until_metric("roomcast_memberships", 26.0).await;
    let all = backend.read("/v1/sessions").await;
    let ids = names(&all, "sessions", "session");
    assert!(ids.len() == 6 && ids.is_sorted() && all.get("next").is_none(), "{all}");
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = backend.read(&format!("/v1/sessions?limit=4&after={after}")).await;
        seen.extend(names(&page, "sessions", "session").iter().map(|id| id.to_string()));
        let Some(next) = page["next"].as_str() else { break };
        after = next.to_owned();
    }
    assert_eq!(seen, ids);
    shows_who_and_where(&backend, &all).await;
    for query in ["after=xyz", "after=1", "limit=0", "user=%0A", "name=ann"] {
        let answer = backend.get(&format!("/v1/sessions?{query}")).await;
        assert_eq!(answer.error(), (400, "bad_request".into()), "{query}");
    }
    for client in clients {
        client.leave().await;
    }
    server.end().await;
}

/// Ann has two sessions, one of them in 25 rooms; a guest is in a chat of the guide.
async fn shows_who_and_where(backend: &Backend, all: &Value) {
    let ann = backend.read("/v1/sessions?user=ann").await;
    let ann = ann["sessions"].as_array().unwrap();
    assert_eq!(ann.len(), 2);
    let many = ann.iter().find(|entry| entry["rooms_count"] == 25).unwrap();
    assert_eq!(many["rooms"].as_array().unwrap().len(), 20);
    assert_eq!((&many["dialect"], &many["user"]["id"]), (&json!("native"), &json!("ann")));
    assert!(many["connected_ms"].is_u64() && many["outbox_bytes"].is_u64(), "{many}");
    let guest =
        all["sessions"].as_array().unwrap().iter().find(|entry| entry.get("user").is_none());
    assert_eq!(guest.unwrap()["rooms"], json!(["tea"]));
}
