//! The faults: which there are, and how each is dealt.

use std::fmt;
use std::time::Duration;

use crate::dice::Dice;

/// One way to hurt a part, for some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    RedisDies { keep: bool, down: Duration },
    SubscribersAreCut,
    ConnectionsAreCut,
    CommandsWait(Duration),
    RedisStops(Duration),
    NodeStops(usize, Duration),
    NodeDies(usize, Duration),
    NodeGoes(usize, Duration),
}

/// The kinds of faults, and how often each stands in the deck.
const KINDS: [(&str, usize, bool); 9] = [
    ("Redis killed, data kept", 3, true),
    ("Redis killed, data lost", 1, true),
    ("CLIENT KILL TYPE pubsub", 3, true),
    ("CLIENT KILL TYPE normal", 2, true),
    ("CLIENT PAUSE", 2, true),
    ("Redis stopped and resumed", 3, true),
    ("node stopped and resumed", 3, false),
    ("node killed", 3, false),
    ("node terminated", 2, false),
];

/// Deals faults: first each kind once, then from a deck in which some are rare.
#[derive(Debug)]
pub(crate) struct Deck {
    dice: Dice,
    cards: Vec<usize>,
    redis: bool,
    nodes: usize,
    /// The most time that a node is stopped.
    most: Duration,
}

impl Deck {
    pub(crate) fn new(mut dice: Dice, redis: bool, nodes: usize, most: Duration) -> Self {
        let mut cards: Vec<usize> =
            (0..KINDS.len()).filter(|kind| redis || !KINDS[*kind].2).collect();
        dice.shuffle(&mut cards);
        Self { dice, cards, redis, nodes, most }
    }

    pub(crate) fn dice(&mut self) -> &mut Dice {
        &mut self.dice
    }

    /// The next fault.
    pub(crate) fn deal(&mut self) -> Fault {
        if self.cards.is_empty() {
            let kinds = (0..KINDS.len()).filter(|kind| self.redis || !KINDS[*kind].2);
            self.cards = kinds.flat_map(|kind| vec![kind; KINDS[kind].1]).collect();
            self.dice.shuffle(&mut self.cards);
        }
        let kind = self.cards.pop().unwrap_or_default();
        let node = self.dice.below(self.nodes);
        let second = Duration::from_secs(1);
        let down = self.dice.up_to((3 * second).min(self.most));
        let short = self.dice.between(second, (5 * second).min(self.most));
        let long = self.dice.between(second, (15 * second).min(self.most));
        match kind {
            0 => Fault::RedisDies { keep: true, down },
            1 => Fault::RedisDies { keep: false, down },
            2 => Fault::SubscribersAreCut,
            3 => Fault::ConnectionsAreCut,
            4 => Fault::CommandsWait(short),
            5 => Fault::RedisStops(short),
            6 => Fault::NodeStops(node, long),
            7 => Fault::NodeDies(node, down),
            _ => Fault::NodeGoes(node, down),
        }
    }
}

impl Fault {
    /// What it is called in the table.
    pub(crate) fn kind(self) -> &'static str {
        let kind = match self {
            Self::RedisDies { keep: true, .. } => 0,
            Self::RedisDies { keep: false, .. } => 1,
            Self::SubscribersAreCut => 2,
            Self::ConnectionsAreCut => 3,
            Self::CommandsWait(_) => 4,
            Self::RedisStops(_) => 5,
            Self::NodeStops(..) => 6,
            Self::NodeDies(..) => 7,
            Self::NodeGoes(..) => 8,
        };
        KINDS[kind].0
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())?;
        match self {
            Self::SubscribersAreCut | Self::ConnectionsAreCut => Ok(()),
            Self::CommandsWait(time) | Self::RedisStops(time) => write!(f, " for {time:?}"),
            Self::RedisDies { down, .. } => write!(f, ", back after {down:?}"),
            Self::NodeStops(node, time) => write!(f, " ({node}) for {time:?}"),
            Self::NodeDies(node, down) | Self::NodeGoes(node, down) => {
                write!(f, " ({node}), back after {down:?}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_deals_the_same_faults_and_each_kind_early() {
        let deck = || Deck::new(Dice::of(3, 0), true, 3, Duration::from_secs(15));
        let (mut one, mut other) = (deck(), deck());
        let faults: Vec<Fault> = (0..40).map(|_| one.deal()).collect();
        assert!(faults.iter().all(|fault| *fault == other.deal()));
        let mut kinds: Vec<&str> = faults[..KINDS.len()].iter().map(|f| f.kind()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds.len(), KINDS.len());
    }

    #[test]
    fn without_redis_only_nodes_are_hurt() {
        let mut deck = Deck::new(Dice::of(3, 0), false, 1, Duration::from_secs(15));
        assert!((0..40).all(|_| deck.deal().kind().starts_with("node")));
    }
}
