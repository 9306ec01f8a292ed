//! The configuration as the parts of the server take it.

use super::file::{Config, LogFormat};
use super::origins::Origins;
use crate::auth::{ApiKeys, JwtGatekeeper, Signer};
use roomcast_core::{Expiry, Grants, Heartbeat, Limits, RoomKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Everything the server starts from; valid by construction.
#[derive(Debug, Clone)]
pub struct Settings {
    /// For the engine.
    pub engine: roomcast_core::Config,
    /// For the sockets.
    pub transport: roomcast_transport::Config,
    /// Reads tokens.
    pub gatekeeper: JwtGatekeeper,
    /// What clients without a token may do; none: a token is needed.
    pub anonymous: Option<Arc<Grants>>,
    /// The cookie that may carry a token, only together with a listed origin.
    pub cookie: Option<String>,
    /// The web pages that may connect.
    pub origins: Origins,
    /// Whether the endpoints of the guide are there.
    pub guide: bool,
    /// Where operators look.
    pub admin: SocketAddr,
    /// How log lines look.
    pub log: LogFormat,
    /// The keys of the backends.
    pub api_keys: ApiKeys,
    /// The link to other nodes; none: this node is alone.
    pub redis: Option<Redis>,
    /// The shared secrets, which can sign as well, in the order of the configuration.
    pub signers: Vec<Signer>,
}

/// The link to other nodes.
#[derive(Debug, Clone, PartialEq)]
pub struct Redis {
    /// For the fan-out.
    pub fanout: roomcast_fanout::Config,
    /// Whether this node is of no use while Redis is away.
    pub required: bool,
    /// How long the start waits for Redis, if that is required.
    pub wait: Duration,
}

/// The settings of the engine.
pub(super) fn engine(config: &Config, rooms: Vec<RoomKind>) -> roomcast_core::Config {
    let Config { limits, heartbeat, expiry, connection, engine, .. } = config;
    roomcast_core::Config {
        heartbeat: Heartbeat { interval: heartbeat.interval.0, timeout: heartbeat.timeout.0 },
        limits: session_limits(config),
        expiry: Expiry { notice: expiry.notice.0, grace: expiry.grace.0 },
        max_frame: limits.max_frame.0,
        outbox: connection.outbox.0,
        recovery: connection.recovery.0,
        stall: connection.stall.0,
        inbox: engine.inbox.0,
        linger: engine.linger.0,
        dedupe: engine.dedupe.0,
        presence_batch: engine.presence_batch.0,
        rooms: if rooms.is_empty() { vec![RoomKind::default()] } else { rooms },
        // How the work is cut, which the transport fits: nothing for a file.
        ..roomcast_core::Config::default()
    }
}

/// What one session may ask for.
pub(super) fn session_limits(config: &Config) -> Limits {
    Limits {
        commands_per_second: config.limits.commands_per_second,
        burst: config.limits.burst,
        rooms: config.limits.rooms,
        in_flight: config.limits.in_flight,
    }
}

/// The settings of the sockets.
pub(super) fn transport(config: &Config) -> roomcast_transport::Config {
    let Config { limits, connection, engine, drain, .. } = config;
    roomcast_transport::Config {
        listen: config.listen,
        workers: config.workers,
        max_connections: limits.max_connections,
        header_timeout: connection.header_timeout.0,
        unsent: u32::try_from(connection.unsent.0).unwrap_or(u32::MAX),
        close_timeout: connection.close_timeout.0,
        message_batch: engine.message_batch.0,
        drain_timeout: drain.timeout.0,
        drain_rate: drain.rate,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_engine_and_the_transport() {
        let config = Config::default();
        assert_eq!(engine(&config, Vec::new()), roomcast_core::Config::default());
        assert_eq!(transport(&config), roomcast_transport::Config::default());
    }
}
