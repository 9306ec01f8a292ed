//! The guide's dialect: plain shapes without metadata, one behaviour for each endpoint.

use super::{Context, Decoded, Dialect, Pings};
use crate::command::{PresenceMode, Publish};
use crate::json::{self, write_string};
use crate::{Command, Frame, Incoming, Message, Payload, Push, Refusal, Reply};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The endpoints of the guide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guide {
    /// `/ws`: a text comes back as `Echo: text`, a binary frame as it is.
    Echo,
    /// `/ws/chat/{room}`: a room of `{"user","text"}`.
    Chat,
    /// `/ws/secure`: a text comes back as `Hello name: text`.
    Secure,
    /// `/ws/reliable`: pings, and `Received: message`.
    Reliable,
}

/// `/ws`.
pub static ECHO: Guide = Guide::Echo;
/// `/ws/chat/{room}`.
pub static CHAT: Guide = Guide::Chat;
/// `/ws/secure`.
pub static SECURE: Guide = Guide::Secure;
/// `/ws/reliable`.
pub static RELIABLE: Guide = Guide::Reliable;

/// Longest name, in bytes, that a client may give itself.
const MAX_NAME: usize = 200;

const USER_LEFT: &str = r#"{"type":"system","text":"User left"}"#;

impl Dialect for Guide {
    fn name(&self) -> &'static str {
        match self {
            Self::Echo => "guide-echo",
            Self::Chat => "guide-chat",
            Self::Secure => "guide-secure",
            Self::Reliable => "guide-reliable",
        }
    }

    fn slot(&self) -> usize {
        1
    }

    fn decode(&self, incoming: Incoming<'_>, context: Context<'_>) -> Decoded {
        match (self, incoming) {
            (Self::Echo, Incoming::Text(text)) => Decoded::Answer(answer(&["Echo: ", text])),
            (Self::Echo, Incoming::Binary(bytes)) => Decoded::Answer(Frame::binary(bytes)),
            (_, Incoming::Binary(_)) => refused("send text frames, not binary ones"),
            (Self::Secure, Incoming::Text(text)) => {
                let name = context.user.map_or("anonymous", |user| user.display_name());
                Decoded::Answer(answer(&["Hello ", name, ": ", text]))
            }
            (Self::Reliable, Incoming::Text(text)) => received(text),
            (Self::Chat, Incoming::Text(text)) => said(text, context),
        }
    }

    fn message(&self, message: &Message) -> Frame {
        let user = message.user.as_ref().map_or("anonymous", |user| user.display_name());
        Frame::text_with(|out| {
            out.extend_from_slice(b"{\"user\":");
            write_string(out, user);
            out.extend_from_slice(b",\"text\":");
            write_string(out, &text_of(&message.data));
            out.extend_from_slice(b",\"room\":");
            write_string(out, message.room.as_str());
            out.extend_from_slice(b",\"timestamp\":\"");
            message.timestamp.write_to(out);
            out.extend_from_slice(b"\"}");
        })
    }

    fn reply(&self, reply: &Reply) -> Option<Frame> {
        match reply {
            Reply::Refused { refusal, .. } => Some(error(refusal)),
            _ => None,
        }
    }

    fn push(&self, push: &Push) -> Option<Frame> {
        let Push::Presence { change, .. } = push else { return None };
        // One notice for each who left. Where a room is too large for lists nobody is told:
        // the notices of a leaving crowd would cost its square.
        let times = if change.only_count { 0 } else { change.left.len() };
        let left = Frame::text(USER_LEFT);
        (times > 0).then(|| Frame::join(std::iter::repeat_n(&left, times)))
    }

    fn ping(&self) -> Frame {
        match self {
            Self::Reliable => Frame::text(r#"{"type":"ping"}"#),
            _ => Frame::ping(),
        }
    }

    fn pings(&self) -> Pings {
        if *self == Self::Reliable { Pings::Always } else { Pings::WhenSilent }
    }

    fn has_one_room(&self) -> bool {
        matches!(self, Self::Chat)
    }

    fn implied_presence(&self) -> PresenceMode {
        PresenceMode::Full
    }
}

fn answer(parts: &[&str]) -> Frame {
    Frame::text_with(|out| parts.iter().for_each(|part| out.extend_from_slice(part.as_bytes())))
}

