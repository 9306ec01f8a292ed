//! What the backend asks through the hub: publishing with an answer, history, who is where.

use crate::{party, room, room_kind, tea_party};
use roomcast_core::testing::{Script, World, identity, join, publish};
use roomcast_core::{
    Accepted, Config, Grants, Hub, Identity, Inbox, NoTokens, PresenceKind, PublishBy, RoomFilter,
    SessionEntry, SessionFilter, Shard,
};
use roomcast_protocol::command::{Page, Publish};
use roomcast_protocol::{
    CloseCode, Command, Epoch, ErrorCode, Message, MessageId, Payload, Refusal, User, UserId,
};
use std::sync::Arc;
use std::time::Duration;

static SCRIPT: Script = Script;

fn message(world: &World, name: &str, json: &str, id: Option<&str>) -> Message {
    Message {
        room: room(name),
        position: None,
        event: None,
        user: None,
        data: Payload::parse(json).unwrap(),
        timestamp: world.now().wall,
        message_id: id.map(|id| MessageId::new(id).unwrap()),
        key: None,
    }
}

fn say(world: &mut World, message: Message) -> Result<Accepted, Refusal> {
    let answer = world.hub().publish(message, false, world.now());
    world.until(answer)
}

/// The offset and whether it was there already.
fn place(accepted: Result<Accepted, Refusal>) -> (u64, bool) {
    let accepted = accepted.unwrap();
    (accepted.position.unwrap().offset, accepted.duplicate)
}

#[test]
fn the_backend_is_told_the_place_of_its_message() {
    let mut world = tea_party();
    let hello = message(&world, "tea", "\"hello\"", None);
    assert_eq!(place(say(&mut world, hello.clone())), (1, false));
    assert_eq!(place(say(&mut world, hello.clone())), (2, false));
    let ephemeral = world.hub().publish(hello, true, world.now());
    let accepted = world.until(ephemeral).unwrap();
    assert_eq!(accepted, Accepted { position: None, duplicate: false });
    assert_eq!(world.hear("ann").len(), 3);
    assert_eq!(world.hub().published_by_backend(), 3);
}

#[test]
fn a_retry_of_the_backend_is_stored_once_and_its_names_are_its_own() {
    let mut world = tea_party();
    let ann = User { id: UserId::new("ann").ok(), name: None };
    let named = message(&world, "tea", "1", Some("id"));
    let for_ann = Message { user: Some(ann), ..named.clone() };
    assert_eq!(place(say(&mut world, named.clone())), (1, false));
    assert_eq!(place(say(&mut world, for_ann)), (1, true));
    let message_id = MessageId::new("id").ok();
    world.publish_with("ann", Publish { message_id, ..publish("tea", "2") });
    assert_eq!(world.hear("ann").last().unwrap(), "ack tea #2");
    assert_eq!(place(say(&mut world, named.clone())), (1, true));
    world.advance(Duration::from_secs(130));
    assert_eq!(place(say(&mut world, named)), (3, false));
}

#[test]
fn no_client_takes_a_name_of_the_backend_away() {
    let mut config = Config::default();
    (config.limits.commands_per_second, config.limits.burst) = (100_000, 100_000);
    let mut world = party(config, 1, "tea");
    let named = message(&world, "tea", "1", Some("id"));
    assert_eq!(place(say(&mut world, named.clone())), (1, false));
    for n in 0..=10_000 {
        let message_id = MessageId::new(&format!("n{n}")).ok();
        world.publish_with("ann", Publish { message_id, echo: false, ..publish("tea", "2") });
    }
    assert_eq!(place(say(&mut world, named)), (1, true));
}

#[test]
fn the_kind_of_the_room_counts_for_the_backend_too() {
    let code = |world: &mut World, json: &str| {
        let message = message(world, "tea", json, None);
        say(world, message).map(|_| ()).map_err(|refusal| refusal.code)
    };
    let mut silent = World::new(room_kind(|kind| kind.publish = PublishBy::None), 1);
    assert_eq!(code(&mut silent, "1"), Err(ErrorCode::Forbidden));
    let mut small = World::new(room_kind(|kind| kind.max_message = 3), 1);
    assert_eq!(code(&mut small, "1234"), Err(ErrorCode::TooLarge));
    assert_eq!(code(&mut small, "123"), Ok(()));
    let mut own =
        World::new(room_kind(|kind| (kind.publish, kind.rate) = (PublishBy::Backend, 1)), 1);
    assert!((0..5).all(|_| code(&mut own, "1").is_ok()), "the rate is the members'");
}

