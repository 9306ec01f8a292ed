//! Everything that can go wrong, in any order: members of rooms on three nodes come, go and
//! publish, while links and Redis do what they must not. In the end everything works again, and
//! then everyone has heard every message once and in one order, or has been told otherwise.
//!
//! `STUB_SCRIPTS` sets how many scripts are played, `STUB_SEED` the first one's seed.

mod person;

use super::Asked;
use super::bed::Bed;
use super::faults::Back;
use person::{Person, Truth};
use roomcast_core::random::Random;
use roomcast_core::testing::suite::settings;
use std::time::Duration;

const NODES: usize = 3;
const PEOPLE: usize = 5;
const STEPS: usize = 120;
/// Fewer lives of Redis than a lineage remembers.
const LIVES: u64 = 6;

/// A script on its way.
struct Script {
    seed: u64,
    dice: Random,
    bed: Bed,
    truth: Truth,
    people: Vec<Person>,
    is_down: bool,
    lives: u64,
    /// Data may be lost.
    may_lose: bool,
    /// Messages may go missing in silence: that takes time to be found.
    may_be_silent: bool,
}

impl Script {
    fn new(seed: u64) -> Self {
        let mut config = settings();
        config.heartbeat.interval = Duration::from_secs(100_000);
        config.limits.burst = 100_000;
        let dice = Random::new(seed);
        let (may_lose, may_be_silent) =
            (dice.next().is_multiple_of(2), dice.next().is_multiple_of(8));
        let people = (0..PEOPLE).map(|who| Person::new(&format!("p{who}"))).collect();
        let (bed, truth) = (Bed::new(NODES, &config), Truth::default());
        Self { seed, dice, bed, truth, people, is_down: false, lives: 0, may_lose, may_be_silent }
    }

    fn roll(&self, sides: u64) -> u64 {
        self.dice.next() % sides
    }

    fn play(mut self) {
        for step in 0..STEPS {
            if self.roll(3) == 0 {
                self.fail();
            } else {
                self.act();
            }
            match self.roll(8) {
                0 => self.bed.leap(Duration::from_millis(150)),
                1 if self.roll(10) == 0 => self.bed.leap(Duration::from_secs(3)),
                _ => self.bed.step(),
            }
            self.listen(&format!("step {step}"));
        }
        self.end();
    }

    /// Somebody does something.
    fn act(&mut self) {
        let who = self.roll(PEOPLE as u64) as usize;
        let room = self.roll(person::ROOMS.len() as u64) as usize;
        let what = self.roll(12);
        let (person, world) = (&mut self.people[who], &mut self.bed.world);
        match what {
            0 => person.part(world),
            1..=3 => person.come(world),
            _ => person.publish(world, room, &mut self.truth),
        }
    }

    /// Something goes wrong, or right again.
    fn fail(&mut self) {
        let node = self.roll(NODES as u64) as usize;
        let (some, more) = (self.roll(6) as usize, self.roll(2) == 0);
        match self.roll(18) {
            0 => self.bed.redis(|redis| redis.end(node)),
            1 => self.bed.redis(|redis| redis.end_all()),
            2 | 3 => self.bed.redis(|redis| redis.deafen(node)),
            4 | 5 => self.hear_again(node),
            6 => self.bed.redis(|redis| redis.end_after(None, some + 1)),
            7 => self.bed.redis(|redis| redis.end_after(Some(Asked::Append), 1)),
            8 => self.refuse(some),
            9 => self.bed.redis(|redis| redis.stand_still(more)),
            10 => self.bed.redis(|redis| redis.forget_requests()),
            11 => self.bed.redis(|redis| redis.hold_answers(more)),
            12 => self.bed.redis(|redis| redis.hold_pushes(more)),
            13 => {
                let pushes = self.roll(4) as usize;
                self.bed.redis(|redis| redis.release(some, usize::from(more), pushes));
            }
            14 => self.bed.redis(|redis| redis.save()),
            15 => self.bed.redis(|redis| redis.hold_subscriptions(more)),
            16 => self.bed.redis(|redis| redis.end_silently(more)),
            _ => self.live_again(),
        }
    }

