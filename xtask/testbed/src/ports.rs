//! Spare ports of the loopback interface that can be listened on again and again.

use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context, Result};

/// Below the ports that systems give to outgoing connections: while a part is down, no client
/// that tries to reach it can be given its port, and none can connect to itself.
const FIRST: u16 = 16_384;
const COUNT: u16 = 16_384;
const TRIES: u64 = 200;

/// A port nobody listens on at this moment. Who takes it must be ready to find it taken.
pub(crate) fn spare() -> Result<u16> {
    let random = RandomState::new();
    let ports = (0..TRIES).map(|n| FIRST + (random.hash_one(n) % u64::from(COUNT)) as u16);
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    ports.into_iter().find(is_free).context("no spare port was found")
}
