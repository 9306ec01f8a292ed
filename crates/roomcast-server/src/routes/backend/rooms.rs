//! Rooms: which there are, how far one has come, and who is in it.

use super::Answered;
use super::ask::Ask;
use super::messages::{epoch, user};
use crate::routes::reply;
use hyper::StatusCode;
use roomcast_core::RoomFilter;
use roomcast_protocol::command::Page;
use roomcast_protocol::dialect::native::NATIVE;
use roomcast_protocol::push::Member;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// `GET /v1/rooms`: those that have members, by name.
pub(super) async fn list(ask: &Ask) -> Answered {
    let query = ask.query(&["prefix", "after", "limit"])?;
    let filter = RoomFilter {
        prefix: query.text("prefix").unwrap_or_default().to_owned(),
        after: query.text("after").map(str::to_owned),
        limit: query.limit()?,
    };
    let listing = ask.routes.backend.hub.list_rooms(filter).await;
    let rooms: Vec<Value> = listing
        .entries
        .iter()
        .map(|entry| json!({ "room": entry.room.as_str(), "members": entry.members }))
        .collect();
    let mut answer = json!({ "rooms": rooms });
    if let Some(last) = listing.entries.last().filter(|_| listing.more) {
        answer["next"] = last.room.as_str().into();
    }
    Ok(reply::json(StatusCode::OK, &answer))
}

/// `GET /v1/rooms/{room}`.
pub(super) async fn one(ask: &Ask) -> Answered {
    let room = ask.room()?;
    ask.query(&[])?;
    let hub = &ask.routes.backend.hub;
    let past = hub.history(&room, Page::Latest, 0, &NATIVE, ask.routes.clock.now()).await?;
    let mut answer = json!({ "room": room.as_str(), "members": hub.members(&room) });
    if let Some(epoch) = epoch(past.head.epoch) {
        answer["epoch"] = epoch.into();
        answer["offset"] = past.head.offset.into();
    }
    Ok(reply::json(StatusCode::OK, &answer))
}

#[derive(Serialize)]
struct Members<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    members: Option<Vec<Shown<'a>>>,
    count: usize,
}

/// A member as the wire shows it.
#[derive(Serialize)]
struct Shown<'a> {
    session: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<Value>,
    /// As the client wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'a RawValue>,
}

/// `GET /v1/rooms/{room}/members`.
pub(super) async fn members(ask: &Ask) -> Answered {
    let room = ask.room()?;
    ask.query(&[])?;
    let roster = ask.routes.backend.hub.roster(&room).await?;
    let members = roster.members.as_deref().map(|members| {
        let mut members: Vec<_> = members.iter().map(shown).collect();
        members.sort_unstable_by(|a, b| a.session.cmp(&b.session));
        members
    });
    Ok(reply::json(StatusCode::OK, &Members { members, count: roster.count }))
}

fn shown(member: &Member) -> Shown<'_> {
    Shown {
        session: member.session.to_string(),
        user: member.user.as_ref().map(user),
        // What the parser has taken once it takes again.
        state: member.state.as_ref().and_then(|state| serde_json::from_str(state.as_str()).ok()),
    }
}
