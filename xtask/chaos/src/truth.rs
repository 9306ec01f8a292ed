//! What everyone must agree on: which message has which offset in each epoch of each room, and
//! which epochs go on from which.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use crate::log::{At, Epoch, Heard, Name};

/// Who said something: the client and the entry of its log.
pub(crate) type Source = (usize, usize);

/// A breach of the truth: who stumbled on it, and what it is.
pub(crate) type Clash = (Source, String);

/// An epoch of a room.
type Life = (usize, Epoch);

/// The offsets of one epoch of one room.
#[derive(Debug, Default)]
struct Numbering {
    by_offset: BTreeMap<u64, (Name, Source)>,
    by_name: HashMap<Name, u64>,
}

impl Numbering {
    fn stands(&mut self, heard: Heard, source: Source) -> Result<(), Clash> {
        let Heard { offset, name } = heard;
        let (there, (client, _)) = *self.by_offset.entry(offset).or_insert((name, source));
        if there != name {
            return Err((source, format!("#{offset} is {name}, but {there} for c{client}")));
        }
        let place = *self.by_name.entry(name).or_insert(offset);
        if place != offset {
            return Err((source, format!("{name} stands at #{place} and again at #{offset}")));
        }
        Ok(())
    }
}

/// Everything that was said of positions.
#[derive(Debug, Default)]
pub(crate) struct Truth {
    numberings: HashMap<Life, Numbering>,
    /// Room, epoch, the epoch that went on from it, and up to which offset.
    links: BTreeMap<(Life, Epoch), (u64, Source)>,
    /// What was acked in an epoch of a room.
    acks: HashMap<Life, Vec<(Heard, Source)>>,
}

impl Truth {
    /// Somebody was told that a message has this offset.
    pub(crate) fn stands(
        &mut self,
        room: usize,
        epoch: &Epoch,
        heard: Heard,
        source: Source,
    ) -> Result<(), Clash> {
        self.numberings.entry((room, Rc::clone(epoch))).or_default().stands(heard, source)
    }

    /// A publisher was told so.
    pub(crate) fn acked(
        &mut self,
        room: usize,
        at: &At,
        name: Name,
        source: Source,
    ) -> Result<(), Clash> {
        let heard = Heard { offset: at.offset, name };
        self.acks.entry((room, Rc::clone(&at.epoch))).or_default().push((heard, source));
        self.stands(room, &at.epoch, heard, source)
    }

    /// A client at this position was told that another epoch goes on from there.
    pub(crate) fn continues(&mut self, room: usize, from: &At, to: &Epoch, source: Source) {
        let key = ((room, Rc::clone(&from.epoch)), Rc::clone(to));
        let link = self.links.entry(key).or_insert((from.offset, source));
        if from.offset > link.0 {
            *link = (from.offset, source);
        }
    }

    /// Holds epochs against those that went on from them, until nothing new comes of it.
    pub(crate) fn join_epochs(&mut self) -> Vec<Clash> {
        let mut clashes = Vec::new();
        for _ in 0..=self.links.len() {
            let mut grew = false;
            for ((life, to), (upto, source)) in &self.links {
                let (room, from) = life;
                let older = self.numberings.get(life);
                let older: Vec<Heard> = older.into_iter().flat_map(|n| n.upto(*upto)).collect();
                let newer = self.numberings.entry((*room, Rc::clone(to))).or_default();
                let before = newer.by_offset.len();
                let stands = older.into_iter().map(|heard| newer.stands(heard, *source));
                let wrong = |(source, what)| {
                    (source, format!("{to} goes on from {from} at #{upto}, but {what}"))
                };
                let clash = stands.filter_map(Result::err).next().map(wrong);
                clashes.extend(clash.filter(|clash| !clashes.contains(clash)));
                grew |= newer.by_offset.len() > before;
            }
            if !grew {
                break;
            }
        }
        clashes
    }

    /// What was acked in an epoch of a room beyond an offset.
    pub(crate) fn acked_beyond(
        &self,
        room: usize,
        epoch: &Epoch,
        offset: u64,
    ) -> impl Iterator<Item = Heard> {
        let acks = self.acks.get(&(room, Rc::clone(epoch))).into_iter().flatten();
        acks.map(|(heard, _)| *heard).filter(move |heard| heard.offset > offset)
    }
}

impl Numbering {
    fn upto(&self, offset: u64) -> impl Iterator<Item = Heard> {
        self.by_offset
            .range(..=offset)
            .map(|(offset, (name, _))| Heard { offset: *offset, name: *name })
    }
}
