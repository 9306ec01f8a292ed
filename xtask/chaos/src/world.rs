//! What the clients share, and what is looked at from outside.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::Instant;

use crate::client::{Client, Phase};
use crate::dice::Dice;

/// Everything of one run.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) start: Instant,
    pub(crate) nodes: Vec<SocketAddr>,
    pub(crate) phase: Cell<Phase>,
    pub(crate) clients: Vec<RefCell<Client>>,
    /// How many members each room has.
    pub(crate) members: Vec<u64>,
    /// What was hurt, and when.
    pub(crate) tale: RefCell<Vec<(Duration, String)>>,
    /// What is wrong with the parts themselves.
    pub(crate) wrongs: RefCell<Vec<String>>,
}

impl World {
    pub(crate) fn new(seed: u64, clients: usize, nodes: Vec<SocketAddr>) -> Self {
        let start = Instant::now();
        let rooms = (clients / 10).max(2);
        let mut members = vec![0; rooms];
        let client = |number: usize| {
            let mut dice = Dice::of(seed, number as u64);
            let mut all: Vec<usize> = (0..rooms).collect();
            dice.shuffle(&mut all);
            all.truncate([1, 1, 2, 3][dice.below(4)].min(rooms));
            all.iter().for_each(|room| members[*room] += 1);
            RefCell::new(Client::new(number as u16, dice, &all, start))
        };
        let clients = (0..clients).map(client).collect();
        Self {
            start,
            nodes,
            phase: Cell::new(Phase::Storm),
            clients,
            members,
            tale: RefCell::default(),
            wrongs: RefCell::default(),
        }
    }

    pub(crate) fn tell(&self, what: impl Into<String>) {
        let (time, what) = (self.start.elapsed(), what.into());
        println!("{:8.2} s  {what}", time.as_secs_f64());
        self.tale.borrow_mut().push((time, what));
    }

    pub(crate) fn wrong(&self, what: String) {
        self.tell(format!("WRONG: {what}"));
        self.wrongs.borrow_mut().push(what);
    }

    /// Why not everything begun before this moment has come to its end. Who is away by its own
    /// wish does not count.
    pub(crate) fn ails(&self, since: Instant) -> Option<String> {
        let clients = self.clients.iter().map(RefCell::borrow);
        clients.filter(|client| !client.away).find_map(|client| client.ails(since))
    }

    /// The same without exception: everyone is everywhere, and nothing waits for its ack.
    pub(crate) fn unwell(&self) -> Option<String> {
        let now = Instant::now();
        self.clients.iter().find_map(|client| client.borrow().ails(now))
    }
}
