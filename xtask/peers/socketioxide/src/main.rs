//! socketioxide on axum, as the documentation of its crate teaches rooms: `socket.join` and
//! `io.to(room).emit`.
//!
//! Choices: the WebSocket transport alone (no long polling first); TCP_NODELAY through axum's
//! `ListenerExt::tap_io` (the default leaves it off); a runtime of one thread. `?echo` in the URL
//! makes a connection's messages come back to it alone, so that rooms and echo speak one protocol.

use axum::Router;
use axum::serve::ListenerExt;
use socketioxide::extract::{Data, SocketRef};
use socketioxide::{SocketIo, TransportType};
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let (layer, io) = SocketIo::builder().transports([TransportType::Websocket]).build_layer();
    io.ns("/", connected);
    let app = Router::new().layer(layer);
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

async fn connected(socket: SocketRef) {
    socket.on("join", async |socket: SocketRef, Data::<String>(room)| {
        socket.join(room.clone());
        if let Err(error) = socket.emit("joined", &room) {
            eprintln!("cannot answer a join: {error}");
        }
    });
    if socket.req_parts().uri.query().is_some_and(|query| query.ends_with("&echo")) {
        socket.on("message", echo);
    } else {
        socket.on("message", publish);
    }
}

async fn echo(socket: SocketRef, Data((_, data)): Data<(String, String)>) {
    if let Err(error) = socket.emit("message", &data) {
        eprintln!("cannot echo: {error}");
    }
}

async fn publish(io: SocketIo, Data((room, data)): Data<(String, String)>) {
    if let Err(error) = io.to(room).emit("message", &data).await {
        eprintln!("cannot publish: {error}");
    }
}
