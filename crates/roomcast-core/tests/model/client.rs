//! A client as `docs/protocol.md` wants it: it keeps a position for each room, counts its own
//! quiet messages, applies presence by session, and complains of everything else.

use crate::truth::{At, Holds, Named, Truth};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

/// What was asked and is not answered yet.
#[derive(Debug, Clone)]
pub(crate) enum Asked {
    Join { since: Option<At>, rewind: u64, state: Option<String>, watches: bool },
    Publish { message: u64, quiet: bool, named: Option<Named>, sent: Duration },
    State(String),
    Other,
}

/// A room as one member knows it.
#[derive(Debug, Clone, Default)]
pub(crate) struct View {
    pub(crate) epoch: String,
    pub(crate) position: u64,
    /// Offsets of own quiet messages that are acked and lie ahead.
    quiet: BTreeSet<u64>,
    /// Epochs whose numbering the present one goes on with.
    before: Vec<String>,
    /// Offsets passed over: each must be an own quiet message whose ack is still to come.
    pub(crate) holes: BTreeSet<u64>,
    /// The members by session with their states, while a list is told.
    pub(crate) members: Option<BTreeMap<String, Option<String>>>,
    pub(crate) count: Option<u64>,
    /// It asked for the list, and may still have it.
    pub(crate) wants_list: bool,
    /// What this member says of itself.
    pub(crate) state: Option<String>,
}

impl View {
    /// The offset comes next, but for own quiet messages.
    fn pass_to(&mut self, offset: u64) {
        for between in self.position + 1..offset {
            if !self.quiet.remove(&between) {
                self.holes.insert(between);
            }
        }
    }

    /// Whether offsets of the epoch say something in the present one.
    fn knows(&self, epoch: &str, truth: &Truth) -> bool {
        let is_told = self.epoch == epoch || self.before.iter().any(|old| old == epoch);
        is_told || truth.came_through(epoch, &self.epoch)
    }

    /// An own quiet message stands there.
    fn count(&mut self, offset: u64) {
        if !self.holes.remove(&offset) && offset > self.position {
            self.quiet.insert(offset);
        }
    }

