//! Rooms inside an application's own server: sockets that came from another runtime, and streams
//! that are no sockets at all.

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use futures::{SinkExt, StreamExt};
use hyper_util::rt::TokioIo;
use roomcast_core::{Config, Grants, Hub, Identity, NoTokens, RoomFilter, SessionSpec};
use roomcast_protocol::dialect::native::NATIVE;
use roomcast_transport::{Handshake, Running, Sockets, Stats, Transport};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

fn rooms() -> (Sockets, Running) {
    let (sockets, running, _) = rooms_of(Config::default());
    (sockets, running)
}

fn rooms_of(engine: Config) -> (Sockets, Running, Arc<Stats>) {
    let config = roomcast_transport::Config { workers: 2, ..Default::default() };
    let transport = Transport::embedded(config);
    let (sockets, stats) = (transport.sockets().clone(), transport.stats());
    let (hub, shards) = Hub::local(engine, Arc::new(NoTokens), transport.workers(), 1);
    (sockets, transport.start(hub, shards).unwrap(), stats)
}

fn app(sockets: Sockets) -> Router {
    Router::new().route(
        "/rooms",
        get(move |request: Request| async move {
            let handshake = match Handshake::read(&request) {
                Ok(handshake) => handshake,
                Err(error) => return (error.status(), error.to_string()).into_response(),
            };
            let identity = Arc::new(Identity::anonymous(Arc::new(Grants::everything())));
            let spec = SessionSpec { dialect: &NATIVE, identity, join: None };
            match sockets.accept(request, handshake, None, spec) {
                Ok(response) => response.into_response(),
                Err(why) => (StatusCode::SERVICE_UNAVAILABLE, why.to_string()).into_response(),
            }
        }),
    )
}

/// Serves it on a spare port.
async fn serve(app: Router) -> (SocketAddr, JoinHandle<std::io::Result<()>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    (addr, tokio::spawn(axum::serve(listener, app).into_future()))
}

struct Client<S>(WebSocketStream<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    async fn connect(stream: S) -> Self {
        let connected = tokio_tungstenite::client_async("ws://localhost/rooms", stream);
        Self(in_time(connected).await.unwrap().0)
    }

    async fn say(&mut self, text: &str) {
        in_time(self.0.send(Message::text(text))).await.unwrap();
    }

    async fn hears(&mut self, part: &str) -> String {
        loop {
            let message = in_time(self.0.next()).await.unwrap().unwrap();
            if message.to_text().unwrap().contains(part) {
                return message.to_text().unwrap().to_owned();
            }
        }
    }
}

async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("an answer in time")
}

