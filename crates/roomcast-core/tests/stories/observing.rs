//! Operators who look in: they see everything of a room and leave no trace in it.

use crate::{room, room_kind, tea_party};
use roomcast_core::testing::{World, join, publish};
use roomcast_core::{Config, Identity, PresenceKind, RoomFilter, SessionFilter};
use roomcast_protocol::command::{Join, Page, PresenceMode, Token};
use roomcast_protocol::{Command, Payload};
use std::time::Duration;

fn look_in(world: &mut World, name: &str) {
    world.connect_as("eve", Identity::observer());
    world.join_with("eve", Join { presence: PresenceMode::Full, ..join(name) });
}

#[test]
fn an_observer_hears_the_room_and_is_seen_by_nobody() {
    let mut world = tea_party();
    world.connect("cat");
    world.join_with("cat", Join { presence: PresenceMode::Full, ..join("tea") });
    world.advance(Duration::from_secs(1));
    world.hear("cat");
    look_in(&mut world, "tea");
    assert_eq!(world.hear("eve"), ["joined tea @0 {ann bob cat} =3"]);
    world.publish("ann", "tea", "1");
    assert_eq!(world.hear("eve"), ["tea #1 ann: 1"]);
    world.cut("eve");
    world.advance(Duration::from_secs(1));
    assert_eq!(world.hear("cat"), ["tea #1 ann: 1"]);
    assert_eq!(world.hub().members(&room("tea")), 3);
}

#[test]
fn an_observer_is_told_who_comes_and_goes_wherever_they_are() {
    let mut world = World::new(Config::default(), 2);
    look_in(&mut world, "tea");
    world.connect("ann");
    world.join("ann", "tea");
    world.advance(Duration::from_secs(1));
    world.cut("ann");
    world.advance(Duration::from_secs(1));
    let heard = ["joined tea @0 {} =0", "presence tea +ann =1", "presence tea -ann =0"];
    assert_eq!(world.hear("eve"), heard);
}

#[test]
fn an_observer_takes_no_place_and_makes_no_room() {
    let mut world = World::new(room_kind(|kind| kind.max_members = 1), 1);
    look_in(&mut world, "tea");
    let hub = world.hub().clone();
    let filter = || RoomFilter { limit: 9, ..Default::default() };
    assert!(world.until(hub.list_rooms(filter())).entries.is_empty());
    for name in ["ann", "bob"] {
        world.connect(name);
        world.join(name, "tea");
    }
    assert_eq!(world.hear("ann"), ["joined tea @0"]);
    assert_eq!(world.hear("bob"), ["error tea limit"]);
    assert_eq!(world.until(hub.list_rooms(filter())).entries[0].members, 1);
    world.command("eve", Command::Leave { room: room("tea") });
    world.join("bob", "tea");
    assert_eq!(world.hear("bob"), ["error tea limit"], "she gave up no place");
    let sessions = SessionFilter { limit: 9, ..Default::default() };
    let sessions = world.until(hub.list_sessions(sessions)).entries;
    assert_eq!(sessions.iter().filter(|entry| entry.observer).count(), 1);
    ["ann", "eve"].iter().for_each(|name| world.cut(name));
    world.join("bob", "tea");
    assert_eq!(world.hear("bob"), ["joined tea @0"]);
}

#[test]
fn an_observer_reads_and_says_nothing() {
    let mut world = tea_party();
    world.publish("ann", "tea", "1");
    look_in(&mut world, "tea");
    world.hear("eve");
    world.command("eve", Command::History { room: room("tea"), limit: 9, page: Page::Latest });
    assert_eq!(world.hear("eve"), ["history tea [#1 ann: 1]"]);
    world.publish_with("eve", publish("tea", "2"));
    let data = Payload::parse("\"here\"").unwrap();
    world.command("eve", Command::State { room: room("tea"), data });
    world.command("eve", Command::Refresh { token: Token("eve".into()) });
    let heard = ["error tea forbidden", "error tea forbidden", "error unauthorized"];
    assert_eq!(world.hear("eve"), heard);
    let roster = world.hub().roster(&room("tea"));
    assert_eq!(world.until(roster).unwrap().count, 2);
}

#[test]
fn nothing_is_left_of_an_observer() {
    let mut world = World::new(Config::default(), 2);
    look_in(&mut world, "tea");
    world.connect("ann");
    world.join("ann", "tea");
    assert_eq!(world.hub().rooms_with_presence(), 1);
    world.cut("ann");
    world.cut("eve");
    world.advance(Duration::from_secs(600));
    let stats = world.hub().stats();
    assert!(stats.iter().all(|shard| shard.rooms.get() == 0 && shard.memberships.get() == 0));
    assert_eq!(world.hub().rooms_with_presence(), 0);
}

#[test]
fn where_only_the_number_is_told_an_observer_hears_no_names() {
    let mut world = World::new(room_kind(|kind| kind.presence = PresenceKind::Count), 1);
    look_in(&mut world, "tea");
    let shape = |world: &mut World| {
        let roster = world.hub().roster(&room("tea"));
        let roster = world.until(roster).unwrap();
        (roster.members.is_some(), roster.count)
    };
    assert_eq!(shape(&mut world), (false, 0));
    world.connect("ann");
    world.join("ann", "tea");
    world.advance(Duration::from_secs(1));
    assert_eq!(shape(&mut world), (false, 1));
    world.cut("ann");
    world.advance(Duration::from_secs(1));
    assert_eq!(shape(&mut world), (false, 0));
    assert_eq!(world.hear("eve"), ["joined tea @0 =0", "presence tea =1", "presence tea =0"]);
}
