//! The edges of a listening transport: what is no handshake, who is slow to ask, who comes when
//! the server goes.

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Response, StatusCode};
use roomcast_core::{Config, Grants, Hub, Identity, NoTokens, SessionSpec};
use roomcast_protocol::dialect::native::NATIVE;
use roomcast_protocol::dialect::{Context, Decoded};
use roomcast_protocol::{Dialect, Frame, Incoming, Message, Push, Reply};
use roomcast_transport::{Answer, Handler, Handshake, Running, Sockets, Transport};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Upgrades whoever asks for it.
struct Door(Sockets, &'static dyn Dialect);

impl Handler for Door {
    fn handle(&self, request: Request<hyper::body::Incoming>) -> Answer {
        let answer = match Handshake::read(&request) {
            Ok(handshake) => self.0.accept(request, handshake, None, anyone(self.1)).unwrap(),
            Err(error) => {
                let mut response = Response::new(Full::new(Bytes::from(error.to_string())));
                *response.status_mut() = match request.uri().path() {
                    "/" => StatusCode::OK,
                    _ => error.status(),
                };
                response
            }
        };
        Box::pin(std::future::ready(answer))
    }
}

fn anyone(dialect: &'static dyn Dialect) -> SessionSpec {
    let identity = Arc::new(Identity::anonymous(Arc::new(Grants::everything())));
    SessionSpec { dialect, identity, join: None }
}

fn config() -> roomcast_transport::Config {
    roomcast_transport::Config {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        workers: 1,
        header_timeout: Duration::from_millis(300),
        ..Default::default()
    }
}

fn listening(config: roomcast_transport::Config) -> (SocketAddr, Running) {
    listening_for(config, &NATIVE)
}

fn listening_for(
    config: roomcast_transport::Config,
    dialect: &'static dyn Dialect,
) -> (SocketAddr, Running) {
    let transport = Transport::listen(config).unwrap();
    let addr = transport.addr().unwrap();
    let door = Door(transport.sockets().clone(), dialect);
    let (hub, shards) = Hub::local(Config::default(), Arc::new(NoTokens), transport.workers(), 1);
    (addr, transport.answering(Arc::new(door)).start(hub, shards).unwrap())
}

async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), future).await.expect("an answer in time")
}

const HANDSHAKE: &str = "GET /ws HTTP/1.1\r\nhost: x\r\nconnection: keep-alive\r\n\
    connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
    sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// What comes back for these bytes, until the server has no more to say.
async fn said(addr: SocketAddr, bytes: &[u8]) -> String {
    let mut socket = TcpStream::connect(addr).await.unwrap();
    socket.write_all(bytes).await.unwrap();
    rest(&mut socket).await
}

