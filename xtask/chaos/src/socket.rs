//! The one place that knows the WebSocket library.

use std::net::SocketAddr;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

/// How long a handshake may take, and a frame to be taken: a stopped node does neither.
const PATIENCE: Duration = Duration::from_secs(3);

/// A connection.
#[derive(Debug)]
pub(crate) struct Socket(WebSocketStream<TcpStream>);

/// What came of a connection: a text, or its end with the close code if there was one.
#[derive(Debug)]
pub(crate) enum Came {
    Text(String),
    End { code: Option<u16>, why: String },
}

impl Socket {
    pub(crate) async fn open(node: SocketAddr) -> Result<Self, String> {
        let opening = async {
            let stream = TcpStream::connect(node).await.map_err(|error| error.to_string())?;
            stream.set_nodelay(true).map_err(|error| error.to_string())?;
            let (socket, _) = client_async(format!("ws://{node}/v1/ws"), stream)
                .await
                .map_err(|error| error.to_string())?;
            Ok(Self(socket))
        };
        timeout(PATIENCE, opening).await.unwrap_or_else(|_| Err("no handshake in time".into()))
    }

    pub(crate) async fn send(&mut self, text: String) -> Result<(), String> {
        match timeout(PATIENCE, self.0.send(Message::text(text))).await {
            Ok(sent) => sent.map_err(|error| error.to_string()),
            Err(_) => Err("a frame was not taken in time".into()),
        }
    }

    /// What comes next. Nothing is lost if this is dropped before its end.
    pub(crate) async fn next(&mut self) -> Came {
        loop {
            let (code, why) = match self.0.next().await {
                Some(Ok(Message::Text(text))) => return Came::Text(text.to_string()),
                Some(Ok(Message::Close(Some(close)))) => {
                    (Some(close.code.into()), close.reason.to_string())
                }
                Some(Ok(Message::Close(None))) | None => (None, "closed without a code".into()),
                Some(Ok(_)) => continue,
                Some(Err(error)) => (None, error.to_string()),
            };
            return Came::End { code, why };
        }
    }

    /// Says goodbye, and waits a short time for the answer.
    pub(crate) async fn close(mut self) {
        let goodbye = async {
            if self.0.close(None).await.is_ok() {
                while let Some(Ok(_)) = self.0.next().await {}
            }
        };
        // What does not answer in time is dropped.
        let _ = timeout(Duration::from_millis(500), goodbye).await;
    }
}
