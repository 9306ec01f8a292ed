//! The server that is counted: the transport and the engine with one worker, open to everyone.

use anyhow::{Context, Result};
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use roomcast_core::{Config, Grants, Hub, Identity, Limits, NoTokens, SessionSpec};
use roomcast_protocol::dialect::native::NATIVE;
use roomcast_transport::http::{Answer, Body, Handler};
use roomcast_transport::{Handshake, Running, Sockets, Stats, Transport};
use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// A server that runs until it is dropped.
pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    pub(crate) stats: Arc<Stats>,
    _running: Running,
}

struct Open(Sockets);

impl Handler for Open {
    fn handle(&self, request: Request<Incoming>) -> Answer {
        Box::pin(std::future::ready(self.accept(request)))
    }
}

impl Open {
    fn accept(&self, request: Request<Incoming>) -> Response<Body> {
        let refused = |status: StatusCode| {
            let mut response = Response::new(Body::default());
            *response.status_mut() = status;
            response
        };
        let handshake = match Handshake::read(&request) {
            Ok(handshake) => handshake,
            Err(error) => return refused(error.status()),
        };
        let identity = Arc::new(Identity::anonymous(Arc::new(Grants::everything())));
        let spec = SessionSpec { dialect: &NATIVE, identity, join: None };
        let accepted = self.0.accept(request, handshake, None, spec);
        accepted.unwrap_or_else(|_| refused(StatusCode::SERVICE_UNAVAILABLE))
    }
}

impl Server {
    /// Starts it on a free port of this machine.
    pub(crate) fn start() -> Result<Self> {
        let config = roomcast_transport::Config {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            workers: 1,
            ..Default::default()
        };
        let transport = Transport::listen(config)?;
        let addr = transport.addr().context("it listens nowhere")?;
        let stats = transport.stats();
        let sockets = transport.sockets().clone();
        let transport = transport.answering(Arc::new(Open(sockets)));
        let limits =
            Limits { commands_per_second: 1_000_000, burst: 1_000_000, ..Limits::default() };
        let config = Config { limits, ..Config::default() };
        let (hub, shards) = Hub::local(config, Arc::new(NoTokens), transport.workers(), 1);
        Ok(Self { addr, stats, _running: transport.start(hub, shards)? })
    }
}

/// Serves, says where, and ends when its standard input does.
pub(crate) fn serve_until_told() -> Result<()> {
    let server = Server::start()?;
    println!("{}", server.addr);
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
