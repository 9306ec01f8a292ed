//! What came while a node did not hear, and links that end in the middle of healing.

use super::{EVERYONE, Publish, named, publish, quiet, say, start};
use crate::stub::Asked;
use crate::stub::bed::Bed;
use roomcast_core::testing::join;
use roomcast_core::testing::suite::settings;
use roomcast_protocol::Command;
use std::time::Duration;

/// Ann and Bob are on the first node, cat and dan on the second; what cat says, the first node
/// does not hear.
fn miss(bed: &mut Bed, numbers: std::ops::RangeInclusive<u64>) {
    bed.redis(|redis| redis.deafen(0));
    for number in numbers {
        bed.world.publish_with("cat", quiet(&number.to_string()));
        bed.expect("cat", &[&format!("ack tea #{number}")]);
        bed.expect("dan", &[&format!("tea #{number} cat: {number}")]);
    }
}

#[track_caller]
fn hear(bed: &mut Bed, numbers: std::ops::RangeInclusive<u64>) {
    let lines: Vec<String> = numbers.map(|number| format!("tea #{number} cat: {number}")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    ["ann", "bob"].iter().for_each(|name| bed.expect(name, &lines));
}

#[track_caller]
fn hear_soon(bed: &mut Bed, numbers: std::ops::RangeInclusive<u64>) {
    bed.pass(Duration::from_secs(1));
    let heard = bed.world.hear("ann");
    assert_eq!(heard.len() as u64, numbers.end() + 1 - numbers.start(), "{heard:?}");
    let lines: Vec<&str> = heard.iter().map(String::as_str).collect();
    bed.expect("bob", &lines);
}

#[test]
fn what_came_while_a_node_was_deaf_is_read_when_its_link_is_made_anew() {
    let mut bed = start();
    miss(&mut bed, 1..=3);
    bed.redis(|redis| redis.end(0));
    bed.redis(|redis| redis.undeafen(0, false));
    hear(&mut bed, 1..=3);
    say(&mut bed, 4);
}

#[test]
fn what_was_dropped_is_read() {
    let mut bed = start();
    miss(&mut bed, 1..=3);
    bed.redis(|redis| redis.undeafen(0, true));
    hear_soon(&mut bed, 1..=3);
    miss(&mut bed, 4..=4);
    // What cannot be compared is read.
    bed.redis(|redis| redis.refuse(Asked::Check, 1));
    bed.redis(|redis| redis.undeafen(0, true));
    hear_soon(&mut bed, 4..=4);
    say(&mut bed, 5);
}

#[test]
fn what_went_missing_in_silence_is_found_in_a_while() {
    let mut bed = start();
    miss(&mut bed, 1..=3);
    bed.redis(|redis| redis.undeafen(0, false));
    hear(&mut bed, 1..=3);
    say(&mut bed, 4);
}

#[test]
fn a_reading_for_one_shard_hides_nothing_from_another() {
    for (is_told, ends) in [(true, false), (false, true), (false, false)] {
        let mut bed = start();
        miss(&mut bed, 1..=3);
        // Whoever comes now lets one shard of the node read the room.
        bed.come("eve", "tea", "joined tea @3");
        bed.redis(|redis| redis.undeafen(0, is_told));
        if ends {
            bed.redis(|redis| redis.end(0));
        }
        hear(&mut bed, 1..=3);
        say(&mut bed, 4);
        bed.expect("eve", &["tea #4 bob: 4"]);
    }
}

#[test]
fn a_room_left_and_entered_again_while_it_is_subscribed_to_is_heard() {
    for rounds in 1..4 {
        let mut bed = start();
        bed.redis(|redis| redis.hold_answers(true));
        bed.world.connect("eve");
        for _ in 0..rounds {
            bed.world.send("eve", Command::Join(join("new")));
            bed.step();
            bed.world.cut("eve");
            bed.world.advance(Duration::from_secs(120));
            bed.step();
            bed.world.connect("eve");
        }
        bed.world.send("eve", Command::Join(join("new")));
        bed.step();
        bed.redis(|redis| redis.hold_answers(false));
        bed.expect("eve", &["joined new @0"]);
        bed.world.publish_with("eve", Publish { echo: false, ..publish("new", "1") });
        bed.expect("eve", &["ack new #1"]);
        bed.come("fay", "new", "joined new @1");
        bed.world.publish_with("fay", Publish { echo: false, ..publish("new", "2") });
        bed.expect("eve", &["new #2 fay: 2"]);
    }
}

#[test]
fn a_link_may_end_at_every_point_of_healing() {
    for point in 1..=30 {
        let mut bed = start();
        miss(&mut bed, 1..=2);
        bed.redis(|redis| redis.end(0));
        bed.redis(|redis| redis.undeafen(0, false));
        bed.redis(|redis| redis.end_after(None, point));
        bed.world.publish_with("bob", named("3"));
        let mut heard = Vec::new();
        let complete = bed.wait_for(|bed| {
            heard.append(&mut bed.world.hear("ann"));
            heard.len() >= 3
        });
        assert!(complete, "{point}: {heard:?}");
        assert_eq!(heard, ["tea #1 cat: 1", "tea #2 cat: 2", "tea #3 bob: 3"], "{point}");
        bed.redis(|redis| redis.heal());
        bed.pass(Duration::from_secs(3));
        for name in EVERYONE {
            bed.world.hear(name);
        }
        say(&mut bed, 4);
    }
}

#[test]
fn whoever_joins_while_the_link_ends_at_any_point_is_let_in_or_refused_once() {
    for point in 1..=12 {
        for asked in [Asked::Subscribe, Asked::Read, Asked::Check, Asked::Ping] {
            let mut bed = Bed::new(2, &settings());
            bed.redis(|redis| redis.end_after(Some(asked), point));
            for number in 0..12 {
                let name = format!("p{number}");
                bed.world.connect(&name);
                bed.world.send(&name, Command::Join(join("tea")));
                if number % 3 == 0 {
                    bed.step();
                }
            }
            bed.pass(Duration::from_secs(6));
            for number in 0..12 {
                let heard = bed.world.hear(&format!("p{number}"));
                assert_eq!(heard.len(), 1, "{point} {asked:?} {number}: {heard:?}");
            }
        }
    }
}
