//! Three Redis servers that are one cluster, without replicas.

use anyhow::Result;

use crate::ports;
use crate::redis::{Redis, RedisOptions, until_it_says};

/// The slots of each server.
const SLOTS: [[&str; 2]; 3] = [["0", "5460"], ["5461", "10922"], ["10923", "16383"]];

/// A running cluster; gone when it is dropped.
#[derive(Debug)]
pub struct Cluster {
    servers: Vec<Redis>,
}

impl Cluster {
    /// Starts the servers, makes them one cluster, and waits until each of them says so.
    pub fn start() -> Result<Self> {
        let mut servers = Vec::new();
        let mut buses = Vec::new();
        for slots in SLOTS {
            let (server, bus) = server()?;
            server.command(&["CLUSTER", "ADDSLOTSRANGE", slots[0], slots[1]])?;
            let epoch = (servers.len() + 1).to_string();
            server.command(&["CLUSTER", "SET-CONFIG-EPOCH", &epoch])?;
            servers.push(server);
            buses.push(bus);
        }
        for (server, bus) in servers.iter().zip(&buses).skip(1) {
            let port = server.port().to_string();
            servers[0].command(&["CLUSTER", "MEET", "127.0.0.1", &port, bus])?;
        }
        let whole = ["cluster_state:ok", "cluster_known_nodes:3", "cluster_size:3"];
        for server in &servers {
            until_it_says(server, &["CLUSTER", "INFO"], &whole)?;
        }
        Ok(Self { servers })
    }

    /// Where each server is.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        self.servers.iter().map(Redis::url).collect()
    }

    /// The servers.
    #[must_use]
    pub fn servers(&self) -> &[Redis] {
        &self.servers
    }

    /// The servers, to be hurt.
    pub fn servers_mut(&mut self) -> &mut [Redis] {
        &mut self.servers
    }
}

/// A server that may be part of a cluster, and the port where the others talk to it.
fn server() -> Result<(Redis, String)> {
    let bus = ports::spare()?.to_string();
    let words = ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--cluster-port"];
    let mut arguments: Vec<String> = words.map(str::to_owned).to_vec();
    arguments.push(bus.clone());
    Ok((Redis::start(&RedisOptions { arguments, ..RedisOptions::default() })?, bus))
}
