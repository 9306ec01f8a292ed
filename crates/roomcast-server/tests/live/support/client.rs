//! A WebSocket client that behaves: it answers pings and says goodbye.

use super::within;
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::net::SocketAddr;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::{Request, Response};
use tokio_tungstenite::tungstenite::{Error, Message};

/// A connected client.
pub(crate) struct Client {
    socket: WebSocketStream<TcpStream>,
    /// The answer to its handshake.
    pub(crate) answer: Response,
}

/// The handshake for this path, with these headers beside its own.
fn request(addr: SocketAddr, path: &str, headers: &[(&'static str, &str)]) -> Request {
    let mut request = format!("ws://{addr}{path}").into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().append(*name, value.parse().unwrap());
    }
    request
}

/// The status with which this handshake is refused, and the code and message of the body.
pub(crate) async fn refused(
    addr: SocketAddr,
    path: &str,
    headers: &[(&'static str, &str)],
) -> (u16, String) {
    let stream = within(TcpStream::connect(addr)).await.unwrap();
    let asked = tokio_tungstenite::client_async(request(addr, path, headers), stream);
    match within(asked).await {
        Err(Error::Http(answer)) => {
            let body = answer.body().clone().unwrap_or_default();
            let body: Value = serde_json::from_slice(&body).unwrap();
            (answer.status().as_u16(), body["error"]["code"].as_str().unwrap().to_owned())
        }
        Err(other) => panic!("{path}: {other}"),
        Ok(_) => panic!("{path}: a socket"),
    }
}

impl Client {
    pub(crate) async fn open(
        addr: SocketAddr,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Self {
        let stream = within(TcpStream::connect(addr)).await.unwrap();
        let asked = tokio_tungstenite::client_async(request(addr, path, headers), stream);
        let (socket, answer) = within(asked).await.unwrap();
        Self { socket, answer }
    }

    pub(crate) async fn send(&mut self, message: Message) {
        within(self.socket.send(message)).await.unwrap();
    }

    /// Says a text.
    pub(crate) async fn say(&mut self, text: impl Into<String>) {
        self.send(Message::text(text.into())).await;
    }

    /// Says JSON.
    pub(crate) async fn tell(&mut self, frame: Value) {
        self.say(frame.to_string()).await;
    }

    /// The next message that is no ping or pong of the WebSocket protocol.
    #[track_caller]
    pub(crate) fn next(&mut self) -> impl Future<Output = Option<Message>> {
        within(async {
            loop {
                match self.socket.next().await.transpose().expect("a broken connection") {
                    Some(Message::Ping(_) | Message::Pong(_)) => {}
                    other => return other,
                }
            }
        })
    }

    /// The next message, a text.
    pub(crate) async fn hear(&mut self) -> String {
        match self.next().await {
            Some(Message::Text(text)) => text.to_string(),
            other => panic!("{other:?} is no text"),
        }
    }

    /// The next message, JSON.
    pub(crate) async fn hear_json(&mut self) -> Value {
        let text = self.hear().await;
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text} is no JSON"))
    }

    /// The next message, of that `type`.
    pub(crate) async fn hear_type(&mut self, kind: &str) -> Value {
        let frame = self.hear_json().await;
        assert_eq!(frame["type"], kind, "{frame}");
        frame
    }

    /// Says JSON and hears the answer.
    pub(crate) async fn ask(&mut self, frame: Value) -> Value {
        self.tell(frame).await;
        self.hear_json().await
    }

    /// Joins a room as `joined` tells.
    pub(crate) async fn join(&mut self, room: &str) -> Value {
        let joined = self.ask(json!({"type": "join", "id": "join", "room": room})).await;
        assert_eq!((&joined["type"], &joined["id"]), (&json!("joined"), &json!("join")));
        joined
    }

    /// Publishes without asking for an answer.
    pub(crate) async fn publish(&mut self, room: &str, data: Value) {
        self.tell(json!({"type": "publish", "room": room, "data": data})).await;
    }

    /// The `data` of the next message, which must be one of a room.
    pub(crate) async fn hear_data(&mut self) -> Value {
        self.hear_type("message").await["data"].take()
    }

    /// The close code and reason that come next, and then nothing more.
    pub(crate) async fn hear_close(&mut self) -> (u16, String) {
        let close = match self.next().await {
            Some(Message::Close(Some(close))) => close,
            other => panic!("{other:?} is no close frame"),
        };
        assert!(self.next().await.is_none(), "something came after the close frame");
        (close.code.into(), close.reason.to_string())
    }

    /// Whether the connection is in order: a `ping` of its own comes back next.
    pub(crate) async fn must_be_well(&mut self) {
        let pong = self.ask(json!({"type": "ping", "t": "well?"})).await;
        assert_eq!(pong, json!({"type": "pong", "t": "well?"}));
    }

    /// Says goodbye and hears the answer.
    pub(crate) async fn leave(mut self) {
        within(self.socket.close(None)).await.unwrap();
        while self.next().await.is_some() {}
    }
}
