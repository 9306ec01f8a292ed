//! Frames of the native dialect as the clients here need them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::log::{At, Epoch, Heard, Joined, Name};

/// A frame of the server.
#[derive(Debug)]
pub(crate) enum Frame {
    Welcome { interval: Duration, timeout: Duration },
    Ping(Value),
    Joined { id: Option<u64>, room: usize, joined: Joined, count: Option<u64> },
    Message { room: usize, heard: Heard },
    Gap { room: usize, from: u64, to: u64, repairing: bool },
    Ack { id: u64, at: At, duplicate: bool },
    Error { id: Option<u64>, code: String, retry: bool, after: Duration },
    Left { room: usize, code: String },
    Presence { room: usize, count: u64 },
    Reconnect { after: Duration },
    Other,
}

/// Reads a frame, or says what is wrong with it.
pub(crate) fn read(text: &str) -> Result<Frame, String> {
    let frame: Value = serde_json::from_str(text).map_err(|error| format!("{error}: {text}"))?;
    let wrong = || format!("not as the protocol says: {text}");
    understand(&frame).ok_or_else(wrong)
}

fn understand(frame: &Value) -> Option<Frame> {
    let id = frame.get("id").and_then(Value::as_u64);
    let number = |key: &str| frame[key].as_u64();
    let text = |key: &str| frame[key].as_str().unwrap_or_default().to_owned();
    let millis = |value: &Value| value.as_u64().map(Duration::from_millis);
    Some(match frame["type"].as_str()? {
        "welcome" => Frame::Welcome {
            interval: millis(&frame["heartbeat"]["interval_ms"])?,
            timeout: millis(&frame["heartbeat"]["timeout_ms"])?,
        },
        "ping" => Frame::Ping(frame["t"].clone()),
        "joined" => {
            let count = number("count");
            Frame::Joined { id, room: room(frame)?, joined: joined(frame)?, count }
        }
        "message" => Frame::Message { room: room(frame)?, heard: heard(frame)? },
        "gap" => Frame::Gap {
            room: room(frame)?,
            from: number("from")?,
            to: number("to")?,
            repairing: frame["repairing"].as_bool()?,
        },
        "ack" => {
            let duplicate = frame["duplicate"] == true;
            Frame::Ack { id: id?, at: at(frame)?, duplicate }
        }
        "error" => Frame::Error {
            id,
            code: text("code"),
            retry: frame["retry"].as_bool()?,
            after: millis(&frame["retry_after_ms"]).unwrap_or_default(),
        },
        "left" => Frame::Left { room: room(frame)?, code: text("code") },
        "presence" => Frame::Presence { room: room(frame)?, count: number("count")? },
        "reconnect" => Frame::Reconnect { after: millis(&frame["after_ms"])? },
        _ => Frame::Other,
    })
}

fn room(frame: &Value) -> Option<usize> {
    frame["room"].as_str()?.strip_prefix("chaos:")?.parse().ok()
}

fn at(frame: &Value) -> Option<At> {
    let epoch: Epoch = frame["epoch"].as_str()?.into();
    let is_epoch = (1..=16).contains(&epoch.len()) && epoch.chars().all(|c| c.is_ascii_hexdigit());
    Some(At { epoch, offset: frame["offset"].as_u64()? }).filter(|_| is_epoch)
}

/// A message, whose data must say the same as its `message_id`.
fn heard(frame: &Value) -> Option<Heard> {
    let name = frame["message_id"].as_str()?;
    let is_whole = frame["data"]["text"].as_str() == Some(name);
    let heard = Heard { offset: frame["offset"].as_u64()?, name: Name::parse(name)? };
    Some(heard).filter(|_| is_whole)
}

fn joined(frame: &Value) -> Option<Joined> {
    let messages = frame["messages"].as_array()?.iter().map(heard);
    Some(Joined {
        at: at(frame)?,
        asked: frame.get("id").is_some(),
        recovered: frame["recovered"].as_bool()?,
        reason: frame["reason"].as_str().map(str::to_owned),
        messages: messages.collect::<Option<_>>()?,
    })
}

/// The name of a room.
pub(crate) fn room_name(room: usize) -> String {
    format!("chaos:{room}")
}

pub(crate) fn join(id: u64, room: usize, since: Option<&At>, presence: bool) -> String {
    let mut frame = json!({"type": "join", "id": id, "room": room_name(room)});
    if let Some(at) = since {
        frame["since"] = json!({"epoch": &*at.epoch, "offset": at.offset});
    }
    if presence {
        frame["presence"] = json!("count");
    }
    frame.to_string()
}

pub(crate) fn publish(id: u64, room: usize, name: Name) -> String {
    let name = name.to_string();
    let (room, data) = (room_name(room), json!({"text": &name}));
    json!({"type": "publish", "id": id, "room": room, "data": data, "message_id": name}).to_string()
}

pub(crate) fn presence(id: u64, room: usize) -> String {
    json!({"type": "presence", "id": id, "room": room_name(room)}).to_string()
}

pub(crate) fn pong(t: &Value) -> String {
    let mut frame = json!({"type": "pong"});
    if !t.is_null() {
        frame["t"] = t.clone();
    }
    frame.to_string()
}

pub(crate) const PING: &str = r#"{"type":"ping"}"#;
