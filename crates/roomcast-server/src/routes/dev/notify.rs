//! `POST /dev/notify`: tells a user something, as an application's backend does.

use super::super::{Routes, reply};
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use roomcast_protocol::{EventName, Message, Payload, RoomName};
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
pub(in crate::routes) async fn notify(
    routes: Arc<Routes>,
    request: Request<Incoming>,
) -> Response<Body> {
    let shape = r#"{"user": string, "text": string}"#;
    let notice: Notice = match super::read(request, shape).await {
        Ok(notice) => notice,
        Err(refusal) => return refusal,
    };
    let room = match RoomName::new(&format!("user:{}", notice.user)) {
        Ok(room) => room,
        Err(error) => return super::bad_request(&error.to_string()),
    };
    let now = routes.clock.now();
    let message = Message {
        room,
        position: None,
        event: EventName::new("notification").ok(),
        user: None,
        data: Payload::of(&json!({ "text": notice.text })),
        timestamp: now.wall,
        message_id: None,
        key: None,
    };
    match routes.backend.hub.publish(message, false, now).await {
        Ok(_) => reply::json(StatusCode::OK, &json!({})),
        Err(refusal) => super::bad_request(&refusal.message),
    }
}
