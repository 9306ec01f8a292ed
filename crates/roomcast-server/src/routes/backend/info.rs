//! `GET /v1/info`: what runs here.

use super::Answered;
use super::ask::Ask;
use super::sessions::millis;
use crate::routes::{Face, reply};
use hyper::StatusCode;
use serde_json::json;

/// The version, and how the server is set up.
pub(super) fn info(ask: &Ask) -> Answered {
    ask.query(&[])?;
    let backend = &ask.routes.backend;
    let answer = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "uptime_ms": millis(ask.routes.clock.now().uptime),
        "listen": backend.listen.to_string(),
        "workers": backend.hub.stats().len(),
        "sessions": backend.hub.sessions(),
        "tokens": backend.signer.is_some() && ask.face != Face::Public,
        "dev": ask.face == Face::Everything,
    });
    Ok(reply::json(StatusCode::OK, &answer))
}