    /// A deaf node hears again. It is told that it was deaf, or its link ends.
    fn hear_again(&mut self, node: usize) {
        match self.roll(3) {
            0 => self.bed.redis(|redis| redis.undeafen(node, true)),
            1 if self.may_be_silent => self.bed.redis(|redis| redis.undeafen(node, false)),
            _ => self.bed.redis(|redis| {
                redis.end(node);
                redis.undeafen(node, false);
            }),
        }
    }

    fn refuse(&mut self, times: usize) {
        const ALL: [Asked; 6] = [
            Asked::Append,
            Asked::Read,
            Asked::Check,
            Asked::Subscribe,
            Asked::Unsubscribe,
            Asked::Ping,
        ];
        let asked = ALL[self.roll(ALL.len() as u64) as usize];
        self.bed.redis(|redis| redis.refuse(asked, times));
    }

    /// Redis goes, or comes back with some of its data.
    fn live_again(&mut self) {
        if !self.is_down {
            if self.lives < LIVES {
                self.lives += 1;
                self.is_down = true;
                self.bed.redis(|redis| redis.go());
            }
            return;
        }
        let back = match self.roll(4) {
            0 if self.may_lose => Back::Empty,
            1 | 2 if self.may_lose => Back::Saved,
            _ => Back::Whole,
        };
        // Who keeps no log believes that something was lost.
        let kept = !self.may_lose || self.roll(2) == 0;
        self.truth.may_lose |= self.may_lose;
        self.truth.comes_back(back != Back::Whole, kept);
        self.is_down = false;
        self.bed.redis(|redis| redis.come_back(back, kept));
    }

    fn listen(&mut self, when: &str) {
        for person in &mut self.people {
            if let Err(why) = person.listen(&mut self.bed.world, &mut self.truth) {
                panic!("seed {}, {when}: {}: {why}", self.seed, person.name);
            }
        }
    }

    fn pass(&mut self, leaps: u64, time: Duration) {
        for _ in 0..leaps {
            self.bed.leap(time);
            self.listen("in the end");
            for person in &mut self.people {
                person.try_again(&mut self.bed.world);
            }
        }
    }

    /// Everything works again.
    fn end(mut self) {
        for node in 0..NODES {
            // A link that goes on knows what it did not hear.
            let ends = self.roll(2) == 0;
            self.bed.redis(|redis| {
                if ends {
                    redis.end(node);
                }
                redis.undeafen(node, !ends);
            });
        }
        if self.is_down {
            self.live_again();
        }
        self.bed.redis(|redis| redis.heal());
        self.people.iter_mut().for_each(|person| person.come(&mut self.bed.world));
        self.pass(80, Duration::from_millis(50));
        if self.may_be_silent {
            self.pass(25, Duration::from_secs(1));
        }
        for person in &mut self.people {
            if let Err(why) = person.is_whole(&mut self.bed.world, &self.truth) {
                panic!("seed {}, in the end: {}: {why}", self.seed, person.name);
            }
        }
        self.nothing_is_left();
    }

    fn nothing_is_left(&self) {
        let heads = self.people.iter().map(|person| person.stands());
        let heads: Vec<_> = heads.collect();
        assert!(heads.iter().all(|other| *other == heads[0]), "seed {}: {heads:?}", self.seed);
        let waits: u64 = self.bed.fanouts.iter().map(|it| it.stats().queue_bytes.get()).sum();
        assert_eq!(waits, 0, "seed {}: bytes are still counted", self.seed);
    }
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn whatever_goes_wrong_is_healed_or_told() {
    let first = setting("STUB_SEED").unwrap_or(1);
    let scripts = setting("STUB_SCRIPTS").unwrap_or(60);
    (first..first + scripts).for_each(|seed| Script::new(seed).play());
}
