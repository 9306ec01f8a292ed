//! `POST /dev/token`: anyone on this machine gets a token for the name they give.

use super::super::{Routes, reply};
use crate::auth::{Signer, TokenPlan};
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use roomcast_core::{Action, Pattern};
use roomcast_protocol::command::Token;
use roomcast_transport::Body;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
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
    rooms: Option<BTreeMap<String, Vec<String>>>,
    ttl_ms: Option<u64>,
}

/// The token that was asked for.
pub(in crate::routes) async fn token(
    routes: Arc<Routes>,
    request: Request<Incoming>,
) -> Response<Body> {
    let Some((signer, rules)) = &routes.signer else { return reply::not_found() };
    let shape =
        r#"{"name": string, "user"?: string, "rooms"?: {pattern: [action]}, "ttl_ms"?: number}"#;
    let wanted: Wanted = match super::read(request, shape).await {
        Ok(wanted) => wanted,
        Err(refusal) => return refusal,
    };
    let rooms = match rooms(wanted.rooms) {
        Ok(rooms) => rooms,
        Err(message) => return super::bad_request(&message),
    };
    let plan = TokenPlan {
        user: wanted.user.unwrap_or_else(|| wanted.name.clone()),
        name: Some(wanted.name),
        rooms,
        now: routes.clock.now().wall,
        ttl: wanted.ttl_ms.map_or(TTL, Duration::from_millis).min(LONGEST),
        issuer: rules.issuer.clone(),
        audience: rules.audience.first().cloned(),
    };
    grant(&routes, signer, &plan)
}

type Rooms = Vec<(String, Vec<Action>)>;

/// Rooms and actions as a token has them, or what is wrong with them.
fn rooms(wanted: Option<BTreeMap<String, Vec<String>>>) -> Result<Rooms, String> {
    let Some(wanted) = wanted else { return Ok(vec![("*".into(), Action::ALL.to_vec())]) };
    let action = |name: String| {
        let known = Action::ALL.iter().find(|action| action.name() == name);
        known.copied().ok_or_else(|| format!("there is no action {name:?}"))
    };
    let rule = |(pattern, actions): (String, Vec<String>)| {
        Pattern::new(&pattern).map_err(|error| error.to_string())?;
        Ok((pattern, actions.into_iter().map(action).collect::<Result<_, String>>()?))
    };
    wanted.into_iter().map(rule).collect()
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
        return super::bad_request(&denied.to_string());
    }
    let ttl = u64::try_from(plan.ttl.as_millis()).unwrap_or(u64::MAX);
    reply::json(StatusCode::OK, &json!({ "token": token, "expires_in_ms": ttl }))
}
