//! `POST /dev/token`: anyone on this machine gets a token for the name they give.

use super::super::backend::Answered;
use super::super::backend::grants::Grants;
use super::super::backend::tokens::sign;
use super::super::backend::trouble::Trouble;
use super::super::{Routes, reply};
use crate::auth::Signer;
use hyper::body::Incoming;
use hyper::{Request, Response};
use roomcast_core::Action;
use roomcast_transport::Body;
use serde::Deserialize;
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

/// The token that was asked for; there is none where the configuration holds only public keys.
pub(super) async fn token(routes: Arc<Routes>, request: Request<Incoming>) -> Response<Body> {
    let Some(signer) = &routes.backend.signer else { return reply::not_found() };
    make(&routes, signer, request).await.unwrap_or_else(Trouble::into)
}

async fn make(routes: &Routes, signer: &Signer, request: Request<Incoming>) -> Answered {
    let wanted: Wanted = super::read(request).await?;
    let everything = || Grants(vec![("*".into(), Action::ALL.to_vec())]);
    let user = wanted.user.unwrap_or_else(|| wanted.name.clone());
    let rooms = wanted.rooms.unwrap_or_else(everything);
    let ttl = wanted.ttl_ms.map_or(TTL, Duration::from_millis).min(LONGEST);
    sign(routes, signer, user, Some(wanted.name), rooms, ttl)
}
