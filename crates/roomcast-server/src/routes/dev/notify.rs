//! `POST /dev/notify`: tells a user something, as an application's backend does.

use super::super::backend::trouble::Trouble;
use super::super::{Routes, reply};
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use roomcast_protocol::{EventName, Message, Payload, UserId};
use roomcast_transport::Body;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Notice {
    user: String,
    text: String,
}

/// Publishes in the user's own room.
pub(super) async fn notify(routes: Arc<Routes>, request: Request<Incoming>) -> Response<Body> {
    tell(&routes, request).await.unwrap_or_else(Trouble::into)
}

async fn tell(routes: &Routes, request: Request<Incoming>) -> Result<Response<Body>, Trouble> {
    let notice: Notice = super::read(request).await?;
    let user = UserId::new(&notice.user).map_err(|error| Trouble::bad(error.to_string()))?;
    let now = routes.clock.now();
    let message = Message {
        room: user.room(),
        position: None,
        event: EventName::new("notification").ok(),
        user: None,
        data: Payload::of(&json!({ "text": notice.text })),
        timestamp: now.wall,
        message_id: None,
        key: None,
    };
    routes.backend.hub.publish(message, false, now).await?;
    Ok(reply::json(StatusCode::OK, &json!({})))
}
