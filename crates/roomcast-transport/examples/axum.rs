//! Rooms inside an axum application: `cargo run -p roomcast-transport --example axum`, then
//! connect any client to `ws://127.0.0.1:3000/rooms`.

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::{Router, http::StatusCode, routing::get};
use roomcast_core::{Config, Grants, Hub, Identity, NoTokens, SessionSpec};
use roomcast_protocol::dialect::native::NATIVE;
use roomcast_transport::{Handshake, Sockets, Transport};
use std::sync::Arc;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let transport = Transport::embedded(roomcast_transport::Config::default());
    let sockets = transport.sockets().clone();
    let (hub, shards) = Hub::local(Config::default(), Arc::new(NoTokens), transport.workers(), 1);
    let _running = transport.start(hub, shards)?;
    let app = Router::new().route("/rooms", get(move |request| rooms(sockets, request)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}

/// Who may come in is the application's own matter: here everyone, to everything.
async fn rooms(sockets: Sockets, request: Request) -> Response {
    let handshake = match Handshake::read(&request) {
        Ok(handshake) => handshake,
        Err(error) => return (error.status(), error.to_string()).into_response(),
    };
    let identity = Identity::anonymous(Arc::new(Grants::everything()));
    let spec = SessionSpec { dialect: &NATIVE, identity: Arc::new(identity), join: None };
    match sockets.accept(request, handshake, None, spec) {
        Ok(response) => response.into_response(),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, why.to_string()).into_response(),
    }
}
