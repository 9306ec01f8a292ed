//! How a message looks between nodes.
//!
//! What is published on a room's channel is one of three things, told apart by the first byte:
//! messages with their positions (1), presence (2), or anything else: what another program
//! published there, as the guide does.
//!
//! Messages are fields and not a finished frame: each node speaks the dialects of its own
//! clients, and nodes of two versions may stand side by side.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use roomcast_protocol::dialect::{Context, Decoded, Dialect, guide};
use roomcast_protocol::{
    Command, Epoch, EventName, Incoming, Key, Message, MessageId, Payload, Position, RoomName,
    SessionId, Timestamp, User, UserId,
};

/// What a push of messages begins with.
const MESSAGES: u8 = 1;
/// What a push of presence begins with.
pub(crate) const PRESENCE: u8 = 2;
/// The version of a message's fields.
const VERSION: u8 = 1;

/// A message as Redis keeps it: its offset (0 of an ephemeral one) and its fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) offset: u64,
    pub(crate) body: Bytes,
}

/// A message that came from another node, or from this one by the same way.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub(crate) message: Message,
    /// The publisher that wants no copy.
    pub(crate) skip: Option<SessionId>,
}

/// Writes the fields of a message.
pub(crate) fn encode(message: &Message, skip: Option<SessionId>) -> Bytes {
    let user = message.user.as_ref();
    let texts = [
        message.event.as_ref().map(EventName::as_str),
        user.and_then(|user| user.id.as_ref()).map(UserId::as_str),
        user.and_then(|user| user.name.as_deref()),
        message.message_id.as_ref().map(MessageId::as_str),
        message.key.as_ref().map(Key::as_str),
    ];
    let length: usize = texts.iter().map(|text| 3 + text.map_or(0, str::len)).sum();
    let mut out = BytesMut::with_capacity(18 + length + message.data.len());
    out.put_u8(VERSION);
    out.put_u8(u8::from(user.is_some()));
    out.put_u64(skip.map_or(0, |session| session.0));
    out.put_i64(message.timestamp.as_millis());
    for text in texts {
        out.put_u8(u8::from(text.is_some()));
        let text = text.unwrap_or_default();
        out.put_u16(u16::try_from(text.len()).unwrap_or(u16::MAX));
        out.put_slice(&text.as_bytes()[..text.len().min(usize::from(u16::MAX))]);
    }
    out.put_slice(message.data.as_str().as_bytes());
    out.freeze()
}

/// Reads the fields of a message; none if they are not ours, or of a version that is not known.
pub(crate) fn decode(room: &RoomName, epoch: Epoch, record: &Record) -> Option<Arrived> {
    let mut body = record.body.clone();
    if body.remaining() < 18 || body.get_u8() != VERSION {
        return None;
    }
    let has_user = body.get_u8() == 1;
    let skip = body.get_u64();
    let timestamp = Timestamp::from_millis(body.get_i64());
    let event = text(&mut body)?;
    let (id, name) = (text(&mut body)?, text(&mut body)?);
    let (message_id, key) = (text(&mut body)?, text(&mut body)?);
    let user = User {
        id: known(id.as_deref(), UserId::new)?,
        name: known(name.as_deref(), |name| Ok::<_, ()>(name.into()))?,
    };
    let offset = record.offset;
    let message = Message {
        room: room.clone(),
        position: (offset > 0).then_some(Position { epoch, offset }),
        event: known(event.as_deref(), EventName::new)?,
        user: has_user.then_some(user),
        data: Payload::parse(std::str::from_utf8(&body).ok()?).ok()?,
        timestamp,
        message_id: known(message_id.as_deref(), MessageId::new)?,
        key: known(key.as_deref(), Key::new)?,
    };
    Some(Arrived { message, skip: (skip != 0).then_some(SessionId(skip)) })
}

/// The next text: the outer option is whether there is one at all.
fn text(body: &mut Bytes) -> Option<Option<String>> {
    if body.remaining() < 3 {
        return None;
    }
    let (is_there, length) = (body.get_u8() == 1, usize::from(body.get_u16()));
    if body.remaining() < length {
        return None;
    }
    let text = std::str::from_utf8(&body.split_to(length)).ok()?.to_owned();
    Some(is_there.then_some(text))
}

/// The text as what it is, if there is one.
fn known<T, E>(text: Option<&str>, make: impl Fn(&str) -> Result<T, E>) -> Option<Option<T>> {
    text.map(|text| make(text).ok()).map_or(Some(None), |made| made.map(Some))
}

/// What a push holds.
#[derive(Debug)]
pub(crate) enum Push {
    /// Messages of an epoch.
    Messages(Epoch, Vec<Record>),
    /// Who came and went.
    Presence(Bytes),
    /// What another program published.
    Foreign(Bytes),
}

impl Push {
    /// Reads a push; none if it is damaged.
    pub(crate) fn read(mut bytes: Bytes) -> Option<Self> {
        match bytes.first() {
            Some(&MESSAGES) => {
                bytes.advance(1);
                let epoch = Epoch::read(line(&mut bytes)?.as_str());
                Some(Self::Messages(epoch, records(bytes)?))
            }
            Some(&PRESENCE) => Some(Self::Presence(bytes.split_off(1))),
            _ => Some(Self::Foreign(bytes)),
        }
    }
}