#[tokio::test]
async fn messages_are_gathered_behind_a_delivery_and_what_is_urgent_takes_them_along() {
    let message_batch = Duration::MAX;
    let config = roomcast_transport::Config { workers: 1, message_batch, ..Default::default() };
    let transport = Transport::embedded(config);
    let sockets = transport.sockets().clone();
    let mut engine = Config::default();
    (engine.limits.burst, engine.limits.in_flight) = (1_000, 1_000);
    let (hub, shards) = Hub::local(engine, Arc::new(NoTokens), 1, 1);
    let running = transport.start(hub.clone(), shards).unwrap();
    let (addr, serving) = serve(app(sockets)).await;
    let mut ann = Client::connect(TcpStream::connect(addr).await.unwrap()).await;
    ann.say(r#"{"type":"join","room":"tea","presence":"none"}"#).await;
    ann.hears(r#""type":"joined""#).await;
    // More than one turn takes in: nobody waits, as nothing was delivered before.
    for n in 0..300 {
        ann.0.feed(publish(n)).await.unwrap();
    }
    in_time(ann.0.flush()).await.unwrap();
    ann.hears(r#""data":299"#).await;
    // From here on messages wait; what is none does not.
    in_time(ann.0.send(publish(300))).await.unwrap();
    for _ in 0..3 {
        ann.say(r#"{"type":"ping"}"#).await;
        let next = in_time(ann.0.next()).await.unwrap().unwrap();
        assert_eq!(next.to_text().unwrap(), r#"{"type":"pong"}"#);
    }
    // A question of the backend's is urgent, one behind the other, and takes them along.
    for _ in 0..3 {
        let rooms = hub.list_rooms(RoomFilter { limit: 9, ..RoomFilter::default() });
        assert_eq!(in_time(rooms).await.entries.len(), 1);
    }
    ann.hears(r#""data":300"#).await;
    drop(running);
    serving.abort();
}

fn publish(n: u32) -> Message {
    Message::text(format!(r#"{{"type":"publish","room":"tea","data":{n}}}"#))
}

/// A message longer than any buffer on its way, so that writing is blocked at times.
async fn talk<A, B>(mut ann: Client<A>, mut bob: Client<B>)
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    ann.say(r#"{"type":"join","room":"tea"}"#).await;
    bob.say(r#"{"type":"join","room":"tea"}"#).await;
    ann.hears(r#""type":"joined""#).await;
    bob.hears(r#""type":"joined""#).await;
    let long = "x".repeat(60_000);
    for number in 0..10 {
        ann.say(&format!(r#"{{"type":"publish","room":"tea","data":"{number}{long}"}}"#)).await;
        bob.hears(&format!(r#""data":"{number}x"#)).await;
        ann.hears(&format!(r#""data":"{number}x"#)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_axum_application_has_rooms() {
    let (sockets, running) = rooms();
    let (addr, serving) = serve(app(sockets)).await;
    let connect = || TcpStream::connect(addr);
    let ann = Client::connect(connect().await.unwrap()).await;
    let bob = Client::connect(connect().await.unwrap()).await;
    talk(ann, bob).await;
    assert_eq!(in_time(running.drain()).await, 0);
    serving.abort();
}

async fn member_of(rooms: &[&str], stream: TcpStream) -> Client<TcpStream> {
    let mut client = Client::connect(stream).await;
    for room in rooms {
        client.say(&format!(r#"{{"type":"join","room":"{room}"}}"#)).await;
        client.hears(r#""type":"joined""#).await;
    }
    client
}

/// More members on each worker than are looked up or written to at once, in a room that counts as
/// large beside one that does not.
#[tokio::test(flavor = "multi_thread")]
async fn everyone_in_a_large_room_and_in_a_small_one_hears_everything_in_order() {
    const MEMBERS: usize = 150;
    const MESSAGES: usize = 20;
    let mut engine = Config { large_room: 10, ..Config::default() };
    engine.limits.burst = 10_000;
    let (sockets, running, stats) = rooms_of(engine);
    let (addr, serving) = serve(app(sockets)).await;
    let mut clients = Vec::new();
    for number in 0..MEMBERS {
        let stream = TcpStream::connect(addr).await.unwrap();
        let rooms = if number < 4 { &["hall", "tea"][..] } else { &["hall"] };
        clients.push(member_of(rooms, stream).await);
    }
    for number in 0..MESSAGES {
        for room in ["hall", "tea"] {
            let text = format!(r#"{{"type":"publish","room":"{room}","data":{number}}}"#);
            clients[0].say(&text).await;
        }
    }
    for (place, client) in clients.iter_mut().enumerate() {
        let (mut hall, mut tea) = (Vec::new(), Vec::new());
        let most = if place < 4 { MESSAGES } else { 0 };
        while hall.len() < MESSAGES || tea.len() < most {
            let text = client.hears(r#""type":"message""#).await;
            let room = if text.contains(r#""room":"hall""#) { &mut hall } else { &mut tea };
            let number = text.split_once(r#""data":"#).unwrap().1.split(',').next().unwrap();
            room.push(number.parse::<usize>().unwrap());
        }
        assert_eq!(hall, (0..MESSAGES).collect::<Vec<_>>(), "member {place}");
        assert_eq!(tea, (0..most).collect::<Vec<_>>(), "member {place}");
    }
    assert_eq!(in_time(running.drain()).await, 0);
    let timed: u64 = stats.delivery.snapshot().0.iter().map(|(_, count)| count).sum();
    assert!((2 * MESSAGES as u64..=4 * MESSAGES as u64).contains(&timed), "{timed} were timed");
    serving.abort();
}

#[tokio::test]
async fn a_stream_that_is_no_socket_has_rooms_too() {
    let (sockets, running) = rooms();
    let connect = || {
        let (client, server) = tokio::io::duplex(4_096);
        let service = hyper_util::service::TowerToHyperService::new(app(sockets.clone()));
        tokio::spawn(async move {
            let serving = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(server), service)
                .with_upgrades();
            serving.await.unwrap();
        });
        client
    };
    let (ann, bob) = (Client::connect(connect()).await, Client::connect(connect()).await);
    talk(ann, bob).await;
    assert_eq!(in_time(running.drain()).await, 0);
}

/// A stream that takes more than it has sent, as TLS does, must be asked to send the rest.
#[tokio::test]
async fn what_a_stream_has_taken_is_also_sent() {
    let (sockets, running) = rooms();
    let connect = || {
        let (client, server) = tokio::io::duplex(256);
        let server = tokio::io::BufStream::with_capacity(8_192, 100_000, server);
        let service = hyper_util::service::TowerToHyperService::new(app(sockets.clone()));
        tokio::spawn(async move {
            let serving = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(server), service)
                .with_upgrades();
            serving.await.unwrap();
        });
        client
    };
    let (ann, bob) = (Client::connect(connect()).await, Client::connect(connect()).await);
    talk(ann, bob).await;
    assert_eq!(in_time(running.drain()).await, 0);
}
