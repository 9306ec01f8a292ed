//! A dialect that is made to be read: one line for each thing said.

use roomcast_protocol::dialect::{Context, Decoded};
use roomcast_protocol::push::{Member, PresenceChange};
use roomcast_protocol::reply::Joined;
use roomcast_protocol::{
    CommandId, Dialect, Epoch, Frame, Incoming, Message, Push, Refusal, Reply, RoomName, User,
};

/// The dialect of the simulated world.
///
/// Lines: `joined tea @3 recovered [#3 bob: "x"] {ann bob}`, `tea #4 bob: "y"` (an ephemeral
/// message has `~` for its number), `ack tea #4`, `left tea`, `gap tea 2-3 slow`,
/// `error tea forbidden`, `presence tea +ann -bob ~cat =2`, `expiring`, `reconnect`, `ping`.
#[derive(Debug, Clone, Copy)]
pub struct Script;

pub(super) static SCRIPT: Script = Script;

/// Separates a line from the position it tells, which scripts do not see.
const META: char = '\t';

impl Dialect for Script {
    fn name(&self) -> &'static str {
        "script"
    }

    fn slot(&self) -> usize {
        3
    }

    fn decode(&self, _: Incoming<'_>, _: Context<'_>) -> Decoded {
        Decoded::Refused(None, Refusal::bad_request("scripts give commands, not frames"))
    }

    fn message(&self, message: &Message) -> Frame {
        let line = format!("{} {}", message.room, said(message));
        let offset = message.offset().map(|offset| format!("{META}{} {offset}", message.room));
        Frame::text(&(line + &offset.unwrap_or_default()))
    }

    fn reply(&self, reply: &Reply) -> Option<Frame> {
        let line = match reply {
            Reply::Welcome(_) => "welcome".to_owned(),
            Reply::Joined(_, gives) => joined(gives),
            Reply::Left(_, room, code) => {
                format!("left {room}{}", code.map(|code| format!(" {code}")).unwrap_or_default())
            }
            Reply::Ack { room, position, duplicate, .. } => {
                let offset = position.map_or("~".to_owned(), |at| format!("#{}", at.offset));
                format!("ack {room} {offset}{}", if *duplicate { " duplicate" } else { "" })
            }
            Reply::History { room, messages, more, .. } => {
                format!("history {room}{}{}", list(messages), if *more { " …" } else { "" })
            }
            Reply::Presence { room, members, count, .. } => {
                let members = members.as_deref().map(names).unwrap_or_default();
                format!("members {room}{members} ={count}")
            }
            Reply::Refreshed { .. } => "refreshed".to_owned(),
            Reply::Refused { room, refusal, .. } => {
                let room = room.as_ref().map(|room| format!(" {room}")).unwrap_or_default();
                format!("error{room} {}", refusal.code)
            }
        };
        Some(Frame::text(&line))
    }

    fn push(&self, push: &Push) -> Option<Frame> {
        let line = match push {
            Push::Gap { room, from, to, reason, .. } => {
                format!("gap {room} {from}-{to} {}{META}{room} {to}", reason.slug())
            }
            Push::Presence { room, change, only_count } => presence(room, change, *only_count),
            Push::Expiring { .. } => "expiring".to_owned(),
            Push::System { event, .. } => format!("system {event}"),
            Push::Reconnect { .. } => "reconnect".to_owned(),
        };
        Some(Frame::text(&line))
    }

    fn ping(&self) -> Frame {
        Frame::text("ping")
    }
}

fn said(message: &Message) -> String {
    let offset = message.offset().map_or("~".to_owned(), |offset| format!("#{offset}"));
    let user = message.user.as_ref().map_or("nobody", User::display_name);
    format!("{offset} {user}: {}", message.data.as_str())
}

fn joined(gives: &Joined) -> String {
    let position = gives.position;
    let recovered = match gives.reason {
        Some(reason) => format!(" not recovered: {}", reason.slug()),
        None if gives.recovered => " recovered".to_owned(),
        None => String::new(),
    };
    let members = gives.members.as_deref().map(names).unwrap_or_default();
    let count = gives.count.map(|count| format!(" ={count}")).unwrap_or_default();
    format!(
        "joined {} @{}{recovered}{}{members}{count}{META}{} {} {}",
        gives.room,
        position.offset,
        list(&gives.messages),
        gives.room,
        position.offset,
        position.epoch
    )
}

/// Messages inside a reply, without the room, which the reply names.
fn list(frames: &[Frame]) -> String {
    let one = |frame: &Frame| {
        let text = String::from_utf8_lossy(frame.payload()).into_owned();
        let line = text.split(META).next().unwrap_or_default();
        format!(" [{}]", line.split_once(' ').map_or(line, |(_, said)| said))
    };
    frames.iter().map(one).collect()
}

fn presence(room: &RoomName, change: &PresenceChange, only_count: bool) -> String {
    let mut line = format!("presence {room}");
    if !only_count && !change.only_count {
        line += &change.members.as_deref().map(names).unwrap_or_default();
        for (sign, members) in [('+', &change.joined), ('-', &change.left), ('~', &change.changed)]
        {
            line.extend(members.iter().map(|member| format!(" {sign}{}", name(member))));
        }
    }
    line + &format!(" ={}", change.count)
}

fn names(members: &[Member]) -> String {
    let mut names: Vec<&str> = members.iter().map(name).collect();
    names.sort_unstable();
    format!(" {{{}}}", names.join(" "))
}

fn name(member: &Member) -> &str {
    member.user.as_ref().map_or("nobody", User::display_name)
}

/// Every command of a script wants a reply.
pub(super) fn next_id() -> Option<CommandId> {
    CommandId::from_json("1")
}

/// The first whole frame: its payload, whether it is text, and its length on the wire.
pub(super) fn first_frame(bytes: &[u8]) -> Option<(String, bool, usize)> {
    let (&first, &short) = (bytes.first()?, bytes.get(1)?);
    let (header, length) = match short {
        126 => (4, usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?))),
        127 => (10, u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?) as usize),
        short => (2, usize::from(short)),
    };
    let payload = bytes.get(header..header + length)?;
    Some((String::from_utf8_lossy(payload).into_owned(), first == 0x81, header + length))
}

/// A line and the position it tells: the room, its epoch if said, and the offset.
#[allow(clippy::type_complexity)]
pub(super) fn split_position(text: &str) -> (&str, Option<(&str, (Option<Epoch>, u64))>) {
    let Some((line, meta)) = text.split_once(META) else { return (text, None) };
    let mut parts = meta.split(' ');
    let position = (|| {
        let room = parts.next()?;
        let offset = parts.next()?.parse().ok()?;
        Some((room, (parts.next().map(Epoch::read), offset)))
    })();
    (line, position)
}
