//! The defaults of the file: those of the engine and of the transport, so that there is one
//! truth, and the few that are the server's own.

use super::file::{
    Admin, Auth, Config, Connection, Drain, Engine, Expiry, Grants, Guide, Heartbeat, Limits, Redis,
};
use super::value::{Size, Span, Texts};
use roomcast_core::Config as Core;
use roomcast_transport::Config as Transport;
use std::net::SocketAddr;
use std::time::Duration;

impl Default for Config {
    fn default() -> Self {
        let transport = Transport::default();
        Self {
            listen: transport.listen,
            workers: transport.workers,
            limits: Limits::default(),
            heartbeat: Heartbeat::default(),
            expiry: Expiry::default(),
            connection: Connection::default(),
            engine: Engine::default(),
            drain: Drain::default(),
            auth: Auth::default(),
            http: Default::default(),
            guide: Guide::default(),
            api: Default::default(),
            admin: Admin::default(),
            redis: Redis::default(),
            log: Default::default(),
            room: Vec::new(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        let core = Core::default();
        Self {
            commands_per_second: core.limits.commands_per_second,
            burst: core.limits.burst,
            rooms: core.limits.rooms,
            in_flight: core.limits.in_flight,
            max_frame: Size(core.max_frame),
            max_connections: Transport::default().max_connections,
        }
    }
}

impl Default for Heartbeat {
    fn default() -> Self {
        let heartbeat = roomcast_core::Heartbeat::default();
        Self { interval: Span(heartbeat.interval), timeout: Span(heartbeat.timeout) }
    }
}

impl Default for Expiry {
    fn default() -> Self {
        let expiry = roomcast_core::Expiry::default();
        Self { notice: Span(expiry.notice), grace: Span(expiry.grace) }
    }
}

impl Default for Connection {
    fn default() -> Self {
        let (core, transport) = (Core::default(), Transport::default());
        Self {
            header_timeout: Span(transport.header_timeout),
            close_timeout: Span(transport.close_timeout),
            unsent: Size(transport.unsent as usize),
            outbox: Size(core.outbox),
            recovery: Size(core.recovery),
            stall: Span(core.stall),
        }
    }
}

impl Default for Engine {
    fn default() -> Self {
        let (core, transport) = (Core::default(), Transport::default());
        Self {
            inbox: Size(core.inbox),
            linger: Span(core.linger),
            dedupe: Span(core.dedupe),
            presence_batch: Span(core.presence_batch),
            message_batch: Span(transport.message_batch),
        }
    }
}

impl Default for Drain {
    fn default() -> Self {
        let transport = Transport::default();
        Self { timeout: Span(transport.drain_timeout), rate: transport.drain_rate }
    }
}

impl Default for Auth {
    fn default() -> Self {
        Self {
            issuer: None,
            audience: Texts::default(),
            leeway: Span(Duration::from_secs(5)),
            cookie: None,
            secret: None,
            secret_file: None,
            jwks_file: None,
            anonymous: Grants::new(),
            key: Vec::new(),
        }
    }
}

impl Default for Guide {
    fn default() -> Self {
        Self { enabled: true }
    }
}

impl Default for Admin {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 7667)) }
    }
}

// A test holds those that are the fan-out's own to it: it has none without an address.
impl Default for Redis {
    fn default() -> Self {
        Self {
            url: None,
            url_file: None,
            required: true,
            wait: Span(Duration::from_secs(10)),
            prefix: None,
            timeout: Span(Duration::from_secs(2)),
            ping: Span(Duration::from_millis(500)),
            lease: Span(Duration::from_secs(10)),
            queue: Size(64 << 20),
        }
    }
}
