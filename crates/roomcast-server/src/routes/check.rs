//! `GET /v1/auth/check`: a browser cannot see why an upgrade was refused; this says it as JSON.

use super::{Routes, reply};
use hyper::{Request, Response, StatusCode};
use roomcast_core::Identity;
use roomcast_protocol::Timestamp;
use roomcast_transport::Body;
use serde_json::{Map, Value, json};

/// The verdict that the same request would get at `/v1/ws`.
pub(super) fn check<B>(routes: &Routes, request: &Request<B>) -> Response<Body> {
    let now = routes.clock.now().wall;
    match routes.access.admit(request, now) {
        Err(refused) => {
            let (code, reason) = refused.codes();
            let message = refused.to_string();
            let error = json!({ "code": code, "reason": reason, "message": message });
            reply::json(refused.status(), &json!({ "error": error }))
        }
        Ok(identity) => match routes.sockets.not_now() {
            Some(why) => reply::not_now(why),
            None => reply::json(StatusCode::OK, &admitted(&identity, now)),
        },
    }
}

fn admitted(identity: &Identity, now: Timestamp) -> Value {
    let mut answer = Map::from_iter([("ok".to_owned(), Value::Bool(true))]);
    if let Some(user) = &identity.user {
        let mut shown = Map::new();
        if let Some(id) = &user.id {
            shown.insert("id".into(), id.as_str().into());
        }
        if let Some(name) = &user.name {
            shown.insert("name".into(), (**name).into());
        }
        answer.insert("user".into(), shown.into());
    }
    if let Some(end) = identity.expires_at {
        let left = end.as_millis().saturating_sub(now.as_millis()).max(0);
        answer.insert("expires_in_ms".into(), left.into());
    }
    Value::Object(answer)
}