fn refused(message: impl Into<String>) -> Decoded {
    Decoded::Refused(None, Refusal::bad_request(message))
}

fn error(refusal: &Refusal) -> Frame {
    Frame::text_with(|out| {
        out.extend_from_slice(b"{\"type\":\"error\",\"code\":");
        write_string(out, refusal.code.slug());
        out.extend_from_slice(b",\"message\":");
        write_string(out, &refusal.message);
        out.push(b'}');
    })
}

/// `/ws/reliable`: a pong is swallowed, any other JSON comes back as compact JSON.
fn received(text: &str) -> Decoded {
    if let Err(error) = json::check(text) {
        return refused(error.to_string());
    }
    if is_pong(text) {
        return Decoded::Nothing;
    }
    Decoded::Answer(Frame::text_with(|out| {
        out.extend_from_slice(b"Received: ");
        json::write_compact(out, text);
    }))
}

fn is_pong(text: &str) -> bool {
    #[derive(Deserialize)]
    struct Typed<'a> {
        #[serde(borrow, rename = "type")]
        kind: Cow<'a, str>,
    }
    text.trim_start().starts_with('{')
        && serde_json::from_str::<Typed<'_>>(text).is_ok_and(|typed| typed.kind == "pong")
}

/// `/ws/chat/{room}`: `{"user"?, "text"}`.
fn said(text: &str, context: Context<'_>) -> Decoded {
    let Some(room) = context.room else { return refused("the room was left") };
    let (data, claimed_name) = match read_said(text) {
        Ok(said) => said,
        Err(message) => return refused(message),
    };
    Decoded::Command(
        None,
        Command::Publish(Publish {
            room: room.clone(),
            data,
            event: None,
            claimed_name,
            message_id: None,
            key: None,
            echo: true,
            ephemeral: false,
        }),
    )
}

/// The data to publish and the name that the client gave itself, or what is wrong.
fn read_said(text: &str) -> Result<(Payload, Option<String>), String> {
    #[derive(Deserialize)]
    struct Said<'a> {
        #[serde(borrow)]
        user: Option<&'a RawValue>,
        #[serde(borrow)]
        text: Option<&'a RawValue>,
    }
    json::check_depth(text).map_err(|error| error.to_string())?;
    if !text.trim_start().starts_with('{') {
        return Err("send a JSON object with a `text`".into());
    }
    let said: Said<'_> = serde_json::from_str(text)
        .map_err(|error| format!("send a JSON object with a `text`: {error}"))?;
    let raw_text = said.text.ok_or("`text` is missing")?.get();
    // Half of a surrogate pair is JSON, but no member could be given it as a text.
    serde_json::from_str::<Cow<'_, str>>(raw_text).map_err(|_| "`text` must be a string")?;
    let data = Payload::parse(&format!("{{\"text\":{raw_text}}}"))
        .map_err(|_| "`text` must be a string")?;
    Ok((data, claimed_name(said.user)?))
}

/// What the client calls itself, which counts only where no token gave a name.
fn claimed_name(user: Option<&RawValue>) -> Result<Option<String>, String> {
    let name: Option<String> = match user {
        Some(user) => serde_json::from_str(user.get()).map_err(|_| "`user` must be a string")?,
        None => None,
    };
    if name.as_ref().is_some_and(|name| name.len() > MAX_NAME) {
        return Err(format!("`user` must be at most {MAX_NAME} bytes"));
    }
    Ok(name.filter(|name| !name.is_empty()))
}

/// What a guide client reads of a message: its `text`, or a string as it is, or else its JSON.
fn text_of(data: &Payload) -> Cow<'_, str> {
    #[derive(Deserialize)]
    struct Texted<'a> {
        #[serde(borrow)]
        text: Cow<'a, str>,
    }
    let json = data.as_str();
    let text = match json.as_bytes().first() {
        Some(b'"') => serde_json::from_str::<String>(json).ok().map(Cow::Owned),
        Some(b'{') => serde_json::from_str::<Texted<'_>>(json).ok().map(|texted| texted.text),
        _ => None,
    };
    text.unwrap_or(Cow::Borrowed(json))
}