async fn rest(socket: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    _ = in_time(socket.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn who_asks_for_nothing_is_let_go() {
    let (addr, _running) = listening(config());
    assert_eq!(said(addr, b"").await, "");
    assert_eq!(said(addr, b"GET / HT").await, "");
    let answer = said(addr, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn a_head_has_a_bound() {
    let (addr, _running) = listening(config());
    let long = "x".repeat(17 * 1024);
    let answer = said(addr, format!("GET / HTTP/1.1\r\nhost: {long}\r\n\r\n").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test]
async fn a_handshake_has_no_body() {
    let (addr, _running) = listening(config());
    for (header, body) in
        [("content-length: 5", "hello"), ("transfer-encoding: chunked", "5\r\nhello\r\n0\r\n\r\n")]
    {
        let answer = said(addr, format!("{HANDSHAKE}{header}\r\n\r\n{body}").as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{header}: {answer}");
    }
}

#[tokio::test]
async fn frames_may_come_with_the_handshake() {
    let (addr, _running) = listening(config());
    // A masked text frame `{"type":"ping"}` and a masked close, with a mask of zeros.
    let frames = b"\x81\x8f\0\0\0\0{\"type\":\"ping\"}\x88\x82\0\0\0\0\x03\xe8";
    let asked = [HANDSHAKE.as_bytes(), b"\r\n", frames].concat();
    let answer = said(addr, &asked).await;
    assert!(answer.starts_with("HTTP/1.1 101"), "{answer}");
    assert!(answer.contains(r#"{"type":"welcome""#), "{answer}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_greeting_comes_in_the_segment_of_the_handshake() {
    let (addr, _running) = listening(config());
    let mut socket = TcpStream::connect(addr).await.unwrap();
    socket.write_all(format!("{HANDSHAKE}\r\n").as_bytes()).await.unwrap();
    let mut first = [0; 4_096];
    let read = in_time(socket.read(&mut first)).await.unwrap();
    let first = String::from_utf8_lossy(&first[..read]);
    assert!(first.starts_with("HTTP/1.1 101"), "{first}");
    assert!(first.ends_with('}') && first.contains(r#"{"type":"welcome""#), "{first}");
}

#[tokio::test]
async fn goodbye_is_answered_behind_all_that_was_asked() {
    let (addr, _running) = listening(config());
    let mut socket = TcpStream::connect(addr).await.unwrap();
    socket.write_all(format!("{HANDSHAKE}\r\n").as_bytes()).await.unwrap();
    // A masked text frame `{"type":"ping"}` and a masked close, with a mask of zeros.
    let frames = b"\x81\x8f\0\0\0\0{\"type\":\"ping\"}\x88\x82\0\0\0\0\x03\xe8";
    socket.write_all(frames).await.unwrap();
    let mut all = Vec::new();
    in_time(socket.read_to_end(&mut all)).await.unwrap();
    let end = b"\x81\x0f{\"type\":\"pong\"}\x88\x02\x03\xe8";
    assert!(all.ends_with(end), "{}", String::from_utf8_lossy(&all));
}

#[tokio::test]
async fn who_comes_while_the_server_goes_is_told_to_go() {
    let transport = Transport::embedded(config());
    let (sockets, gate) = (transport.sockets().clone(), transport.sockets().clone());
    let (hub, shards) = Hub::local(Config::default(), Arc::new(NoTokens), transport.workers(), 1);
    let running = transport.start(hub, shards).unwrap();
    // The handshake is accepted, and its answer still on its way when the server goes.
    let (mut client, server) = tokio::io::duplex(4_096);
    let (go_on, wait) = tokio::sync::oneshot::channel::<()>();
    let wait = std::sync::Mutex::new(Some(wait));
    let service = hyper::service::service_fn(move |request| {
        let handshake = Handshake::read(&request).unwrap();
        let response = sockets.accept(request, handshake, None, anyone(&NATIVE)).unwrap();
        let wait = wait.lock().unwrap().take();
        async move {
            _ = wait.unwrap().await;
            Ok::<_, std::convert::Infallible>(response)
        }
    });
    let serving = hyper::server::conn::http1::Builder::new()
        .serve_connection(hyper_util::rt::TokioIo::new(server), service)
        .with_upgrades();
    tokio::spawn(serving);
    client.write_all(format!("{HANDSHAKE}\r\n").as_bytes()).await.unwrap();
    while gate.open() == 0 {
        tokio::task::yield_now().await;
    }
    let draining = tokio::spawn(running.drain());
    while !gate.is_draining() {
        tokio::task::yield_now().await;
    }
    go_on.send(()).unwrap();
    let mut answer = Vec::new();
    _ = in_time(client.read_to_end(&mut answer)).await;
    drop(client);
    assert!(String::from_utf8_lossy(&answer).contains("drain"), "it is closed with 4001");
    assert_eq!(in_time(draining).await.unwrap(), 0);
}

/// A dialect with a defect: it cannot bear the word `break`.
#[derive(Debug)]
struct Fragile;

impl Dialect for Fragile {
    fn name(&self) -> &'static str {
        "fragile"
    }

    fn slot(&self) -> usize {
        0
    }

    fn decode(&self, incoming: Incoming<'_>, context: Context<'_>) -> Decoded {
        assert!(!matches!(incoming, Incoming::Text("break")), "a defect");
        NATIVE.decode(incoming, context)
    }

    fn message(&self, message: &Message) -> Frame {
        NATIVE.message(message)
    }

    fn reply(&self, reply: &Reply) -> Option<Frame> {
        NATIVE.reply(reply)
    }

    fn push(&self, push: &Push) -> Option<Frame> {
        NATIVE.push(push)
    }

    fn ping(&self) -> Frame {
        NATIVE.ping()
    }
}

#[tokio::test]
async fn a_worker_with_a_defect_is_noticed() {
    // With the handshake it is the worker itself that reads, and later the connection's task.
    for with_handshake in [true, false] {
        let (addr, running) = listening_for(config(), &Fragile);
        let mut broken = std::pin::pin!(running.broken());
        let mut other = TcpStream::connect(addr).await.unwrap();
        other.write_all(format!("{HANDSHAKE}\r\n").as_bytes()).await.unwrap();
        let early = tokio::time::timeout(Duration::from_millis(50), &mut broken).await;
        assert!(early.is_err(), "nothing is broken yet");
        // A masked text frame, with a mask of zeros.
        let frame = b"\x81\x85\0\0\0\0break";
        if with_handshake {
            said(addr, &[HANDSHAKE.as_bytes(), b"\r\n", frame].concat()).await;
        } else {
            other.write_all(frame).await.unwrap();
        }
        in_time(&mut broken).await;
        assert!(rest(&mut other).await.contains("welcome"), "the others are let go");
        in_time(running.drain()).await;
    }
}
