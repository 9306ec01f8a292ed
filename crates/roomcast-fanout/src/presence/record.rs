//! How presence looks between nodes: names of nodes, members, changes, and Redis' answers.

use super::ask::Change;
use crate::envelope::line;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use roomcast_protocol::push::Member;
use roomcast_protocol::{Payload, SessionId, User, UserId};
use std::fmt;

/// The version of a change and of a member.
const VERSION: u8 = 1;

/// One incarnation of a node: the process in the upper 48 bits, and in the lower 16 how often it
/// has had to take another name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct NodeId(pub(crate) u64);

impl NodeId {
    /// The first name of a process.
    pub(crate) fn first(seed: u64) -> Self {
        Self(seed.max(1 << 16) & !0xffff)
    }

    /// The name after this one.
    pub(crate) fn next(self) -> Self {
        Self(self.0 & !0xffff | u64::from((self.0 as u16).wrapping_add(1)))
    }

    /// What stays the same over all names of a process.
    pub(crate) fn process(self) -> u64 {
        self.0 >> 16
    }

    fn read(text: &str) -> Option<Self> {
        (text.len() == 16).then(|| u64::from_str_radix(text, 16).ok().map(Self))?
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What came on a room's channel about presence.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) node: NodeId,
    pub(super) news: News,
}

#[derive(Debug, Clone)]
pub(super) enum News {
    /// The node is gone.
    Gone,
    /// Something is new of its members.
    Change(Told),
}

/// A change, as the other nodes are told it.
#[derive(Debug, Clone)]
pub(super) struct Told {
    /// The number of this change; those of one process only grow.
    pub(super) number: u64,
    /// The number of the change before it in this room; 0 if nothing was known of the node.
    pub(super) after: u64,
    /// How many members the node has.
    pub(super) count: usize,
    /// The members are listed.
    pub(super) is_listed: bool,
    /// Those listed are all.
    pub(super) is_whole: bool,
    pub(super) set: Vec<Member>,
    pub(super) gone: Vec<SessionId>,
}

/// What the others are told of a change; its count is added by the script.
pub(super) fn encode(change: &Change, listed: &[Member]) -> Bytes {
    let mut out = BytesMut::with_capacity(32 + 64 * listed.len() + 8 * change.gone.len());
    out.put_u8(VERSION);
    out.put_u8(u8::from(change.is_listed) | u8::from(change.is_whole) << 1);
    out.put_u64(change.number);
    out.put_u64(change.after);
    if change.is_listed {
        out.put_u32(listed.len() as u32);
        for member in listed {
            out.put_u64(member.session.0);
            put(&mut out, &encode_member(member));
        }
        let gone = if change.is_whole { &[] } else { &change.gone[..] };
        gone.iter().for_each(|session| out.put_u64(session.0));
    }
    out.freeze()
}

impl Record {
    /// Reads a record, without the byte that says it is one; none if it is damaged or of a
    /// version that is not known.
    pub(super) fn read(mut bytes: Bytes) -> Option<Self> {
        let head = line(&mut bytes)?;
        let (node, count) = head.split_once(' ')?;
        let node = NodeId::read(node)?;
        if count == "gone" {
            return Some(Self { node, news: News::Gone });
        }
        let count = count.parse().ok()?;
        Some(Self { node, news: News::Change(Told::read(bytes, count)?) })
    }
}

impl Told {
    fn read(mut bytes: Bytes, count: usize) -> Option<Self> {
        if bytes.remaining() < 18 || bytes.get_u8() != VERSION {
            return None;
        }
        let flags = bytes.get_u8();
        let (is_listed, is_whole) = (flags & 1 != 0, flags & 2 != 0);
        let (number, after) = (bytes.get_u64(), bytes.get_u64());
        let (mut set, mut gone) = (Vec::new(), Vec::new());
        if is_listed {
            for _ in 0..bytes.try_get_u32().ok()? {
                let session = SessionId(bytes.try_get_u64().ok()?);
                set.push(decode_member(session, take(&mut bytes)?)?);
            }
            while !bytes.is_empty() {
                gone.push(SessionId(bytes.try_get_u64().ok()?));
            }
        }
        Some(Self { number, after, count, is_listed, is_whole, set, gone })
    }
}

/// A member as Redis keeps it, without its session.
pub(super) fn encode_member(member: &Member) -> Bytes {
    let user = member.user.as_ref();
    let texts = [
        user.and_then(|user| user.id.as_ref()).map(UserId::as_str),
        user.and_then(|user| user.name.as_deref()),
        member.state.as_ref().map(Payload::as_str),
    ];
    let length: usize = texts.iter().flatten().map(|text| 4 + text.len()).sum();
    let mut out = BytesMut::with_capacity(2 + length);
    out.put_u8(VERSION);
    let there = texts.iter().enumerate().map(|(bit, text)| u8::from(text.is_some()) << bit);
    out.put_u8(there.sum::<u8>() | u8::from(user.is_some()) << 3);
    texts.iter().flatten().for_each(|text| put(&mut out, text.as_bytes()));
    out.freeze()
}

/// Reads a member as Redis keeps it.
pub(super) fn decode_member(session: SessionId, mut bytes: Bytes) -> Option<Member> {
    if bytes.remaining() < 2 || bytes.get_u8() != VERSION {
        return None;
    }
    let there = bytes.get_u8();
    let mut text = |bit: u8| -> Option<Option<String>> {
        if there & 1 << bit == 0 {
            return Some(None);
        }
        Some(Some(std::str::from_utf8(&take(&mut bytes)?).ok()?.to_owned()))
    };
    let (id, name, state) = (text(0)?, text(1)?, text(2)?);
    let id = id.map(|id| UserId::new(&id)).transpose().ok()?;
    let state = state.map(|state| Payload::parse(&state)).transpose().ok()?;
    let user = (there & 8 != 0).then(|| User { id, name: name.map(Into::into) });
    Some(Member { session, user, state })
}

fn put(out: &mut BytesMut, bytes: &[u8]) {
    out.put_u32(bytes.len() as u32);
    out.put_slice(bytes);
}

fn take(bytes: &mut Bytes) -> Option<Bytes> {
    let length = bytes.try_get_u32().ok()? as usize;
    (length <= bytes.len()).then(|| bytes.split_to(length))
}

/// What a roster says of one node.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) node: NodeId,
    pub(super) number: u64,
    pub(super) count: usize,
    pub(super) members: Option<Vec<Member>>,
}