/// The text up to the end of the line.
pub(crate) fn line(bytes: &mut Bytes) -> Option<String> {
    let end = bytes.iter().position(|&byte| byte == b'\n')?;
    let line = bytes.split_to(end);
    bytes.advance(1);
    Some(std::str::from_utf8(&line).ok()?.to_owned())
}

/// Records one behind the other: offset, length, a new line, the body.
pub(crate) fn records(mut bytes: Bytes) -> Option<Vec<Record>> {
    let mut records = Vec::new();
    while !bytes.is_empty() {
        let head = line(&mut bytes)?;
        let (offset, length) = head.split_once(' ')?;
        let (offset, length) = (offset.parse().ok()?, length.parse().ok()?);
        if bytes.len() < length {
            return None;
        }
        records.push(Record { offset, body: bytes.split_to(length) });
    }
    Some(records)
}

/// What another program published, as a message without a position: `{"user","text"}` as the
/// guide has it, else any JSON, else a text.
pub(crate) fn foreign(room: &RoomName, bytes: &[u8], now: Timestamp) -> Message {
    let text = String::from_utf8_lossy(bytes);
    let context = Context { room: Some(room), user: None };
    let said = match guide::CHAT.decode(Incoming::Text(&text), context) {
        Decoded::Command(_, Command::Publish(said)) => Some((said.data, said.claimed_name)),
        _ => None,
    };
    let (data, name) = said
        .unwrap_or_else(|| (Payload::parse(&text).unwrap_or_else(|_| Payload::of(&text)), None));
    Message {
        room: room.clone(),
        position: None,
        event: None,
        user: name.map(|name| User { id: None, name: Some(name.into()) }),
        data,
        timestamp: now,
        message_id: None,
        key: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room() -> RoomName {
        RoomName::new("tea").unwrap()
    }

    fn message() -> Message {
        Message {
            room: room(),
            position: None,
            event: EventName::new("typing").ok(),
            user: Some(User { id: UserId::new("ann").ok(), name: Some("Ann ☕".into()) }),
            data: Payload::parse(r#"{"text":"milk?","n":1.10}"#).unwrap(),
            timestamp: Timestamp::from_millis(1_700_000_000_123),
            message_id: MessageId::new("m-1").ok(),
            key: Key::new("k").ok(),
        }
    }

    #[test]
    fn a_message_comes_back_as_it_went() {
        for (message, skip) in [
            (message(), Some(SessionId(7))),
            (Message { user: None, event: None, message_id: None, key: None, ..message() }, None),
            (Message { user: Some(User { id: None, name: None }), ..message() }, None),
        ] {
            let record = Record { offset: 5, body: encode(&message, skip) };
            let arrived = decode(&room(), Epoch(9), &record).unwrap();
            let position = Some(Position { epoch: Epoch(9), offset: 5 });
            let expected = Message { position, ..message };
            assert_eq!(format!("{:?}", arrived.message), format!("{expected:?}"));
            assert_eq!(arrived.skip, skip);
        }
    }

    #[test]
    fn no_cut_or_changed_record_is_taken_for_another_or_panics() {
        let whole = encode(&message(), None);
        let data = whole.len() - message().data.len();
        for end in 0..whole.len() {
            let record = Record { offset: 1, body: whole.slice(..end) };
            let decoded = decode(&room(), Epoch(1), &record);
            assert!(decoded.is_none(), "{end} of {data}");
        }
        for place in 0..whole.len() {
            let mut changed = whole.to_vec();
            changed[place] ^= 0x55;
            // Whatever it is now: it is read or refused.
            let _ = decode(&room(), Epoch(1), &Record { offset: 1, body: changed.into() });
        }
    }

    #[test]
    fn what_the_guide_publishes_is_a_message_of_its_user() {
        let now = Timestamp::from_millis(0);
        let said = foreign(&room(), br#"{"user":"ops","text":"hi"}"#, now);
        assert_eq!(said.user.unwrap().display_name(), "ops");
        assert_eq!(said.data.as_str(), r#"{"text":"hi"}"#);
        for (published, data) in [("[1,2]", "[1,2]"), ("hi", "\"hi\""), ("", "\"\"")] {
            let said = foreign(&room(), published.as_bytes(), now);
            assert_eq!((said.data.as_str(), said.user), (data, None));
        }
    }

    #[test]
    fn a_push_of_two_messages_is_read_and_a_damaged_one_is_not() {
        let push = Bytes::from_static(b"\x01ab\n7 2\nhi0 3\nyou");
        let Some(Push::Messages(epoch, records)) = Push::read(push.clone()) else { panic!() };
        assert_eq!(epoch, Epoch(0xab));
        let offsets: Vec<u64> = records.iter().map(|record| record.offset).collect();
        assert_eq!((offsets, &records[1].body[..]), (vec![7, 0], &b"you"[..]));
        for end in [1, 2, 5, push.len() - 1] {
            assert!(Push::read(push.slice(..end)).is_none(), "{end}");
        }
    }
}
