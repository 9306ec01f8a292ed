//! Messages: published in rooms and to users, and read from a room's history.

use super::Answered;
use super::ask::Ask;
use super::body::{inner, object};
use super::trouble::Trouble;
use crate::routes::reply;
use http::HeaderMap;
use hyper::StatusCode;
use roomcast_core::{Accepted, Past};
use roomcast_protocol::command::Page;
use roomcast_protocol::dialect::native::NATIVE;
use roomcast_protocol::{
    Epoch, EventName, InvalidName, Key, Message, MessageId, Payload, RoomName, Timestamp, User,
    UserId,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// What a body may have beside its `data`, in bytes.
const BESIDE: usize = 8 * 1024;
/// Longest name of a user in bytes, as in a token.
const MAX_NAME: usize = 200;

/// A message to publish.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted<'a> {
    #[serde(borrow)]
    data: &'a RawValue,
    event: Option<String>,
    message_id: Option<String>,
    key: Option<String>,
    #[serde(default, deserialize_with = "inner")]
    user: Option<Author>,
    ephemeral: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Author {
    id: Option<String>,
    name: Option<String>,
}

/// `POST /v1/rooms/{room}/messages`.
pub(super) async fn to_room(ask: Ask) -> Answered {
    let room = ask.room()?;
    publish(ask, room).await
}

/// `POST /v1/users/{user}/messages`: in the room that is the user's own.
pub(super) async fn to_user(ask: Ask) -> Answered {
    let room = ask.user()?.room();
    publish(ask, room).await
}

async fn publish(ask: Ask, room: RoomName) -> Answered {
    let (hub, clock) = (ask.routes.backend.hub.clone(), ask.routes.clock);
    ask.query(&[])?;
    let repeated = idempotency_key(ask.request.headers())?;
    let body = ask.body(hub.config().max_frame.saturating_add(BESIDE)).await?;
    let wanted: Wanted<'_> = object(&body)?;
    let ephemeral = wanted.ephemeral.unwrap_or(false);
    // Not before: a body may take seconds to come, and the message is none until it is whole.
    let now = clock.now();
    let message = message(wanted, room, repeated, now.wall)?;
    let Accepted { position, duplicate } = hub.publish(message, ephemeral, now).await?;
    let mut answer = json!({ "duplicate": duplicate });
    if let Some(position) = position {
        answer["epoch"] = position.epoch.to_string().into();
        answer["offset"] = position.offset.into();
    }
    Ok(reply::json(StatusCode::OK, &answer))
}

fn message(
    wanted: Wanted<'_>,
    room: RoomName,
    repeated: Option<MessageId>,
    now: Timestamp,
) -> Result<Message, Trouble> {
    let message_id = name(wanted.message_id, MessageId::new)?;
    if message_id.is_some() && repeated.is_some() && message_id != repeated {
        return Err(Trouble::bad("`Idempotency-Key` and `message_id` differ: send one"));
    }
    let data = Payload::parse(wanted.data.get());
    Ok(Message {
        room,
        position: None,
        event: name(wanted.event, EventName::new)?,
        user: wanted.user.map(author).transpose()?.flatten(),
        data: data.map_err(|error| Trouble::bad(format!("`data` is {error}")))?,
        timestamp: now,
        message_id: message_id.or(repeated),
        key: name(wanted.key, Key::new)?,
    })
}

fn name<T>(
    text: Option<String>,
    new: impl Fn(&str) -> Result<T, InvalidName>,
) -> Result<Option<T>, Trouble> {
    text.map(|text| new(&text)).transpose().map_err(|error| Trouble::bad(error.to_string()))
}

/// Whose message it is, on the backend's word.
fn author(author: Author) -> Result<Option<User>, Trouble> {
    let id = name(author.id, UserId::new)?;
    let fits =
        |name: &String| (1..=MAX_NAME).contains(&name.len()) && !name.chars().any(char::is_control);
    if author.name.as_ref().is_some_and(|name| !fits(name)) {
        let message = "`user.name` must be 1 to 200 bytes without control characters";
        return Err(Trouble::bad(message));
    }
    let user = User { id, name: author.name.map(Into::into) };
    Ok((user.id.is_some() || user.name.is_some()).then_some(user))
}

/// Another way to say the `message_id`; its quotes, which some clients write, do not count.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<MessageId>, Trouble> {
    let mut values = headers.get_all("idempotency-key").into_iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().ok().filter(|_| values.next().is_none());
    let text = text.map(|text| {
        let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        inner.unwrap_or(text)
    });
    let id = text.and_then(|text| MessageId::new(text).ok());
    id.map(Some).ok_or_else(|| {
        Trouble::bad("`Idempotency-Key` must be 1 to 64 bytes of printable ASCII, once")
    })
}

/// A page of history; the messages are the wire's.
#[derive(Serialize)]
struct Messages<'a> {
    messages: Vec<&'a RawValue>,
    more: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    epoch: Option<String>,
    /// The last one given out.
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
}

/// `GET /v1/rooms/{room}/messages`.
pub(super) async fn history(ask: &Ask) -> Answered {
    let room = ask.room()?;
    let query = ask.query(&["before", "after", "limit"])?;
    let what = "an offset, a whole number";
    let page = match (query.value("before", what)?, query.value("after", what)?) {
        (None, None) => Page::Latest,
        (Some(before), None) => Page::Before(before),
        (None, Some(after)) => Page::After(after),
        (Some(_), Some(_)) => return Err(Trouble::bad("send `before` or `after`, not both")),
    };
    let limit = u32::try_from(query.limit()?).unwrap_or(u32::MAX);
    let now = ask.routes.clock.now();
    let past = ask.routes.backend.hub.history(&room, page, limit, &NATIVE, now).await?;
    Ok(reply::json(StatusCode::OK, &shown(&past)?))
}

fn shown(past: &Past) -> Result<Messages<'_>, Trouble> {
    let read = |frame| serde_json::from_slice(frame);
    let frames = past.messages.iter().map(|frame| read(frame.payload()));
    let messages = frames.collect::<Result<_, serde_json::Error>>();
    let messages = messages.map_err(|error| {
        tracing::error!(%error, "a message of a history is no JSON");
        Trouble::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "a defect: it was logged")
    })?;
    let epoch = epoch(past.head.epoch);
    let offset = epoch.is_some().then_some(past.head.offset);
    Ok(Messages { messages, more: past.more, epoch, offset })
}

/// The epoch of a room, if there is such a room.
pub(super) fn epoch(epoch: Epoch) -> Option<String> {
    (epoch != Epoch::UNKNOWN).then(|| epoch.to_string())
}

/// A user as the wire shows it.
pub(super) fn user(user: &User) -> Value {
    let mut shown = json!({});
    if let Some(id) = &user.id {
        shown["id"] = id.as_str().into();
    }
    if let Some(name) = &user.name {
        shown["name"] = (**name).into();
    }
    shown
}
