//! Sessions: which there are, and the end of a user's.

use super::Answered;
use super::ask::{Ask, Query};
use super::body::object;
use super::messages::user;
use super::trouble::Trouble;
use crate::routes::reply;
use hyper::StatusCode;
use roomcast_core::{SessionEntry, SessionFilter};
use roomcast_protocol::{CloseCode, RoomName, SessionId, UserId};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

/// `GET /v1/sessions`: by id.
pub(super) async fn list(ask: &Ask) -> Answered {
    let query = ask.query(&["user", "after", "limit"])?;
    let filter = SessionFilter {
        user: wanted_user(&query)?,
        after: query.text("after").map(|text| session("after", text)).transpose()?,
        limit: query.limit()?,
    };
    let listing = ask.routes.backend.hub.list_sessions(filter).await;
    let sessions: Vec<Value> = listing.entries.iter().map(shown).collect();
    let mut answer = json!({ "sessions": sessions });
    if let Some(last) = listing.entries.last().filter(|_| listing.more) {
        answer["next"] = last.session.to_string().into();
    }
    Ok(reply::json(StatusCode::OK, &answer))
}

fn wanted_user(query: &Query) -> Result<Option<UserId>, Trouble> {
    let user = query.text("user").map(UserId::new).transpose();
    user.map_err(|error| Trouble::bad(error.to_string()))
}

fn session(key: &str, text: &str) -> Result<SessionId, Trouble> {
    let hex = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let id = hex.then(|| u64::from_str_radix(text, 16).ok()).flatten();
    id.map(SessionId).ok_or_else(|| {
        Trouble::bad(format!("`{key}` must be a session's id, 16 hexadecimal digits"))
    })
}

fn shown(entry: &SessionEntry) -> Value {
    let mut shown = json!({
        "session": entry.session.to_string(),
        "dialect": entry.dialect,
        "connected_ms": millis(entry.connected),
        "rooms": entry.rooms.iter().map(RoomName::as_str).collect::<Vec<_>>(),
        "rooms_count": entry.rooms_count,
        "outbox_bytes": entry.outbox_bytes,
    });
    if let Some(known) = &entry.user {
        shown["user"] = user(known);
    }
    if let Some(rtt) = entry.rtt {
        shown["rtt_ms"] = millis(rtt).into();
    }
    if entry.observer {
        shown["observer"] = true.into();
    }
    shown
}

/// A duration in whole milliseconds.
pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Longest body that says what to close, in bytes.
const MAX_BODY: usize = 1_024;

/// What to close; an empty body says the same as an empty object.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Which {
    session: Option<String>,
}

/// `POST /v1/users/{user}/disconnect`.
pub(super) async fn disconnect(ask: Ask) -> Answered {
    let user = ask.user()?;
    ask.query(&[])?;
    let (hub, caller) = (ask.routes.backend.hub.clone(), ask.caller.clone());
    let body = ask.body(MAX_BODY).await?;
    let which: Which = if body.is_empty() { Which::default() } else { object(&body)? };
    let only = which.session.map(|text| session("session", &text)).transpose()?;
    let closed = hub.disconnect(&user, only, CloseCode::Disconnected).await;
    tracing::info!(backend = %caller, closed, "a user was disconnected");
    Ok(reply::json(StatusCode::OK, &json!({ "closed": closed })))
}