    /// The position with own quiet messages at the end.
    pub(crate) fn head(&self) -> u64 {
        (self.position + 1..)
            .take_while(|at| self.quiet.contains(at))
            .last()
            .unwrap_or(self.position)
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Client {
    pub(crate) user: String,
    pub(crate) session: String,
    pub(crate) rooms: BTreeMap<String, View>,
    pub(crate) waiting: HashMap<u64, (String, Asked)>,
    /// A ping is to be answered.
    pub(crate) pinged: bool,
    /// What was told of publishes: the error's code, or an ack.
    pub(crate) answers: HashMap<u64, String>,
    fleeting: HashSet<u64>,
    /// Own quiet messages by room, of epochs that are not told yet.
    early: Vec<(String, At)>,
    /// Own messages of which it wants no copy.
    pub(crate) unwanted: HashSet<u64>,
    next_id: u64,
}

impl Client {
    /// Notes what is asked, and gives the id that the answer must carry.
    pub(crate) fn asks(&mut self, room: &str, asked: Asked) -> u64 {
        self.next_id += 1;
        self.waiting.insert(self.next_id, (room.to_owned(), asked));
        self.next_id
    }

    /// Takes a frame of the server.
    pub(crate) fn hears(&mut self, text: &str, now: Duration, truth: &mut Truth) -> Holds {
        let frame: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let room = frame["room"].as_str().unwrap_or_default();
        match frame["type"].as_str().unwrap_or_default() {
            "welcome" => self.session = frame["session"].as_str().unwrap_or_default().to_owned(),
            "ping" => self.pinged = true,
            "joined" if frame.get("id").is_none() => return self.told_epoch(room, &frame, truth),
            "joined" => return self.joined(room, &frame, truth),
            "message" => return self.message(room, &frame, truth),
            "gap" => return self.gap(room, &frame),
            "presence" if frame.get("id").is_none() => return self.presence(room, &frame),
            "left" if frame.get("id").is_none() => return self.forget(room),
            "expiring" | "reconnect" => {}
            "history" => {
                self.answered(&frame)?;
                return page(&frame);
            }
            "left" => {
                self.answered(&frame)?;
                return self.forget(room);
            }
            "presence" | "refreshed" => _ = self.answered(&frame)?,
            "ack" => return self.ack(room, &frame, now, truth),
            "error" => return self.error(&frame, truth),
            other => return Err(format!("unknown {other}")),
        }
        Ok(())
    }

    fn forget(&mut self, room: &str) -> Holds {
        self.rooms.remove(room).map(|_| ()).ok_or_else(|| format!("left {room} twice"))
    }

    fn answered(&mut self, frame: &Value) -> Result<(String, Asked), String> {
        let id = frame["id"].as_u64().ok_or("an answer without an id")?;
        let (room, asked) = self.waiting.remove(&id).ok_or("a second answer")?;
        let told = frame.get("room").and_then(Value::as_str);
        if told.is_some_and(|told| told != room) {
            return Err("an answer about another room".into());
        }
        self.answers.insert(id, frame["code"].as_str().unwrap_or("ack").to_owned());
        Ok((room, asked))
    }

    fn view(&mut self, room: &str) -> Result<&mut View, String> {
        self.rooms.get_mut(room).ok_or_else(|| format!("{room} is not joined"))
    }

    fn joined(&mut self, room: &str, frame: &Value, truth: &mut Truth) -> Holds {
        let (_, asked) = self.answered(frame)?;
        let Asked::Join { since, rewind, state, watches } = asked else {
            return Err("joined, but nobody asked".into());
        };
        let epoch = frame["epoch"].as_str().ok_or("no epoch")?.to_owned();
        let position = frame["offset"].as_u64().ok_or("no offset")?;
        let messages = frame["messages"].as_array().ok_or("no messages")?;
        let first = (position + 1).checked_sub(messages.len() as u64).ok_or("too many messages")?;
        let offsets = messages.iter().map(|message| message["offset"].as_u64());
        if !offsets.eq((first..).take(messages.len()).map(Some)) {
            return Err(format!("the messages of a join have holes: {frame}"));
        }
        for message in messages {
            let (number, offset) = (number(message)?, message["offset"].as_u64().unwrap_or(0));
            truth.heard(number)?;
            truth.stands(room, (&epoch, offset), number)?;
        }
        let recovered = frame["recovered"] == true;
        let reason = frame.get("reason").and_then(Value::as_str);
        if let (Some((old, _)), true) = (&since, recovered) {
            truth.goes_on(room, old, &epoch)?;
        }
        let is_late = truth.has_turned;
        let told = (&*epoch, position);
        recovery_is_honest(recovered, reason, (since, rewind), told, messages.len(), is_late)?;
        let mut view = View { epoch, position, state, wants_list: watches, ..View::default() };
        view.count = frame.get("count").and_then(Value::as_u64);
        view.members = frame.get("members").map(members).transpose()?;
        let before = self.rooms.insert(room.to_owned(), view);
        self.count_early(room, truth)?;
        before.map_or(Ok(()), |_| Err(format!("joined {room} twice")))
    }

    /// Unasked: the room goes on in another epoch, or it begins anew.
    fn told_epoch(&mut self, room: &str, frame: &Value, truth: &mut Truth) -> Holds {
        let epoch = frame["epoch"].as_str().ok_or("no epoch")?.to_owned();
        let offset = frame["offset"].as_u64().ok_or("no offset")?;
        let (recovered, reason) = (frame["recovered"] == true, frame.get("reason"));
        let view = self.view(room)?;
        let old = std::mem::replace(&mut view.epoch, epoch);
        let is_due = match reason.and_then(Value::as_str) {
            None => recovered && (truth.has_turned || truth.has_forgotten),
            reason => reason == Some("epoch") && !recovered && truth.has_forgotten,
        };
        if !is_due || old == view.epoch || frame["messages"] != serde_json::json!([]) {
            return Err("a wrong word on the epoch".into());
        }
        if recovered {
            truth.goes_on(room, &old, &view.epoch)?;
            view.pass_to(offset + 1);
            view.position = view.position.max(offset);
            view.before.push(old);
        } else {
            view.position = offset;
            view.quiet.clear();
            view.holes.clear();
            view.before.clear();
        }
        self.count_early(room, truth)?;
        self.holes_are_quiet(room)
    }

    /// Takes the acks that came before their epoch was told.
    fn count_early(&mut self, room: &str, truth: &Truth) -> Holds {
        for (of, (epoch, offset)) in std::mem::take(&mut self.early) {
            let view = self.view(room)?;
            if of == room && view.knows(&epoch, truth) {
                view.count(offset);
            } else {
                self.early.push((of, (epoch, offset)));
            }
        }
        Ok(())
    }

    fn message(&mut self, room: &str, frame: &Value, truth: &mut Truth) -> Holds {
        let number = number(frame)?;
        truth.heard(number)?;
        if self.unwanted.contains(&number) {
            return Err("a copy of an own message with `echo:false`".into());
        }
        let Some(offset) = frame.get("offset").and_then(Value::as_u64) else {
            self.view(room)?;
            return if self.fleeting.insert(number) { Ok(()) } else { Err("twice".into()) };
        };
        let view = self.view(room)?;
        if offset <= view.position {
            return Err(format!("{room} #{offset} after #{}", view.position));
        }
        view.pass_to(offset);
        view.position = offset;
        truth.stands(room, (&view.epoch, offset), number)?;
        self.holes_are_quiet(room)
    }

    fn gap(&mut self, room: &str, frame: &Value) -> Holds {
        let (from, to) = (frame["from"].as_u64().unwrap_or(0), frame["to"].as_u64().unwrap_or(0));
        let reason = frame["reason"].as_str().unwrap_or_default();
        let view = self.view(room)?;
        if from <= view.position || to < from || frame["repairing"] != false {
            return Err(format!("a wrong gap after #{}: {frame}", view.position));
        }
        view.pass_to(from);
        view.position = to;
        view.quiet.retain(|quiet| *quiet > to);
        if !matches!((room, reason), (_, "broker") | ("r-skip", "slow") | ("r-latest", _)) {
            return Err(format!("a gap that this room has not: {frame}"));
        }
        self.holes_are_quiet(room)
    }

    /// What was passed over can only be quiet messages of its own.
    fn holes_are_quiet(&mut self, room: &str) -> Holds {
        let is_quiet = |(at, asked): &&(String, Asked)| {
            at == room && matches!(asked, Asked::Publish { quiet: true, .. })
        };
        let quiet = self.waiting.values().filter(is_quiet).count();
        let holes = &self.view(room)?.holes;
        if holes.len() > quiet {
            return Err(format!("{room}: {holes:?} were never told"));
        }
        Ok(())
    }

    fn presence(&mut self, room: &str, frame: &Value) -> Holds {
        let view = self.view(room)?;
        view.count = frame["count"].as_u64();
        if let Some(all) = frame.get("members") {
            view.members = Some(members(all)?);
        }
        let differences = ["joined", "changed", "left"].map(|key| frame.get(key));
        if differences.iter().all(Option::is_none) {
            if frame.get("members").is_none() {
                view.members = None;
            }
            return Ok(());
        }
        // A difference that was on its way while only the count was told says nothing without one.
        let Some(known) = view.members.as_mut() else { return Ok(()) };
        for change in differences[..2].iter().flatten() {
            known.extend(members(change)?);
        }
        for gone in differences[2].into_iter() {
            members(gone)?.keys().for_each(|session| _ = known.remove(session));
        }
        Ok(())
    }

    fn ack(&mut self, room: &str, frame: &Value, now: Duration, truth: &mut Truth) -> Holds {
        let (_, asked) = self.answered(frame)?;
        let (message, quiet, named, sent) = match asked {
            Asked::Publish { message, quiet, named, sent } => (message, quiet, named, sent),
            Asked::State(state) => {
                self.view(room)?.state = Some(state);
                return Ok(());
            }
            other => return Err(format!("an ack of {other:?}")),
        };
        let is_duplicate = frame["duplicate"] == true;
        let offset = frame.get("offset").and_then(Value::as_u64);
        let epoch = frame["epoch"].as_str().unwrap_or_default();
        if is_duplicate {
            truth.refused(message)?;
        } else if let Some(offset) = offset {
            truth.stands(room, (epoch, offset), message)?;
        }
        if let Some(named) = named {
            let times = (sent, now, crate::script::Bounds::DEDUPE);
            let at = offset.map(|offset| (epoch.to_owned(), offset));
            truth.named(named, times, at, is_duplicate)?;
        }
        if let (Some(view), Some(offset), true) = (self.rooms.get_mut(room), offset, quiet)
            && !is_duplicate
        {
            if view.knows(epoch, truth) {
                view.count(offset);
            } else {
                self.early.push((room.to_owned(), (epoch.to_owned(), offset)));
            }
        }
        Ok(())
    }

    fn error(&mut self, frame: &Value, truth: &mut Truth) -> Holds {
        let code = frame["code"].as_str().unwrap_or_default();
        let is_excused = code == "unavailable" && truth.was_unreadable;
        if matches!(code, "internal" | "bad_request" | "unknown_type" | "unavailable")
            && !is_excused
        {
            return Err(frame.to_string());
        }
        let (_, asked) = self.answered(frame)?;
        match asked {
            Asked::Publish { message, .. } => truth.refused(message),
            _ => Ok(()),
        }
    }
}

fn recovery_is_honest(
    recovered: bool,
    reason: Option<&str>,
    (since, rewind): (Option<At>, u64),
    (epoch, position): (&str, u64),
    messages: usize,
    may_go_on: bool,
) -> Holds {
    let told = format!("recovered {recovered}, {reason:?}, {messages} messages since {since:?}");
    let goes_on = |of: &String| of == epoch || may_go_on;
    let is_honest = match (&since, recovered, reason) {
        (None, false, None) => messages as u64 <= rewind,
        (Some((of, from)), true, None) => goes_on(of) && from + messages as u64 == position,
        (Some((of, from)), false, Some("epoch")) => {
            messages as u64 <= rewind && (of != epoch || *from > position)
        }
        (Some((of, from)), false, Some("expired" | "limit")) => {
            messages as u64 <= rewind && goes_on(of) && *from < position
        }
        _ => false,
    };
    if is_honest { Ok(()) } else { Err(format!("{told} up to {epoch} #{position}")) }
}

/// Every message says its number in `data.text`.
fn number(frame: &Value) -> Result<u64, String> {
    number_of(frame["data"]["text"].as_str().unwrap_or_default())
}

pub(crate) fn number_of(text: &str) -> Result<u64, String> {
    let number = text.split(' ').next().unwrap_or_default();
    number.parse().map_err(|_| format!("no number: {text}"))
}

fn members(list: &Value) -> Result<BTreeMap<String, Option<String>>, String> {
    let one = |member: &Value| {
        let state = member.get("state").map(|state| state.to_string());
        Some((member["session"].as_str()?.to_owned(), state))
    };
    let list = list.as_array().ok_or("no list")?;
    let members: BTreeMap<_, _> = list.iter().filter_map(one).collect();
    if members.len() == list.len() { Ok(members) } else { Err("a member twice".into()) }
}

fn page(frame: &Value) -> Holds {
    let messages = frame["messages"].as_array().ok_or("no messages")?;
    let offsets: Vec<u64> = messages.iter().filter_map(|m| m["offset"].as_u64()).collect();
    let is_whole = offsets.windows(2).all(|pair| pair[0] + 1 == pair[1]);
    if is_whole && offsets.len() == messages.len() { Ok(()) } else { Err(frame.to_string()) }
}
