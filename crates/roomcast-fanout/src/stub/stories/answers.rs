//! Answers that are lost, refused or late: everyone who asked hears once what became of it.

use super::{named, publish, quiet, say, start};
use crate::stub::Asked;
use roomcast_core::testing::{join, message};
use roomcast_protocol::command::Publish;
use roomcast_protocol::{Command, MessageId, command::Page};
use std::time::Duration;

#[test]
fn a_named_message_whose_answer_was_lost_is_found_again() {
    let mut bed = start();
    bed.redis(|redis| redis.end_after(Some(Asked::Append), 1));
    bed.world.publish_with("bob", named("1"));
    bed.expect("bob", &["ack tea #1 duplicate"]);
    ["ann", "cat", "dan"].iter().for_each(|name| bed.expect(name, &["tea #1 bob: 1"]));
    say(&mut bed, 2);
}

#[test]
fn the_publisher_of_a_message_without_a_name_hears_that_it_is_not_known() {
    let mut bed = start();
    bed.redis(|redis| redis.end_after(Some(Asked::Append), 1));
    bed.world.publish_with("bob", quiet("1"));
    bed.expect("bob", &["error tea unavailable"]);
    ["ann", "cat", "dan"].iter().for_each(|name| bed.expect(name, &["tea #1 bob: 1"]));
    say(&mut bed, 2);
}

#[test]
fn messages_that_are_given_again_keep_their_order() {
    [false, true].into_iter().for_each(keep_order);
}

fn keep_order(is_silent: bool) {
    let mut bed = start();
    bed.redis(|redis| redis.end_silently(is_silent));
    bed.redis(|redis| redis.stand_still(true));
    // One batch each.
    for number in 1..=6 {
        bed.world.publish_with("bob", named(&number.to_string()));
        bed.step();
    }
    bed.redis(|redis| redis.end_all());
    bed.redis(|redis| redis.forget_requests());
    bed.redis(|redis| redis.stand_still(false));
    bed.pass(Duration::from_secs(5));
    // Who waited for too long was refused; what was taken is in order.
    let heard = bed.world.hear("ann");
    let said = |line: &String| Some(line.split_once("bob: ")?.1.to_owned());
    let said: Vec<String> = heard.iter().filter_map(said).collect();
    assert!(said.is_sorted() && (is_silent || said.len() == 6), "{heard:?}");
    let answers = bed.world.hear("bob");
    assert_eq!(answers.iter().filter(|line| !line.starts_with("system")).count(), 6, "{answers:?}");
}

#[test]
fn a_message_with_which_every_link_ends_is_refused_in_the_end() {
    let mut bed = start();
    bed.redis(|redis| redis.end_before_appends(true));
    bed.world.publish_with("bob", named("1"));
    bed.expect("bob", &["error tea unavailable"]);
    bed.redis(|redis| redis.heal());
    say(&mut bed, 1);
}

#[test]
fn a_refused_reading_is_told_and_the_next_one_is_done() {
    let mut bed = start();
    bed.redis(|redis| redis.hold_answers(true));
    bed.redis(|redis| redis.refuse(Asked::Read, 1));
    // One on each shard of the first node: the second waits for the next reading.
    for name in ["eve", "fay"] {
        bed.world.connect(name);
        bed.world.join(name, "tea");
        bed.step();
    }
    bed.redis(|redis| redis.hold_answers(false));
    bed.expect("eve", &["error tea unavailable"]);
    bed.expect_soon("fay", &["joined tea @0"]);
}

#[test]
fn members_of_a_room_whose_reading_was_refused_get_what_they_miss_by_and_by() {
    let mut bed = start();
    bed.redis(|redis| redis.deafen(0));
    bed.world.publish_with("cat", quiet("1"));
    bed.expect("cat", &["ack tea #1"]);
    bed.redis(|redis| redis.undeafen(0, false));
    bed.redis(|redis| redis.refuse(Asked::Read, 20));
    bed.world.publish_with("cat", quiet("2"));
    bed.expect("cat", &["ack tea #2"]);
    bed.pass(Duration::from_secs(1));
    bed.redis(|redis| redis.refuse(Asked::Read, 0));
    bed.expect("ann", &["tea #1 cat: 1", "tea #2 cat: 2"]);
    bed.expect("bob", &["tea #1 cat: 1", "tea #2 cat: 2"]);
}

#[test]
fn what_is_refused_of_a_link_is_asked_of_the_next() {
    for asked in [Asked::Subscribe, Asked::Check, Asked::Ping, Asked::Unsubscribe] {
        let mut bed = start();
        bed.redis(|redis| redis.refuse(asked, 3));
        bed.redis(|redis| redis.end_all());
        bed.come("eve", "new", "joined new @0");
        bed.world.cut("eve");
        bed.pass(Duration::from_secs(5));
        say(&mut bed, 1);
    }
}

#[test]
fn everyone_is_answered_when_the_node_goes() {
    let mut bed = start();
    bed.redis(|redis| redis.stand_still(true));
    for number in 1..=6 {
        bed.world.publish_with("bob", named(&number.to_string()));
        bed.step();
    }
    let page = Command::History { room: join("tea").room, limit: 3, page: Page::Latest };
    bed.world.send("cat", page);
    bed.world.connect("eve");
    bed.world.join("eve", "tea");
    bed.close();
    bed.expect("bob", &["error tea unavailable"; 6]);
    bed.expect("cat", &["error tea unavailable"]);
    bed.expect("eve", &["error tea unavailable"]);
    // Nothing is left that could answer.
    bed.world.publish_with("bob", quiet("7"));
    bed.expect("bob", &["error tea unavailable"]);
    bed.world.connect("fay");
    bed.world.join("fay", "tea");
    bed.expect("fay", &["error tea unavailable"]);
    let (hub, now) = (bed.world.hub().clone(), bed.world.now());
    let published = hub.publish(message("tea", "8"), false, now);
    assert!(bed.world.until(published).is_err());
}

#[test]
fn what_waits_is_counted_and_nothing_stays_counted() {
    let mut bed = start();
    bed.redis(|redis| redis.stand_still(true));
    for number in 0..40 {
        let name = MessageId::new(&number.to_string()).ok().filter(|_| number % 2 == 0);
        bed.world.publish_with("bob", Publish { message_id: name, ..publish("tea", "1") });
        bed.step();
    }
    let stats = bed.fanouts[0].stats();
    assert!(stats.queue_bytes.get() > 0);
    bed.redis(|redis| redis.end_all());
    bed.redis(|redis| redis.stand_still(false));
    bed.pass(Duration::from_secs(1));
    assert_eq!(stats.queue_bytes.get(), 0);
}
