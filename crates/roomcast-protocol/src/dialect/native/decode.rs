//! Text of the native dialect → [`Command`], or why not.

use super::fields::{Fields, Read, Text, bounded, missing, name, optional, required};
use crate::command::{Join, Page, PresenceMode, Publish, Token};
use crate::dialect::{Context, Decoded};
use crate::json::{self, Payload};
use crate::{
    Command, CommandId, Epoch, ErrorCode, EventName, Frame, Key, MessageId, Position, Refusal,
    RoomName,
};
use serde::Deserialize;
use serde_json::value::RawValue;

pub(super) fn decode(text: &str, context: Context<'_>) -> Decoded {
    let (fields, id) = match open(text) {
        Ok(opened) => opened,
        Err(refusal) => return Decoded::Refused(None, refusal),
    };
    match meaning(&fields, id.is_some(), context) {
        Ok(Meaning::Command(command)) => Decoded::Command(id, command),
        Ok(Meaning::Answer(frame)) => Decoded::Answer(frame),
        Ok(Meaning::Nothing) => Decoded::Nothing,
        Err(refusal) => Decoded::Refused(id, refusal),
    }
}

enum Meaning {
    Command(Command),
    Answer(Frame),
    Nothing,
}

fn open(text: &str) -> Read<(Fields<'_>, Option<CommandId>)> {
    // serde would fill a struct from an array too, by position.
    if !text.trim_start().starts_with('{') {
        return Err(Refusal::bad_request("send one JSON object with a `type`"));
    }
    let fields: Fields<'_> = serde_json::from_str(text)
        .map_err(|error| Refusal::bad_request(format!("send one JSON object: {error}")))?;
    let id = fields.id.map(command_id).transpose()?;
    Ok((fields, id))
}

fn meaning(fields: &Fields<'_>, has_id: bool, context: Context<'_>) -> Read<Meaning> {
    let Text(kind) = required("type", fields.kind)?;
    let command = match &*kind {
        "join" => Command::Join(join(fields, context)?),
        "leave" => Command::Leave { room: room(fields, context)? },
        "publish" => Command::Publish(publish(fields, context)?),
        "history" => history(fields, context)?,
        "presence" => Command::Presence { room: room(fields, context)? },
        "state" => {
            Command::State { room: room(fields, context)?, data: payload("data", fields.data)? }
        }
        "refresh" => Command::Refresh {
            token: Token(required::<Text<'_>>("token", fields.token)?.0.into_owned()),
        },
        "ping" | "pong" if has_id => {
            return Err(Refusal::bad_request("`ping` and `pong` take no `id`; use `t`"));
        }
        "pong" => return Ok(Meaning::Nothing),
        "ping" => return pong(fields.t).map(Meaning::Answer),
        _ => return Err(Refusal::new(ErrorCode::UnknownType, unknown_type(&kind))),
    };
    Ok(Meaning::Command(command))
}

fn unknown_type(kind: &str) -> String {
    let shown: String = kind.chars().take(32).collect();
    format!(
        "unknown type `{}`: send join, leave, publish, history, presence, state, refresh, ping \
         or pong",
        shown.escape_debug()
    )
}

fn join(fields: &Fields<'_>, context: Context<'_>) -> Read<Join> {
    Ok(Join {
        room: room(fields, context)?,
        since: fields.since.map(since).transpose()?,
        rewind: bounded("rewind", fields.rewind)?.unwrap_or(0),
        presence: fields.presence.map(presence).transpose()?.unwrap_or_default(),
        state: fields.state.map(|state| payload("state", Some(state))).transpose()?,
    })
}

fn publish(fields: &Fields<'_>, context: Context<'_>) -> Read<Publish> {
    Ok(Publish {
        room: room(fields, context)?,
        data: payload("data", fields.data)?,
        event: name("event", fields.event, EventName::new)?,
        claimed_name: None,
        message_id: name("message_id", fields.message_id, MessageId::new)?,
        key: name("key", fields.key, Key::new)?,
        echo: optional("echo", fields.echo)?.unwrap_or(true),
        ephemeral: optional("ephemeral", fields.ephemeral)?.unwrap_or(false),
    })
}

fn history(fields: &Fields<'_>, context: Context<'_>) -> Read<Command> {
    let page = match (optional("before", fields.before)?, optional("after", fields.after)?) {
        (None, None) => Page::Latest,
        (Some(before), None) => Page::Before(before),
        (None, Some(after)) => Page::After(after),
        (Some(_), Some(_)) => {
            return Err(Refusal::bad_request("send `before` or `after`, not both"));
        }
    };
    let limit = bounded("limit", fields.limit)?.ok_or_else(|| missing("limit"))?;
    Ok(Command::History { room: room(fields, context)?, limit, page })
}

/// The room; the name of the one that the session is in is there already.
fn room(fields: &Fields<'_>, context: Context<'_>) -> Read<RoomName> {
    let known = |text: &str| context.room.filter(|room| room.as_str() == text).cloned();
    let room =
        name("room", fields.room, |text| known(text).map_or_else(|| RoomName::new(text), Ok));
    room?.ok_or_else(|| missing("room"))
}

fn since(raw: &RawValue) -> Read<Position> {
    #[derive(Deserialize)]
    struct Since {
        epoch: String,
        offset: u64,
    }
    let object = raw.get().starts_with('{');
    let since: Option<Since> = object.then(|| serde_json::from_str(raw.get()).ok()).flatten();
    since
        .map(|since| Position { epoch: Epoch::read(&since.epoch), offset: since.offset })
        .ok_or_else(|| {
            Refusal::bad_request(
                "`since` must be {\"epoch\": string, \"offset\": whole number below 2^64}",
            )
        })
}

fn presence(raw: &RawValue) -> Read<PresenceMode> {
    match serde_json::from_str::<String>(raw.get()).as_deref() {
        Ok("none") => Ok(PresenceMode::None),
        Ok("count") => Ok(PresenceMode::Count),
        Ok("full") => Ok(PresenceMode::Full),
        _ => Err(Refusal::bad_request("`presence` must be \"none\", \"count\" or \"full\"")),
    }
}

fn payload(field: &str, raw: Option<&RawValue>) -> Read<Payload> {
    let raw = raw.ok_or_else(|| missing(field))?;
    json::check_depth(raw.get())
        .map_err(|error| Refusal::bad_request(format!("`{field}` is {error}")))?;
    Ok(Payload::from_raw(raw))
}

fn pong(t: Option<&RawValue>) -> Read<Frame> {
    match t {
        None => Ok(Frame::text(r#"{"type":"pong"}"#)),
        Some(t) if t.get().len() <= 64 => {
            Ok(Frame::text(&format!(r#"{{"type":"pong","t":{}}}"#, t.get())))
        }
        Some(_) => Err(Refusal::bad_request("`t` must be at most 64 bytes")),
    }
}

fn command_id(raw: &RawValue) -> Read<CommandId> {
    CommandId::from_raw(raw).ok_or_else(|| {
        Refusal::bad_request("`id` must be a number or a string of at most 64 bytes")
    })
}
