//! HTTP on a worker: accepts connections and gives their requests to the handler.

use crate::config::Config;
use crate::error::ListenError;
use crate::sockets::WorkerId;
use crate::worker::Worker;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The body of an answer.
pub type Body = Full<Bytes>;

/// An answer on its way.
pub type Answer = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// Answers HTTP requests. A request's extensions hold the peer's [`SocketAddr`]; those of an
/// upgrade are for [`Sockets::accept`](crate::Sockets::accept).
pub trait Handler: Send + Sync + 'static {
    /// Answers one request.
    fn handle(&self, request: Request<Incoming>) -> Answer;
}

/// Longest head of a request in bytes; a longer one is answered with 431.
const MAX_HEAD: usize = 16 * 1024;
/// How long accepting rests after an error, most often a want of file descriptors.
const REST: Duration = Duration::from_millis(100);

/// How long an operator's client may take for the head of its request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// Accepts connections until the server drains.
pub(crate) async fn accept(
    listener: std::net::TcpListener,
    id: WorkerId,
    handler: Arc<dyn Handler>,
    config: Arc<Config>,
    worker: Rc<Worker>,
    mut draining: watch::Receiver<bool>,
) {
    let listener = match TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "a listener could not begin"),
    };
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = draining.changed() => return,
        };
        match accepted {
            Ok((socket, peer)) => {
                let serving =
                    serve(socket, peer, Some(id), Arc::clone(&handler), config.header_timeout);
                tokio::task::spawn_local(serving);
            }
            Err(error) => {
                worker.stats.accept_failed();
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(REST).await;
            }
        }
    }
}

/// A listener of its own, away from the workers: for operators.
///
/// # Errors
/// [`ListenError`] says who or what is in the way.
pub async fn bind(addr: SocketAddr) -> Result<TcpListener, ListenError> {
    TcpListener::bind(addr).await.map_err(|source| ListenError::new(addr, source))
}

/// Answers the requests of a listener on the present runtime, until dropped.
pub async fn serve_listener(listener: TcpListener, handler: Arc<dyn Handler>) {
    loop {
        match listener.accept().await {
            Ok((socket, peer)) => {
                tokio::spawn(serve(socket, peer, None, Arc::clone(&handler), HEADER_TIMEOUT));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(REST).await;
            }
        }
    }
}

async fn serve(
    socket: TcpStream,
    peer: SocketAddr,
    id: Option<WorkerId>,
    handler: Arc<dyn Handler>,
    header_timeout: Duration,
) {
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        if let Some(id) = id {
            request.extensions_mut().insert(id);
        }
        let answer = handler.handle(request);
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(socket), service)
        .with_upgrades()
        .await;
    if let Err(error) = served {
        tracing::trace!(%error, "an HTTP connection failed");
    }
}
