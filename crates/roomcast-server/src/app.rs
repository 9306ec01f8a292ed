//! The application: the parts wired together, running on real sockets, and its kind end.

use crate::config::Settings;
use crate::link::{self, Link, NoRedis};
use crate::metrics::Metrics;
use crate::routes::{Access, Backend, Face, Routes};
use roomcast_core::{Gatekeeper, Hub};
use roomcast_transport::{Clock, Handler, ListenError, Running, StartError, Transport};
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::task::JoinHandle;

/// Why the application could not begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppError {
    /// An address is taken or refused.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The system refused a thread.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The link to other nodes could not begin.
    #[error(transparent)]
    Fanout(#[from] roomcast_fanout::StartError),
    /// Redis is required and away.
    #[error(transparent)]
    Redis(#[from] NoRedis),
    /// The system gave no randomness.
    #[error("the system gave no random numbers: {0}")]
    Random(getrandom::Error),
}

/// A running server.
#[derive(Debug)]
pub struct App {
    running: Running,
    addr: SocketAddr,
    admin: Option<Admin>,
    link: Option<Link>,
    parts: Arc<Routes>,
}

/// The operators' listener: it ends with the application.
#[derive(Debug)]
struct Admin {
    addr: SocketAddr,
    listening: JoinHandle<()>,
}

impl Drop for Admin {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl App {
    /// Starts a server to be tried: anyone may ask it for a token, metrics and pages are on its
    /// one address.
    ///
    /// # Errors
    /// [`AppError`] says what is in the way.
    pub async fn dev(settings: Settings) -> Result<Self, AppError> {
        Self::start(settings, true).await
    }

    /// Starts a server for production: metrics are on an address of their own.
    ///
    /// # Errors
    /// [`AppError`] says what is in the way.
    pub async fn serve(settings: Settings) -> Result<Self, AppError> {
        Self::start(settings, false).await
    }

    async fn start(settings: Settings, dev: bool) -> Result<Self, AppError> {
        let Settings { transport, gatekeeper, admin, .. } = settings.clone();
        let transport = Transport::listen(transport)?;
        let seed = getrandom::u64().map_err(AppError::Random)?;
        let gatekeeper: Arc<dyn Gatekeeper> = Arc::new(gatekeeper);
        let workers = transport.workers();
        let (hub, shards, mut link) =
            link::node(&settings, Arc::clone(&gatekeeper), workers, seed)?;
        let view = link.as_ref().map(Link::view);
        let addr = transport.addr().unwrap_or(([127, 0, 0, 1], 0).into());
        let backend = Backend::new(&hub, &settings, addr);
        let access = Access {
            gatekeeper,
            keys: settings.api_keys,
            anonymous: settings.anonymous,
            cookie: settings.cookie,
            origins: settings.origins,
        };
        let parts = Routes {
            access,
            backend,
            guide: settings.guide,
            metrics: Metrics::new(hub.clone(), &transport, view.clone()),
            link: view,
            sockets: transport.sockets().clone(),
            clock: transport.clock(),
        };
        let parts = Arc::new(parts);
        let face = if dev { Face::Everything } else { Face::Public };
        let admin = if dev { None } else { Some(Admin::listen(admin, &parts).await?) };
        // Operators can look in while clients still wait.
        if let Some(link) = &mut link {
            link.begin(admin.as_ref().map(|admin| admin.addr)).await?;
        }
        let handler: Arc<dyn Handler> = Arc::new(parts.face(face, addr));
        let running = transport.answering(handler).start(hub, shards)?;
        Ok(Self { running, addr, admin, link, parts })
    }

    /// Where clients connect.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Where operators look, if that is an address of its own.
    #[must_use]
    pub fn admin(&self) -> Option<SocketAddr> {
        self.admin.as_ref().map(|admin| admin.addr)
    }

    /// Talks to every room: publishes as a backend does, in this process.
    #[must_use]
    pub fn hub(&self) -> &Hub {
        &self.parts.backend.hub
    }

    /// What its sockets did.
    pub(crate) fn sockets_stats(&self) -> Arc<roomcast_transport::Stats> {
        self.parts.metrics.transport()
    }

    /// The time, as its rooms are told it.
    pub(crate) fn clock(&self) -> Clock {
        self.parts.clock
    }

    /// Waits until a part of the server has panicked, which is a defect of it: end the process.
    pub fn broken(&self) -> impl Future<Output = ()> + Send + use<> {
        let (worker, link) = (self.running.broken(), self.link.as_ref().map(Link::broken));
        async move {
            let Some(link) = link else { return worker.await };
            tokio::select! {
                () = worker => {}
                () = link => {}
            }
        }
    }

    /// Runs until `leave`, then sends everyone away kindly, or at once if `hurry` comes first.
    /// How many connections were cut.
    pub async fn run(
        self,
        leave: impl Future<Output = ()>,
        hurry: impl Future<Output = ()>,
    ) -> usize {
        leave.await;
        tracing::info!("going away: every client is given its own moment");
        let Self { running, admin, link, .. } = self;
        let end = async {
            let cut = running.drain().await;
            // Everyone has left by now, which the other nodes are to know.
            if let Some(link) = link {
                link.close().await;
            }
            cut
        };
        // Whoever asks a second time may do so as soon as the drain shows: it must be heard by then.
        let cut = tokio::select! {
            biased;
            () = hurry => 0,
            cut = end => cut,
        };
        if let Some(admin) = admin {
            admin.end().await;
        }
        cut
    }
}

impl Admin {
    async fn listen(addr: SocketAddr, routes: &Arc<Routes>) -> Result<Self, ListenError> {
        let listener = roomcast_transport::http::bind(addr).await?;
        let addr = listener.local_addr().unwrap_or(addr);
        let handler: Arc<dyn Handler> = Arc::new(routes.face(Face::Admin, addr));
        let serving = roomcast_transport::http::serve_listener(listener, handler);
        Ok(Self { addr, listening: tokio::spawn(serving) })
    }

    /// Ends it; its address is free then.
    async fn end(mut self) {
        self.listening.abort();
        // That it was aborted is no news.
        _ = (&mut self.listening).await;
    }
}