#[test]
fn the_backend_reads_history_by_page() {
    let mut world = tea_party();
    for n in 1..=5 {
        world.publish("ann", "tea", &n.to_string());
    }
    let mut read = |name: &str, page, limit| {
        let past = world.hub().history(&room(name), page, limit, &SCRIPT, world.now());
        let past = world.until(past).unwrap();
        let texts: Vec<_> = past.messages.iter().map(|frame| frame.payload().to_vec()).collect();
        let texts = texts.iter().map(|text| String::from_utf8_lossy(text).into_owned());
        let texts: Vec<_> = texts.map(|text| text.split('\t').next().unwrap().to_owned()).collect();
        (texts, past.more, past.head)
    };
    let (texts, more, head) = read("tea", Page::Latest, 2);
    assert_eq!((texts, more), (vec!["tea #4 ann: 4".into(), "tea #5 ann: 5".into()], true));
    assert_eq!(head.offset, 5);
    let (texts, more, _) = read("tea", Page::Before(2), 2);
    assert_eq!((texts, more), (vec!["tea #1 ann: 1".to_owned()], false));
    let (texts, more, head) = read("nowhere", Page::Latest, 2);
    assert_eq!((texts.len(), more, head.epoch), (0, false, Epoch::UNKNOWN));
}

#[test]
fn every_page_of_history_brings_its_reader_on() {
    let mut world = party(Config { recovery: 100, ..Config::default() }, 1, "tea");
    for text in ["1", &format!("\"{}\"", "x".repeat(200)), "3"] {
        world.publish("ann", "tea", text);
    }
    let mut offsets = |page| {
        let past = world.hub().history(&room("tea"), page, 9, &SCRIPT, world.now());
        let past = world.until(past).unwrap();
        let payloads = past.messages.iter().map(|frame| frame.payload().to_vec());
        (payloads.map(|bytes| bytes[5] - b'0').collect::<Vec<_>>(), past.more)
    };
    assert_eq!(offsets(Page::After(0)), (vec![1], true));
    assert_eq!(offsets(Page::After(1)), (vec![2], true));
    assert_eq!(offsets(Page::After(2)), (vec![3], false));
    assert_eq!(offsets(Page::Latest), (vec![3], true));
    assert_eq!(offsets(Page::Before(3)), (vec![2], true));
    world.hear("bob");
    world.command("bob", Command::History { room: room("tea"), limit: 9, page: Page::After(1) });
    assert_eq!(world.hear("bob"), [format!("history tea [#2 ann: \"{}\"] …", "x".repeat(200))]);
}

#[test]
fn who_is_on_the_way_in_counts_in_every_answer() {
    let mut world = World::default();
    for (name, who) in
        [("ann", identity("ann", Grants::everything())), ("eve", Identity::observer())]
    {
        world.connect_as(name, who);
    }
    let hub = world.hub().clone();
    let mut listing = Box::pin(hub.list_rooms(RoomFilter { limit: 9, ..Default::default() }));
    // It is asked before the answers to the joins can come.
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(listing.as_mut().poll(&mut context).is_pending());
    world.send("ann", Command::Join(join("tea")));
    world.send("eve", Command::Join(join("tea")));
    assert_eq!(hub.members(&room("tea")), 1);
    let listing = world.until(listing).entries;
    assert_eq!((listing.len(), listing[0].members), (1, 1));
}

#[test]
fn rooms_are_listed_by_name_over_all_shards() {
    let mut world = World::new(Config::default(), 3);
    for name in ["ann", "bob", "cat"] {
        world.connect(name);
        world.join(name, "chat:all");
        world.join(name, &format!("chat:{name}"));
        world.join(name, &format!("mail:{name}"));
    }
    let hub = world.hub().clone();
    let mut list = |prefix: &str, after: Option<&str>, limit| {
        let (prefix, after) = (prefix.to_owned(), after.map(str::to_owned));
        let listing = world.until(hub.list_rooms(RoomFilter { prefix, after, limit }));
        let entries = listing.entries.iter().map(|e| format!("{} {}", e.room, e.members));
        (entries.collect::<Vec<_>>(), listing.more)
    };
    let whole = ["chat:all 3", "chat:ann 1", "chat:bob 1", "chat:cat 1"];
    assert_eq!(list("chat:", None, 4), (whole.map(str::to_owned).to_vec(), false));
    assert_eq!(list("chat:", None, 2), (whole[..2].iter().map(|&s| s.into()).collect(), true));
    let rest = (whole[2..].iter().map(|&s| s.into()).collect(), false);
    assert_eq!(list("chat:", Some("chat:ann"), 2), rest);
    assert_eq!(list("", Some("mail:bob"), 9).0, ["mail:cat 1"]);
    assert_eq!(list("none", None, 9), (vec![], false));
}

#[test]
fn more_rooms_than_one_step_looks_at_are_all_seen() {
    let mut config = Config::default();
    (config.limits.rooms, config.limits.commands_per_second, config.limits.burst) =
        (3_000, 10_000, 10_000);
    let mut world = World::new(config, 1);
    world.connect("ann");
    (0..2_500).for_each(|n| world.join("ann", &format!("room:{n:04}")));
    let hub = world.hub().clone();
    let (mut seen, mut after) = (0, None);
    loop {
        let filter = RoomFilter { prefix: "room:".into(), after, limit: 700 };
        let listing = world.until(hub.list_rooms(filter));
        for entry in &listing.entries {
            assert_eq!(entry.room.as_str(), format!("room:{seen:04}"));
            seen += 1;
        }
        after = listing.entries.last().map(|entry| entry.room.to_string());
        if !listing.more {
            break;
        }
    }
    assert_eq!(seen, 2_500);
    let listing = world.until(hub.list_sessions(SessionFilter { limit: 1, ..Default::default() }));
    let entry = &listing.entries[0];
    assert_eq!((entry.rooms.len(), entry.rooms_count), (SessionEntry::MAX_ROOMS, 2_500));
}

