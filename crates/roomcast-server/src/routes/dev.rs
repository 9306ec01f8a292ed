//! `POST /dev/token`: in `dev`, anyone on this machine gets a token for the name they give.

use super::{Routes, reply};
use crate::auth::{Signer, TokenPlan};
use http::header::{HOST, ORIGIN};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use roomcast_core::Action;
use roomcast_protocol::command::Token;
use roomcast_transport::Body;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// Longest request in bytes.
const MAX_BODY: usize = 4 * 1024;
/// How long a token lasts: short enough that a page left open shows a refresh.
const TTL: Duration = Duration::from_secs(600);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    name: String,
    user: Option<String>,
}

/// A token for all rooms.
pub(super) async fn token(routes: Arc<Routes>, request: Request<Incoming>) -> Response<Body> {
    if !is_same_origin(&request) {
        return reply::error(
            StatusCode::FORBIDDEN,
            "forbidden",
            "only this server's own pages may ask",
        );
    }
    let Some((signer, rules)) = &routes.signer else { return reply::not_found() };
    let Ok(body) = Limited::new(request.into_body(), MAX_BODY).collect().await else {
        return reply::error(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "send at most 4 KiB");
    };
    let wanted: Wanted = match serde_json::from_slice(&body.to_bytes()) {
        Ok(wanted) => wanted,
        Err(error) => {
            let message = format!("send {{\"name\": string, \"user\"?: string}}: {error}");
            return reply::error(StatusCode::BAD_REQUEST, "bad_request", &message);
        }
    };
    let plan = TokenPlan {
        user: wanted.user.unwrap_or_else(|| wanted.name.clone()),
        name: Some(wanted.name),
        rooms: vec![("*".into(), Action::ALL.to_vec())],
        now: routes.clock.now().wall,
        ttl: TTL,
        issuer: rules.issuer.clone(),
        audience: rules.audience.first().cloned(),
    };
    grant(&routes, signer, &plan)
}

/// The token of the plan, if it is one that this server takes.
fn grant(routes: &Routes, signer: &Signer, plan: &TokenPlan) -> Response<Body> {
    let token = match signer.sign(&plan.claims()) {
        Ok(token) => token,
        Err(error) => {
            let message = error.to_string();
            return reply::error(StatusCode::INTERNAL_SERVER_ERROR, "internal", &message);
        }
    };
    // A name that no token may have is told here, and not later at every door.
    if let Err(denied) = routes.access.gatekeeper.admit(&Token(token.clone()), plan.now) {
        return reply::error(StatusCode::BAD_REQUEST, "bad_request", &denied.to_string());
    }
    let ttl = u64::try_from(TTL.as_millis()).unwrap_or(u64::MAX);
    reply::json(StatusCode::OK, &json!({ "token": token, "expires_in_ms": ttl }))
}

/// Whether the request comes from this server's own page, or from a program.
fn is_same_origin<B>(request: &Request<B>) -> bool {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let Some(origin) = header(ORIGIN) else { return true };
    let host = origin.split_once("://").map(|(_, host)| host);
    host.is_some() && host == header(HOST)
}
