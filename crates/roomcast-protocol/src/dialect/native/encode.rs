//! Replies, pushes and messages → frames of the native dialect.

use super::object::frame;
use crate::push::PresenceChange;
use crate::reply::{Joined, Welcome};
use crate::{CommandId, Frame, Message, Position, Push, Refusal, Reply, RoomName, VERSION};

pub(super) fn message(message: &Message) -> Frame {
    frame("message", |out| {
        out.room(&message.room);
        if let Some(event) = &message.event {
            out.text("event", event.as_str());
        }
        out.user(message.user.as_ref());
        out.raw("data", message.data.bytes());
        out.timestamp("timestamp", message.timestamp);
        if let Some(offset) = message.offset() {
            out.number("offset", offset);
        }
        if let Some(id) = &message.message_id {
            out.text("message_id", id.as_str());
        }
    })
}

pub(super) fn reply(reply: &Reply) -> Frame {
    match reply {
        Reply::Welcome(says) => welcome(says),
        Reply::Joined(id, gives) => joined(id.as_ref(), gives),
        Reply::Left(id, room, code) => frame("left", |out| {
            out.id(id.as_ref());
            out.room(room);
            if let Some(code) = code {
                out.text("code", code.slug());
            }
        }),
        Reply::Ack { id, room, position, duplicate } => ack(id, room, *position, *duplicate),
        Reply::History { id, room, messages, more } => frame("history", |out| {
            out.id(id.as_ref());
            out.room(room);
            out.frames("messages", messages);
            out.boolean("more", *more);
        }),
        Reply::Presence { id, room, members, count } => frame("presence", |out| {
            out.id(id.as_ref());
            out.room(room);
            if let Some(members) = members {
                out.members("members", members);
            }
            out.number("count", *count as u64);
        }),
        Reply::Refreshed { id, expires_in } => frame("refreshed", |out| {
            out.id(id.as_ref());
            if let Some(expires_in) = expires_in {
                out.millis("expires_in_ms", *expires_in);
            }
        }),
        Reply::Refused { id, room, refusal } => error(id.as_ref(), room.as_ref(), refusal),
    }
}

pub(super) fn push(push: &Push) -> Frame {
    match push {
        Push::Gap { room, from, to, reason, repairing } => frame("gap", |out| {
            out.room(room);
            out.number("from", *from);
            out.number("to", *to);
            out.text("reason", reason.slug());
            out.boolean("repairing", *repairing);
        }),
        Push::Presence { room, change, only_count } => {
            presence(room, change, *only_count || change.only_count)
        }
        Push::Expiring { within } => frame("expiring", |out| out.millis("in_ms", *within)),
        Push::System { room, event, text } => frame("system", |out| {
            if let Some(room) = room {
                out.room(room);
            }
            out.text("event", event);
            out.text("text", text);
        }),
        Push::Reconnect { after, reason } => frame("reconnect", |out| {
            out.millis("after_ms", *after);
            out.text("reason", reason);
        }),
    }
}

fn ack(id: &CommandId, room: &RoomName, position: Option<Position>, duplicate: bool) -> Frame {
    frame("ack", |out| {
        out.id(Some(id));
        out.room(room);
        if let Some(position) = position {
            out.position(position);
        }
        if duplicate {
            out.boolean("duplicate", true);
        }
    })
}

fn welcome(says: &Welcome) -> Frame {
    frame("welcome", |out| {
        out.text("version", VERSION);
        out.quoted("session", says.session);
        out.user(says.user.as_ref());
        out.object("heartbeat", |out| {
            out.millis("interval_ms", says.heartbeat_interval);
            out.millis("timeout_ms", says.heartbeat_timeout);
        });
        if let Some(expires_in) = says.expires_in {
            out.millis("expires_in_ms", expires_in);
        }
        out.object("limits", |out| {
            out.number("max_frame", says.max_frame as u64);
            out.number("max_rooms", says.max_rooms as u64);
            out.number("commands_per_second", u64::from(says.commands_per_second));
        });
    })
}

fn joined(id: Option<&CommandId>, gives: &Joined) -> Frame {
    frame("joined", |out| {
        out.id(id);
        out.room(&gives.room);
        out.position(gives.position);
        out.boolean("recovered", gives.recovered);
        if let Some(reason) = gives.reason {
            out.text("reason", reason.slug());
        }
        out.frames("messages", &gives.messages);
        if let Some(members) = &gives.members {
            out.members("members", members);
        }
        if let Some(count) = gives.count {
            out.number("count", count as u64);
        }
    })
}

fn presence(room: &RoomName, change: &PresenceChange, only_count: bool) -> Frame {
    let lists = [("joined", &change.joined), ("left", &change.left), ("changed", &change.changed)];
    frame("presence", |out| {
        out.room(room);
        if let Some(members) = change.members.as_ref().filter(|_| !only_count) {
            out.members("members", members);
        }
        for (key, members) in lists {
            if !only_count && !members.is_empty() {
                out.members(key, members);
            }
        }
        out.number("count", change.count as u64);
    })
}

fn error(id: Option<&CommandId>, room: Option<&RoomName>, refusal: &Refusal) -> Frame {
    frame("error", |out| {
        out.id(id);
        if let Some(room) = room {
            out.room(room);
        }
        out.text("code", refusal.code.slug());
        out.text("message", &refusal.message);
        out.boolean("retry", refusal.code.retry());
        if let Some(after) = refusal.retry_after {
            out.millis("retry_after_ms", after);
        }
    })
}
