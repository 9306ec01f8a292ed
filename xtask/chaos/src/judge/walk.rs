//! One client through one room: its run, and what breaks it.

use std::collections::HashSet;
use std::rc::Rc;

use crate::log::{At, Epoch, Event, Heard, Joined, Name};
use crate::truth::{Clash, Source, Truth};

/// What a client saw of a room since a loss was announced last.
#[derive(Debug)]
struct Run {
    /// The epochs it went through, and its position when it came into each.
    epochs: Vec<At>,
    position: u64,
    names: HashSet<Name>,
    /// What was told of as lost. A run has one numbering, whatever epochs it goes through.
    gaps: Vec<(u64, u64)>,
}

impl Run {
    fn begin(at: At) -> Self {
        let position = at.offset;
        Self { epochs: vec![at], position, names: HashSet::new(), gaps: Vec::new() }
    }

    fn epoch(&self) -> &Epoch {
        // A run begins in an epoch, and only gets more of them.
        &self.epochs[self.epochs.len() - 1].epoch
    }

    fn at(&self) -> At {
        At { epoch: Rc::clone(self.epoch()), offset: self.position }
    }

    /// The next message.
    fn hear(&mut self, heard: Heard) -> Result<(), String> {
        let Heard { offset, name } = heard;
        let before = std::mem::replace(&mut self.position, offset);
        if offset <= before {
            return Err(format!("#{offset} comes after #{before}: twice, or out of order"));
        }
        if offset > before + 1 {
            let missing = before + 1;
            return Err(format!("#{offset} comes after #{before}: no gap told of #{missing}"));
        }
        if !self.names.insert(name) {
            return Err(format!("{name} is delivered twice, now at #{offset}"));
        }
        Ok(())
    }

    fn gap(&mut self, from: u64, to: u64, repairing: bool) -> Result<(), String> {
        if from != self.position + 1 || to < from {
            return Err(format!("a gap #{from}..#{to} after #{}", self.position));
        }
        if !repairing {
            self.gaps.push((from, to));
            self.position = to;
        }
        Ok(())
    }

    fn excuses(&self, offset: u64) -> bool {
        self.gaps.iter().any(|(from, to)| (*from..=*to).contains(&offset))
    }
}

/// A client in a room.
#[derive(Debug)]
pub(super) struct Walk {
    pub(super) client: usize,
    pub(super) room: usize,
    inside: bool,
    since: Option<At>,
    run: Option<Run>,
}

impl Walk {
    pub(super) fn new(client: usize, room: usize) -> Self {
        Self { client, room, inside: false, since: None, run: None }
    }

    /// The connection ended, or the server made it leave.
    pub(super) fn out(&mut self) {
        self.inside = false;
    }

    /// The next event of this room.
    pub(super) fn step(
        &mut self,
        event: &Event,
        source: Source,
        truth: &mut Truth,
    ) -> Result<(), String> {
        let told = |result: Result<(), Clash>| result.map_err(|(_, what)| what);
        match event {
            Event::Join { since } => self.since = since.clone(),
            Event::Joined(joined) => return self.joined(joined, source, truth),
            Event::Heard(heard) => {
                let run = self.member()?;
                let heart = run.hear(*heard);
                let epoch = Rc::clone(run.epoch());
                return heart.and(told(truth.stands(self.room, &epoch, *heard, source)));
            }
            Event::Gap { from, to, repairing } => {
                return self.member()?.gap(*from, *to, *repairing);
            }
            Event::Acked { name, at, .. } => {
                return told(truth.acked(self.room, at, *name, source));
            }
            Event::Left { .. } => self.out(),
            _ => {}
        }
        Ok(())
    }

    fn member(&mut self) -> Result<&mut Run, String> {
        let inside = self.inside;
        let run = self.run.as_mut().filter(|_| inside);
        run.ok_or_else(|| "told of a room that it is not in".to_owned())
    }

    fn joined(&mut self, joined: &Joined, source: Source, truth: &mut Truth) -> Result<(), String> {
        let since = match (joined.asked, self.inside) {
            (true, false) => self.since.take(),
            (false, true) => self.run.as_ref().map(Run::at),
            _ => return Err(format!("{joined}, at the wrong time")),
        };
        self.inside = true;
        for heard in &joined.messages {
            truth.stands(self.room, &joined.at.epoch, *heard, source).map_err(|(_, what)| what)?;
        }
        match (since, &mut self.run) {
            (Some(since), Some(run)) if joined.recovered => {
                if since.epoch != joined.at.epoch {
                    truth.continues(self.room, &since, &joined.at.epoch, source);
                    let entered = At { epoch: Rc::clone(&joined.at.epoch), offset: since.offset };
                    run.epochs.push(entered);
                }
                recovered(run, joined)
            }
            (since, run) => {
                *run = Some(Run::begin(joined.at.clone()));
                announced(since.as_ref(), joined)
            }
        }
    }

    /// Something acked that should have been heard by now.
    pub(super) fn missing(&self, truth: &Truth) -> Option<String> {
        let run = self.run.as_ref()?;
        run.epochs.iter().find_map(|at| {
            let mut acked = truth.acked_beyond(self.room, &at.epoch, at.offset);
            let missing =
                |heard: &Heard| !run.names.contains(&heard.name) && !run.excuses(heard.offset);
            let Heard { offset, name } = acked.find(missing)?;
            let epoch = &at.epoch;
            Some(format!("{name} was acked at {epoch}#{offset} and never came, nor a word of it"))
        })
    }
}

/// `recovered:true` brings everything since.
fn recovered(run: &mut Run, joined: &Joined) -> Result<(), String> {
    let since = run.position;
    joined.messages.iter().try_for_each(|heard| run.hear(*heard))?;
    if std::mem::replace(&mut run.position, joined.at.offset) != joined.at.offset {
        return Err(format!("{joined}: this is not everything since #{since}"));
    }
    Ok(())
}

/// `recovered:false` says why, brings nothing, as no `rewind` was asked for, and does not go back.
fn announced(since: Option<&At>, joined: &Joined) -> Result<(), String> {
    let is_honest = match (since, joined.asked, joined.reason.as_deref()) {
        (None, _, None) => !joined.recovered,
        (Some(_), true, Some("epoch" | "expired" | "limit")) => true,
        (Some(_), false, Some("epoch")) => true,
        _ => false,
    };
    if !is_honest || !joined.messages.is_empty() {
        return Err(format!("{joined}: this does not go together"));
    }
    let back = since.filter(|at| at.epoch == joined.at.epoch && at.offset > joined.at.offset);
    back.map_or(Ok(()), |at| Err(format!("{joined}: the epoch went back from #{}", at.offset)))
}
