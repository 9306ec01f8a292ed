//! HTTP on a worker: accepts connections and gives their requests to the handler.

use crate::config::Config;
use crate::error::ListenError;
use crate::http_socket::HttpSocket;
use crate::sockets::{Own, WorkerId};
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
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;

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
/// Connections of one listener that speak HTTP at a time, as each does until its upgrade. More
/// wait in the kernel: each costs up to [`MAX_HEAD`] for as long as it says nothing.
const MOST_IN_HTTP: usize = 4_096;
/// How long a connection may speak HTTP without asking for anything: one that never takes its
/// answers would keep its place.
const LONGEST_IN_HTTP: Duration = Duration::from_secs(60);
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
        Err(error) => {
            tracing::error!(%error, "a listener could not begin");
            return worker.give_up();
        }
    };
    let places = Places::default();
    loop {
        let accepted = tokio::select! {
            accepted = places.accept(&listener) => accepted,
            _ = draining.changed() => return,
        };
        match accepted {
            Ok((socket, peer, place)) => {
                let serving =
                    serve(socket, peer, Some(id), Arc::clone(&handler), config.header_timeout);
                tokio::task::spawn_local(in_place(place, serving));
            }
            Err(error) => {
                worker.stats.accept_failed();
                rest(&error).await;
            }
        }
    }
}

/// The places of connections that speak HTTP.
struct Places(Arc<Semaphore>);

impl Default for Places {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MOST_IN_HTTP)))
    }
}

impl Places {
    /// Accepts a connection as soon as there is a place for it.
    async fn accept(
        &self,
        listener: &TcpListener,
    ) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
        let place = Arc::clone(&self.0).acquire_owned().await.map_err(io::Error::other)?;
        let (socket, peer) = listener.accept().await?;
        Ok((socket, peer, place))
    }
}

/// Gives the place back when the connection speaks HTTP no longer.
async fn in_place(place: OwnedSemaphorePermit, serving: impl Future<Output = ()>) {
    serving.await;
    drop(place);
}

/// After a connection could not be accepted: the next one could not either, most often, unless
/// it was only this client that left.
async fn rest(error: &io::Error) {
    let left = matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
    );
    if left {
        return tracing::debug!(%error, "a client left before it was accepted");
    }
    tracing::warn!(%error, "a connection could not be accepted");
    tokio::time::sleep(REST).await;
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
    let places = Places::default();
    loop {
        match places.accept(&listener).await {
            Ok((socket, peer, place)) => {
                let serving = serve(socket, peer, None, Arc::clone(&handler), HEADER_TIMEOUT);
                tokio::spawn(in_place(place, serving));
            }
            Err(error) => rest(&error).await,
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
    let asked = Arc::new(AtomicBool::new(false));
    let asks = Arc::clone(&asked);
    let (socket, greeting) = HttpSocket::new(socket);
    let own = id.map(|id| Own(id, greeting));
    let service = service_fn(move |mut request: Request<Incoming>| {
        asks.store(true, Ordering::Relaxed);
        request.extensions_mut().insert(peer);
        own.clone().map(|own| request.extensions_mut().insert(own));
        let answer = handler.handle(request);
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(socket), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let served = loop {
        match timeout(LONGEST_IN_HTTP, connection.as_mut()).await {
            Ok(served) => break served,
            // A backend's connection lasts as long as it is used.
            Err(_) if asked.swap(false, Ordering::Relaxed) => {}
            // One that takes no answer is cut.
            Err(_) => {
                connection.as_mut().graceful_shutdown();
                break timeout(header_timeout, connection).await.unwrap_or(Ok(()));
            }
        }
    };
    _ = served.inspect_err(|error| tracing::trace!(%error, "an HTTP connection failed"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// Answers with a body of so many bytes.
    struct Bodies(usize);

    impl Handler for Bodies {
        fn handle(&self, _: Request<Incoming>) -> Answer {
            let body = Bytes::from(vec![b'x'; self.0]);
            Box::pin(std::future::ready(Response::new(Body::new(body))))
        }
    }

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";

    #[tokio::test(start_paused = true)]
    async fn a_connection_lasts_as_long_as_it_is_used() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (socket, peer) = listener.accept().await.unwrap();
        tokio::spawn(serve(socket, peer, None, Arc::new(Bodies(1)), HEADER_TIMEOUT));
        for _ in 0..60 {
            client.write_all(REQUEST).await.unwrap();
            assert!(client.read(&mut [0; 512]).await.unwrap() > 0);
            tokio::time::advance(HEADER_TIMEOUT / 2).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_no_answer_gives_its_place_back() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (socket, peer) = listener.accept().await.unwrap();
        client.write_all(REQUEST).await.unwrap();
        let serving = serve(socket, peer, None, Arc::new(Bodies(8 << 20)), HEADER_TIMEOUT);
        let hour = Duration::from_secs(3_600);
        assert!(timeout(hour, serving).await.is_ok(), "it is served no longer");
    }
}
