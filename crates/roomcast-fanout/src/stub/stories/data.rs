//! What comes back when Redis does: all, all but the newest, nothing.

use super::{EVERYONE, quiet, say, start};
use crate::stub::faults::Back;

#[test]
fn who_comes_back_to_a_redis_with_all_its_data_misses_nothing() {
    let mut bed = start();
    say(&mut bed, 1);
    bed.redis(|redis| redis.go());
    bed.step();
    bed.redis(|redis| redis.come_back(Back::Whole, true));
    EVERYONE.iter().for_each(|name| bed.expect(name, &["joined tea @1 recovered"]));
    say(&mut bed, 2);
}

#[test]
fn a_promoted_replica_without_the_newest_is_told_to_everyone() {
    let mut bed = start();
    say(&mut bed, 1);
    bed.redis(|redis| redis.save());
    say(&mut bed, 2);
    bed.redis(|redis| redis.go());
    bed.redis(|redis| redis.come_back(Back::Saved, false));
    EVERYONE.iter().for_each(|name| bed.expect(name, &["joined tea @1 not recovered: epoch"]));
    say(&mut bed, 2);
}

#[test]
fn positions_before_a_proven_loss_count_no_more() {
    let mut bed = start();
    say(&mut bed, 1);
    bed.redis(|redis| redis.save());
    bed.world.cut("dan");
    bed.world.publish_with("bob", quiet("2"));
    bed.expect("bob", &["ack tea #2"]);
    bed.redis(|redis| redis.go());
    bed.redis(|redis| redis.come_back(Back::Saved, true));
    let told = "joined tea @1 not recovered: epoch";
    bed.expect("ann", &["tea #2 bob: 2", told]);
    bed.expect("cat", &["tea #2 bob: 2", told]);
    bed.expect("bob", &[told]);
    bed.world.come_back("dan");
    bed.expect("dan", &[told]);
    say(&mut bed, 2);
}

#[test]
fn a_redis_that_comes_back_empty_is_begun_anew_with() {
    let mut bed = start();
    say(&mut bed, 1);
    bed.redis(|redis| redis.go());
    bed.redis(|redis| redis.come_back(Back::Empty, true));
    EVERYONE.iter().for_each(|name| bed.expect(name, &["joined tea @0 not recovered: epoch"]));
    say(&mut bed, 1);
}

#[test]
fn an_epoch_that_changes_while_a_room_is_read_is_the_one_told() {
    let mut bed = start();
    say(&mut bed, 1);
    bed.redis(|redis| redis.hold_answers(true));
    bed.world.connect("eve");
    bed.world.join("eve", "tea");
    // It has been read, and nobody knows yet.
    bed.step();
    bed.redis(|redis| redis.go());
    bed.redis(|redis| redis.hold_answers(false));
    bed.redis(|redis| redis.come_back(Back::Empty, true));
    bed.expect("eve", &["joined tea @0"]);
    EVERYONE.iter().for_each(|name| bed.expect(name, &["joined tea @0 not recovered: epoch"]));
    say(&mut bed, 1);
    bed.expect("eve", &["tea #1 bob: 1"]);
}
