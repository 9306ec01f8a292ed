//! axum's WebSockets with a `tokio::sync::broadcast` for each room, as axum's example `chat` teaches
//! them: a task that hands on what the room says, and one that tells the room what the member says.
//!
//! Choices: TCP_NODELAY through `ListenerExt::tap_io`, as its documentation shows (the default
//! leaves it off); a text is shared between members, not copied; a runtime of one thread. A member
//! that falls 256 messages behind is disconnected, as in the example (which has room for 100).

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::any;
use axum::serve::ListenerExt;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpListener;
use tokio::sync::broadcast::Sender;

const BACKLOG: usize = 256;

type Rooms = Arc<Mutex<HashMap<String, Sender<Utf8Bytes>>>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let app = Router::new()
        .route("/room/{name}", any(room))
        .route("/echo", any(async |upgrade: WebSocketUpgrade| upgrade.on_upgrade(echo)))
        .with_state(Rooms::default());
    let port = std::env::var("PORT").unwrap_or_else(|_| "0".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("listening on {}", listener.local_addr()?);
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            eprintln!("cannot set TCP_NODELAY: {error}");
        }
    });
    axum::serve(listener, app).await
}

async fn room(
    upgrade: WebSocketUpgrade,
    Path(name): Path<String>,
    State(rooms): State<Rooms>,
) -> Response {
    let mut rooms = rooms.lock().expect("nobody panics with the rooms in hand");
    let room = rooms.entry(name).or_insert_with(|| Sender::new(BACKLOG)).clone();
    upgrade.on_upgrade(move |socket| member(socket, room))
}

async fn member(socket: WebSocket, room: Sender<Utf8Bytes>) {
    let (mut sink, mut stream) = socket.split();
    let mut said = room.subscribe();
    let mut hears = tokio::spawn(async move {
        while let Ok(text) = said.recv().await {
            if sink.send(Message::Text(text)).await.is_err() {
                break;
            }
        }
    });
    let mut speaks = tokio::spawn(async move {
        while let Some(Ok(message)) = stream.next().await {
            if let Message::Text(text) = message {
                let _ = room.send(text);
            }
        }
    });
    tokio::select! {
        _ = &mut hears => speaks.abort(),
        _ = &mut speaks => hears.abort(),
    }
}

async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if matches!(message, Message::Text(_)) && socket.send(message).await.is_err() {
            break;
        }
    }
}
