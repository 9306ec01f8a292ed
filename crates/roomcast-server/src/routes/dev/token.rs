//! `POST /dev/token`: anyone on this machine gets a token for the name they give.

use super::super::backend::grants::Grants;
use super::super::backend::trouble::Trouble;
use super::super::{Routes, reply};
use crate::auth::{Rules, Signer, TokenPlan};
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use roomcast_core::Action;
use roomcast_protocol::command::Token;
use roomcast_transport::Body;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// How long a token lasts unless asked for: short enough that a page left open shows a refresh.
const TTL: Duration = Duration::from_secs(600);
/// The longest that may be asked for.
const LONGEST: Duration = Duration::from_secs(86_400);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    name: String,
    user: Option<String>,
    /// What may be done where; everything everywhere if absent.
    rooms: Option<Grants>,
    ttl_ms: Option<u64>,
}

/// The token that was asked for.
pub(super) async fn token(routes: Arc<Routes>, request: Request<Incoming>) -> Response<Body> {
    let Some((signer, rules)) = &routes.signer else { return reply::not_found() };
    match make(&routes, signer, rules, request).await {
        Ok(response) => response,
        Err(trouble) => trouble.into(),
    }
}

async fn make(
    routes: &Routes,
    signer: &Signer,
    rules: &Rules,
    request: Request<Incoming>,
) -> Result<Response<Body>, Trouble> {
    let wanted: Wanted = super::read(request).await?;
    let everything = || vec![("*".into(), Action::ALL.to_vec())];
    let plan = TokenPlan {
        user: wanted.user.unwrap_or_else(|| wanted.name.clone()),
        name: Some(wanted.name),
        rooms: wanted.rooms.map_or_else(everything, |Grants(rooms)| rooms),
        now: routes.clock.now().wall,
        ttl: wanted.ttl_ms.map_or(TTL, Duration::from_millis).min(LONGEST),
        issuer: rules.issuer.clone(),
        audience: rules.audience.first().cloned(),
    };
    let token = signer.sign(&plan.claims()).map_err(|error| {
        Trouble::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", error.to_string())
    })?;
    // A name that no token may have is told here, and not later at every door.
    let admitted = routes.access.gatekeeper.admit(&Token(token.clone()), plan.now);
    admitted.map_err(|denied| Trouble::bad(denied.to_string()))?;
    let ttl = u64::try_from(plan.ttl.as_millis()).unwrap_or(u64::MAX);
    Ok(reply::json(StatusCode::OK, &json!({ "token": token, "expires_in_ms": ttl })))
}
