//! The HTTP interface: which path is whose. One file for each group of endpoints.

mod backend;
mod check;
mod dev;
mod local;
mod pages;
mod reply;
mod service;
mod sockets;
mod token;

pub(crate) use backend::Backend;
pub(crate) use token::Access;

use crate::link::LinkView;
use crate::metrics::Metrics;
use hyper::body::Incoming;
use hyper::{Method, Request, Response};
use matchit::Router;
use roomcast_protocol::dialect::guide::Guide;
use roomcast_transport::{Answer, Body, Clock, Handler, Sockets};
use std::net::SocketAddr;
use std::sync::Arc;

/// What the endpoints need.
#[derive(Debug)]
pub(crate) struct Routes {
    pub(crate) access: Access,
    pub(crate) backend: Backend,
    pub(crate) guide: bool,
    pub(crate) metrics: Metrics,
    pub(crate) link: Option<LinkView>,
    pub(crate) sockets: Sockets,
    pub(crate) clock: Clock,
}

/// Which endpoints an address shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Face {
    /// To clients and operators alike.
    Everything,
    /// To clients.
    Public,
    /// To operators.
    Admin,
}

/// An endpoint.
#[derive(Debug, Clone, Copy)]
enum Endpoint {
    Native,
    Guide(Guide),
    AuthCheck,
    Health,
    Ready,
    Metrics,
    Backend(backend::Call),
    Dev(dev::Call),
}

impl Endpoint {
    /// The methods that it takes, as in an `Allow` header. What is read may also be asked for by
    /// its head alone, as load balancers do; hyper leaves the body out.
    const fn methods(self) -> &'static str {
        match self {
            Self::Backend(call) => call.methods(),
            Self::Dev(_) => "POST, OPTIONS",
            Self::Native | Self::Guide(_) => "GET",
            Self::AuthCheck => "GET, HEAD, OPTIONS",
            _ => "GET, HEAD",
        }
    }

    fn takes(self, method: &Method) -> bool {
        self.methods().split(", ").any(|taken| taken == method.as_str())
    }
}

impl Routes {
    /// The endpoints that an address shows. What is there to be tried, and what only this machine
    /// reaches, is not for pages of elsewhere.
    pub(crate) fn face(self: &Arc<Self>, face: Face, addr: SocketAddr) -> impl Handler + use<> {
        let near = match face {
            Face::Everything => true,
            Face::Admin => addr.ip().is_loopback(),
            Face::Public => false,
        };
        Site { routes: Arc::clone(self), router: self.router(face), face, near }
    }

    fn router(&self, face: Face) -> Router<Endpoint> {
        let mut table = vec![
            ("/health", Endpoint::Health),
            ("/ready", Endpoint::Ready),
            ("/v1/ws", Endpoint::Native),
            ("/v1/auth/check", Endpoint::AuthCheck),
        ];
        table.extend(backend::calls(face).map(|(path, call)| (path, Endpoint::Backend(call))));
        if face != Face::Public {
            table.push(("/metrics", Endpoint::Metrics));
        }
        if face != Face::Admin && self.guide {
            table.extend([
                ("/ws", Endpoint::Guide(Guide::Echo)),
                ("/ws/chat/{*room}", Endpoint::Guide(Guide::Chat)),
                ("/ws/secure", Endpoint::Guide(Guide::Secure)),
                ("/ws/reliable", Endpoint::Guide(Guide::Reliable)),
            ]);
        }
        if face == Face::Everything {
            let calls = [("/dev/token", dev::Call::Token), ("/dev/notify", dev::Call::Notify)];
            table.extend(calls.map(|(path, call)| (path, Endpoint::Dev(call))));
        }
        let mut router = Router::new();
        for (path, endpoint) in table {
            // The paths are this table's own and do not meet.
            if let Err(error) = router.insert(path, endpoint) {
                tracing::error!(%error, path, "a route was left out");
            }
        }
        router
    }
}

/// An address and what it shows.
struct Site {
    routes: Arc<Routes>,
    router: Router<Endpoint>,
    face: Face,
    /// It is for programs and pages of this machine only.
    near: bool,
}

impl Handler for Site {
    fn handle(&self, request: Request<Incoming>) -> Answer {
        if self.near && !local::is_local_name(&request, &self.routes.access.origins) {
            return ready(local::foreign_name());
        }
        let Ok(found) = self.router.at(request.uri().path()) else {
            return ready(self.page(&request));
        };
        let endpoint = *found.value;
        // The name of a room or a user; no path has two.
        let name = found.params.iter().next().map(|(_, name)| name.to_owned());
        if !endpoint.takes(request.method()) {
            return ready(reply::method_not_allowed(endpoint.methods()));
        }
        let (routes, face) = (&self.routes, self.face);
        match endpoint {
            Endpoint::Native => ready(sockets::native(routes, face, request)),
            Endpoint::Guide(guide) => {
                ready(sockets::guide(routes, face, guide, name.as_deref(), request))
            }
            Endpoint::AuthCheck => ready(check::check(routes, face, &request)),
            Endpoint::Backend(call) => {
                Box::pin(backend::answer(Arc::clone(routes), face, call, name, request))
            }
            Endpoint::Health => ready(service::health()),
            Endpoint::Ready => ready(service::ready(&routes.sockets, routes.link.as_ref(), face)),
            Endpoint::Metrics => ready(service::metrics(&routes.metrics)),
            Endpoint::Dev(call) => Box::pin(dev::answer(Arc::clone(routes), call, request)),
        }
    }
}

impl Site {
    /// What is no endpoint may be a page.
    fn page(&self, request: &Request<Incoming>) -> Response<Body> {
        let Some(page) = pages::find(self.face, request.uri().path()) else {
            return reply::not_found();
        };
        match *request.method() {
            Method::GET | Method::HEAD => pages::show(page, request),
            _ => reply::method_not_allowed("GET, HEAD"),
        }
    }
}

fn ready(response: Response<Body>) -> Answer {
    Box::pin(std::future::ready(response))
}
