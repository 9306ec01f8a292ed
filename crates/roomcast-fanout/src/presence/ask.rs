//! What presence asks of Redis, and how that looks as a script with its keys and arguments.

use super::record::NodeId;
use crate::keys::Keys;
use crate::scripts::Script;
use bytes::Bytes;
use roomcast_protocol::{RoomName, SessionId};
use std::time::Duration;

/// Something to ask of Redis. What is asked of one room must be done in the order asked.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    /// The link it is meant for: an answer after its end counts no more.
    pub(super) link: u64,
    /// What is asked.
    pub(crate) want: Want,
}

/// What is asked of Redis.
#[derive(Debug, Clone)]
pub(crate) enum Want {
    /// A sign of life, and who else is alive.
    Beat(Beat),
    /// To write what is new of this node's members of a room, and to tell the other nodes.
    Change(Box<Change>),
    /// Who is in a room, by node.
    Roster(Roster),
    /// To end the presence of a node that is gone, in one room.
    Reap { room: RoomName, node: NodeId },
}

/// See [`Want::Beat`].
#[derive(Debug, Clone)]
pub(crate) struct Beat {
    pub(crate) node: NodeId,
    pub(crate) lease: Duration,
    /// The name is new: there is no lease of it yet.
    pub(crate) is_new: bool,
    /// Which sign of life of this process: it makes a name for Redis' memory with the node's.
    pub(crate) number: u64,
}

/// See [`Want::Change`].
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) room: RoomName,
    pub(crate) node: NodeId,
    /// The name under which this node wrote here before, if it had another.
    pub(crate) earlier: Option<NodeId>,
    pub(crate) number: u64,
    /// The number of the change before it; 0 if nothing stands there.
    pub(crate) after: u64,
    /// How many members this node has in the room.
    pub(crate) count: usize,
    /// How long it stands there.
    pub(crate) life: Duration,
    /// What stood there is replaced.
    pub(crate) replace: bool,
    /// The other nodes are told who.
    pub(crate) is_listed: bool,
    /// They are told of all.
    pub(crate) is_whole: bool,
    pub(crate) set: Vec<(SessionId, Bytes)>,
    pub(crate) gone: Vec<SessionId>,
    /// What the others are told, opaque to Redis; nothing if nothing is new.
    pub(crate) told: Bytes,
}

/// See [`Want::Roster`].
#[derive(Debug, Clone)]
pub(crate) struct Roster {
    pub(crate) room: RoomName,
    /// The node that asks; its members are counted and not listed.
    pub(crate) node: NodeId,
    /// The most members, of all nodes together, that are listed.
    pub(crate) most: usize,
    /// Which asking of the room it is.
    pub(super) ticket: u64,
}

impl Ask {
    /// The script that does it.
    pub(crate) fn script(&self) -> Script {
        match self.want {
            Want::Beat(_) => Script::Beat,
            Want::Change(_) => Script::Presence,
            Want::Roster(_) => Script::Roster,
            Want::Reap { .. } => Script::Reap,
        }
    }

    /// The script's keys.
    pub(crate) fn keys(&self, keys: &Keys) -> Vec<String> {
        match &self.want {
            Want::Beat(_) => vec![keys.nodes()],
            Want::Change(change) => {
                let earlier = change.earlier.map(|node| keys.key(&change.room, &who(node)));
                let mut names = vec![
                    keys.key(&change.room, &who(change.node)),
                    keys.key(&change.room, "nodes"),
                ];
                names.extend(earlier);
                names
            }
            Want::Roster(roster) => vec![keys.key(&roster.room, "nodes")],
            Want::Reap { room, node } => {
                vec![keys.key(room, &who(*node)), keys.key(room, "nodes")]
            }
        }
    }

    /// The script's arguments; `publish` is the command that publishes.
    pub(crate) fn args(&self, keys: &Keys, publish: &str) -> Vec<Bytes> {
        match &self.want {
            Want::Beat(beat) => vec![
                text(&beat.node),
                text(&beat.lease.as_millis()),
                text(&u8::from(beat.is_new)),
                text(&format!("{}-{}", beat.node, beat.number)),
            ],
            Want::Change(change) => change.args(keys, publish),
            Want::Roster(roster) => {
                vec![text(&roster.most), text(&keys.key(&roster.room, "who:")), text(&roster.node)]
            }
            Want::Reap { room, node } => {
                vec![text(publish), text(&keys.channel(room)), text(node)]
            }
        }
    }
}

impl Change {
    fn args(&self, keys: &Keys, publish: &str) -> Vec<Bytes> {
        let mut args = vec![
            text(publish),
            text(&keys.channel(&self.room)),
            text(&self.node),
            self.earlier.map_or_else(Bytes::new, |node| text(&node)),
            text(&self.number),
            text(&self.count),
            text(&self.life.as_millis()),
            text(&u8::from(self.replace)),
            self.told.clone(),
            text(&self.set.len()),
        ];
        for (session, member) in &self.set {
            args.extend([text(session), member.clone()]);
        }
        args.extend(self.gone.iter().map(text));
        args
    }
}

/// What the key of a node's members is called within its room.
fn who(node: NodeId) -> String {
    format!("who:{node}")
}

fn text(value: &(impl ToString + ?Sized)) -> Bytes {
    value.to_string().into()
}