/// Reads the answer of `roster.lua`; none if it is damaged. Members that cannot be read are as
/// those that are not listed.
pub(super) fn roster(mut bytes: Bytes) -> Option<Vec<Entry>> {
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        let head = line(&mut bytes)?;
        let mut words = head.split(' ');
        let node = NodeId::read(words.next()?)?;
        let (number, count) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let listed: usize = words.next()?.parse().ok()?;
        let mut members = Some(Vec::new());
        for _ in 0..listed {
            let head = line(&mut bytes)?;
            let (session, length) = head.split_once(' ')?;
            let session = SessionId(u64::from_str_radix(session, 16).ok()?);
            let length: usize = length.parse().ok()?;
            if length > bytes.len() {
                return None;
            }
            let member = decode_member(session, bytes.split_to(length));
            members = members.zip(member).map(|(mut all, member)| {
                all.push(member);
                all
            });
        }
        members = members.filter(|all| all.len() == count);
        entries.push(Entry { node, number, count, members });
    }
    Some(entries)
}

/// What `beat.lua` answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pulse {
    /// The lease of the node that asked holds.
    pub(super) holds: bool,
    /// The name of this memory of Redis.
    pub(super) memory: String,
    /// The nodes that are alive.
    pub(super) alive: Vec<NodeId>,
}

impl Pulse {
    /// Reads the answer; none if it is damaged.
    pub(super) fn read(mut bytes: Bytes) -> Option<Self> {
        let head = line(&mut bytes)?;
        let (holds, memory) = head.split_once(' ')?;
        let alive = bytes.chunks(16).map(|node| NodeId::read(std::str::from_utf8(node).ok()?));
        Some(Self {
            holds: holds == "1",
            memory: memory.to_owned(),
            alive: alive.collect::<Option<_>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_comes_back_as_it_went_and_no_cut_one_does() {
        let ann = User { id: UserId::new("ann").ok(), name: Some("Ann ☕".into()) };
        for user in [None, Some(User { id: None, name: None }), Some(ann)] {
            for state in [None, Payload::parse(r#"{"typing":true}"#).ok()] {
                let member = Member { session: SessionId(7), user: user.clone(), state };
                let whole = encode_member(&member);
                for end in 0..whole.len() {
                    assert_eq!(decode_member(SessionId(7), whole.slice(..end)), None);
                }
                assert_eq!(decode_member(SessionId(7), whole), Some(member));
            }
        }
    }

    #[test]
    fn damaged_answers_are_refused() {
        for bad in ["x", "0000000000010000\n", "0000000000010000 1\nx", "zz gone\n"] {
            assert!(Record::read(Bytes::from(bad)).is_none(), "{bad}");
        }
        for bad in ["x", "0000000000010000 1 1\n", "0000000000010000 1 1 1\n01 9\nx"] {
            assert!(roster(Bytes::from(bad)).is_none(), "{bad}");
        }
        assert_eq!(Pulse::read(Bytes::from("1 a\n123")), None);
        let alive = vec![NodeId(1 << 16)];
        let pulse = Pulse { holds: true, memory: "a".into(), alive };
        assert_eq!(Pulse::read(Bytes::from("1 a\n0000000000010000")), Some(pulse));
    }

    #[test]
    fn names_of_a_node_follow_each_other() {
        let first = NodeId::first(0x0123_4567_89ab_cdef);
        assert_eq!(first.to_string(), "0123456789ab0000");
        assert!(first.next() > first && first.next().process() == first.process());
    }
}