#[test]
fn sessions_are_listed_by_id_and_by_user() {
    let mut world = World::new(Config::default(), 2);
    for name in ["ann", "ann2", "bob", "cat", "dan"] {
        world.connect_as(name, identity(&name.replace('2', ""), Grants::everything()));
    }
    world.join("bob", "tea");
    world.advance(Duration::from_secs(2));
    let hub = world.hub().clone();
    let mut list = |filter| world.until(hub.list_sessions(filter));
    let all = list(SessionFilter { limit: 9, ..Default::default() });
    assert_eq!((all.entries.len(), all.more), (5, false));
    assert!(all.entries.is_sorted_by_key(|entry| entry.session));
    let first = list(SessionFilter { limit: 2, ..Default::default() });
    assert_eq!((&first.entries[..], first.more), (&all.entries[..2], true));
    let after = Some(first.entries[1].session);
    let rest = list(SessionFilter { after, limit: 3, ..Default::default() });
    assert_eq!((&rest.entries[..], rest.more), (&all.entries[2..], false));
    let of = |user: &str| SessionFilter { user: UserId::new(user).ok(), limit: 9, after: None };
    assert_eq!(list(of("ann")).entries.len(), 2);
    let bob = list(of("bob")).entries.remove(0);
    assert_eq!((bob.dialect, bob.connected), ("script", Duration::from_secs(2)));
    assert_eq!((bob.rooms, bob.rooms_count, bob.rtt), (vec![room("tea")], 1, None));
}

#[test]
fn a_shard_that_is_gone_keeps_nobody_waiting() {
    let (hub, mut shards) = Hub::local(Config::default(), Arc::new(NoTokens), 2, 1);
    let (_, gone): (Shard, Inbox) = shards.pop().unwrap();
    drop(gone);
    let (mut shard, mut inbox) = shards.pop().unwrap();
    let mut other = World::default();
    let rooms = hub.list_rooms(RoomFilter { limit: 1, ..Default::default() });
    let closed = hub.disconnect(&UserId::new("ann").unwrap(), None, CloseCode::Disconnected);
    let mut both = Box::pin(async { (rooms.await.entries.len(), closed.await) });
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(both.as_mut().poll(&mut context).is_pending());
    while let Some(event) = inbox.try_recv() {
        shard.handle([event], other.now());
    }
    assert_eq!(other.until(both), (0, 0));
}

#[test]
fn the_backend_sees_who_is_in_a_room() {
    let mut world = tea_party();
    let roster = world.hub().roster(&room("tea"));
    let roster = world.until(roster).unwrap();
    let members = roster.members.unwrap();
    let mut names: Vec<_> =
        members.iter().map(|member| member.user.as_ref().unwrap().display_name()).collect();
    names.sort_unstable();
    assert_eq!((names, roster.count), (vec!["ann", "bob"], 2));
    let mut world = party(room_kind(|kind| kind.presence = PresenceKind::None), 2, "tea");
    let roster = world.hub().roster(&room("tea"));
    let roster = world.until(roster).unwrap();
    assert_eq!((roster.members.is_none(), roster.count), (true, 2));
    assert_eq!(world.hub().members(&room("nowhere")), 0);
}

#[test]
fn the_backend_is_told_how_many_sessions_it_closed() {
    let mut world = World::new(Config::default(), 2);
    for name in ["ann", "ann2", "bob"] {
        world.connect_as(name, identity(&name.replace('2', ""), Grants::everything()));
        world.join_with(name, join("tea"));
    }
    let ann = UserId::new("ann").unwrap();
    let closed = world.hub().disconnect(&ann, None, CloseCode::Disconnected);
    assert_eq!(world.until(closed), 2);
    assert_eq!(world.closed("ann2"), Some(CloseCode::Disconnected));
    assert!(world.is_connected("bob"));
}

#[test]
fn the_backend_closes_one_session_of_a_user_and_no_others() {
    let mut world = World::new(Config::default(), 2);
    for name in ["ann", "ann2", "bob"] {
        world.connect_as(name, identity(&name.replace('2', ""), Grants::everything()));
    }
    let hub = world.hub().clone();
    let (ann, bob) = (UserId::new("ann").unwrap(), UserId::new("bob").unwrap());
    let filter = SessionFilter { user: Some(ann.clone()), limit: 9, after: None };
    let one = world.until(hub.list_sessions(filter)).entries[0].session;
    let mut close = |user| world.until(hub.disconnect(user, Some(one), CloseCode::Disconnected));
    assert_eq!((close(&bob), close(&ann), close(&ann)), (0, 1, 0));
    assert!(world.is_connected("ann") != world.is_connected("ann2"));
    assert!(world.is_connected("bob"));
}
