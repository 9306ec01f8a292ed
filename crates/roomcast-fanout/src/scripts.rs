//! The scripts that Redis runs: what they are given and what they answer. A script answers one
//! text, never a list: the client library would take a list that begins with the name of a
//! pub/sub message for one.

use crate::bus::{Append, BusError, Found, Heard, Outcome, Part, Read};
use crate::envelope::{line, records};
use crate::keys::Keys;
use crate::presence::Ask;
use bytes::Bytes;
use roomcast_core::random::Random;
use roomcast_core::{Config, RoomKind};
use roomcast_protocol::{Epoch, Position, RoomName};
use std::sync::Arc;
use std::time::Duration;

const HEAD: &str = include_str!("scripts/head.lua");

/// A script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Script {
    Append,
    Read,
    Check,
    Beat,
    Presence,
    Roster,
    Reap,
}

impl Script {
    pub(crate) const ALL: [Self; 7] = [
        Self::Append,
        Self::Read,
        Self::Check,
        Self::Beat,
        Self::Presence,
        Self::Roster,
        Self::Reap,
    ];

    /// The name of its file.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::Read => "read",
            Self::Check => "check",
            Self::Beat => "beat",
            Self::Presence => "presence",
            Self::Roster => "roster",
            Self::Reap => "reap",
        }
    }

    /// The whole text.
    pub(crate) fn text(self) -> String {
        match self {
            Self::Append => of_rooms(include_str!("scripts/append.lua")),
            Self::Read => of_rooms(include_str!("scripts/read.lua")),
            Self::Check => of_rooms(include_str!("scripts/check.lua")),
            Self::Beat => include_str!("scripts/beat.lua").into(),
            Self::Presence => include_str!("scripts/presence.lua").into(),
            Self::Roster => include_str!("scripts/roster.lua").into(),
            Self::Reap => include_str!("scripts/reap.lua").into(),
        }
    }
}

/// A script about rooms begins with what it knows of their heads.
fn of_rooms(own: &str) -> String {
    format!("{HEAD}\n{own}")
}

/// What a script is given.
#[derive(Debug, Default)]
pub(crate) struct Call {
    pub(crate) keys: Vec<String>,
    pub(crate) args: Vec<Bytes>,
}

impl Call {
    fn arg(&mut self, text: impl Into<String>) {
        self.args.push(Bytes::from(text.into()));
    }

    fn number(&mut self, number: u64) {
        self.arg(number.to_string());
    }

    fn millis(&mut self, duration: Duration) {
        self.number(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).max(1));
    }

    fn kind(&mut self, kind: &RoomKind) {
        self.number(kind.history.size as u64);
        self.number(kind.history.bytes as u64);
        self.millis(kind.history.ttl);
        self.millis(life(kind));
        self.number(u64::from(kind.rate));
    }

    fn message(&mut self, append: &Append, place: usize) {
        self.number(place as u64 + 1);
        self.args.push(Bytes::from_static(flags(append).as_bytes()));
        if let Some(name) = &append.name {
            self.arg(name.as_str());
        }
        self.args.push(append.body.clone());
    }

    fn server(&mut self, server: &Server) {
        self.arg(server.run.as_str());
        self.arg(if server.kept { "1" } else { "0" });
    }
}

/// One life of a Redis server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Server {
    /// What it calls this life.
    pub(crate) run: String,
    /// It began with all that the life before had acknowledged.
    pub(crate) kept: bool,
}

impl Server {
    /// Reads what `INFO` says. A primary that keeps a log of what it does begins with all of its
    /// data; one that only takes snapshots, or was promoted, may have lost the newest.
    pub(crate) fn read(info: &str) -> Option<Self> {
        let field = |name: &str| {
            let rest = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            rest.map(str::trim)
        };
        let was_promoted = field("second_repl_offset").is_some_and(|offset| offset != "-1");
        Some(Self {
            run: field("run_id")?.to_owned(),
            kept: field("aof_enabled") == Some("1") && !was_promoted,
        })
    }
}

/// How long the head of a room is kept that no node has members in.
pub(crate) fn life(kind: &RoomKind) -> Duration {
    kind.history.ttl.max(6 * KEEP_ALIVE)
}

/// How often a node looks after each room that it has members in, if it was quiet since.
pub(crate) const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// Makes calls.
#[derive(Debug)]
pub(crate) struct Calls {
    keys: Keys,
    dedupe: Duration,
    epochs: Random,
    /// The command that publishes on a room's channel.
    publish: &'static str,
}

impl Calls {
    pub(crate) fn new(keys: Keys, engine: &Config, seed: u64, is_cluster: bool) -> Self {
        let publish = if is_cluster { "SPUBLISH" } else { "PUBLISH" };
        Self { keys, dedupe: engine.dedupe, epochs: Random::new(seed), publish }
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }

    fn fresh(&self) -> String {
        Epoch(self.epochs.next()).to_string()
    }

    pub(crate) fn append(&self, server: &Server, batch: &[Append]) -> Call {
        let mut call = Call::default();
        let (mut rooms, mut kinds): (Vec<&RoomName>, Vec<&Arc<RoomKind>>) = Default::default();
        let (mut places, mut kind_of) = (Vec::with_capacity(batch.len()), Vec::new());
        for append in batch {
            let place = place(&mut rooms, &append.room);
            if place == kind_of.len() {
                kind_of.push(self::place(&mut kinds, &append.kind));
            }
            places.push(place);
        }
        // Only messages with names need the keys of names.
        let has_names = batch.iter().any(|append| append.name.is_some());
        let names = if has_names { &KEYS[..] } else { &KEYS[..2] };
        call.server(server);
        call.arg(self.publish);
        call.millis(self.dedupe);
        call.arg(self.fresh());
        [kinds.len(), rooms.len(), names.len()].iter().for_each(|count| call.number(*count as u64));
        kinds.iter().for_each(|kind| call.kind(kind));
        for (room, kind) in rooms.iter().zip(kind_of) {
            let channel = self.keys.channel(room);
            call.keys.extend(names.iter().map(|name| Keys::key_of(&channel, name)));
            call.arg(channel);
            call.number(kind as u64 + 1);
        }
        for (append, place) in batch.iter().zip(places) {
            call.message(append, place);
        }
        call
    }

    pub(crate) fn read(&self, server: &Server, read: &Read) -> Call {
        let mut call = Call::default();
        call.keys.extend(["head", "log"].map(|name| self.keys.key(&read.room, name)));
        call.server(server);
        call.arg(self.fresh());
        call.millis(read.life);
        let (what, a, b) = match read.part {
            Part::CatchUp { since, last } => {
                ("catch up", since.map_or("-1".into(), |since| since.to_string()), last)
            }
            Part::Latest(limit) => ("latest", "0".into(), limit),
            Part::Before(offset, limit) => ("before", offset.to_string(), limit),
            Part::After(offset, limit) => ("after", offset.to_string(), limit),
        };
        call.arg(what);
        call.arg(a);
        call.number(u64::from(b));
        call
    }

    /// What presence asks.
    pub(crate) fn presence(&self, ask: &Ask) -> Call {
        Call { keys: ask.keys(&self.keys), args: ask.args(&self.keys, self.publish) }
    }

    pub(crate) fn check(&self, server: &Server, heard: &[Heard]) -> Call {
        let mut call = Call::default();
        call.server(server);
        for Heard { room, life, last } in heard {
            call.keys.extend(["head", "log"].map(|name| self.keys.key(room, name)));
            call.arg(self.fresh());
            call.millis(*life);
            call.arg(last.epoch.to_string());
            call.number(last.offset);
        }
        call
    }
}

/// What the keys of a room are called; those behind the second are of names.
const KEYS: [&str; 6] = ["head", "log", "ids", "ids:old", "backend-ids", "backend-ids:old"];

/// The place of one among others, at their end if it is new there.
fn place<'a, T: PartialEq>(all: &mut Vec<&'a T>, one: &'a T) -> usize {
    all.iter().position(|other| *other == one).unwrap_or_else(|| {
        all.push(one);
        all.len() - 1
    })
}

fn flags(append: &Append) -> &'static str {
    match (append.ephemeral, append.from_backend, append.name.is_some()) {
        (false, false, false) => "-",
        (true, false, false) => "e",
        (false, true, false) => "b",
        (true, true, false) => "eb",
        (false, false, true) => "n",
        (true, false, true) => "en",
        (false, true, true) => "bn",
        (true, true, true) => "ebn",
    }
}

/// What became of each message of a batch.
pub(crate) fn outcomes(answer: &[u8], expected: usize) -> Result<Vec<Outcome>, BusError> {
    let text = std::str::from_utf8(answer).unwrap_or_default();
    let outcomes: Option<Vec<Outcome>> = text.split(',').map(outcome).collect();
    outcomes.filter(|all| all.len() == expected).ok_or_else(|| strange("append", text))
}

fn outcome(text: &str) -> Option<Outcome> {
    if let Some(wait) = text.strip_prefix('!') {
        return Some(Outcome::TooMany(Duration::from_millis(wait.parse().ok()?)));
    }
    let (duplicate, place) = text.strip_prefix('=').map_or((false, text), |place| (true, place));
    let position = if place == "-" { None } else { Some(position(place)?) };
    Some(Outcome::Accepted { position, duplicate })
}

fn position(text: &str) -> Option<Position> {
    let (epoch, offset) = text.split_once(':')?;
    Some(Position { epoch: Epoch::read(epoch), offset: offset.parse().ok()? })
}

/// What was read of a log.
pub(crate) fn found(mut answer: Bytes) -> Result<Found, BusError> {
    let head = line(&mut answer).unwrap_or_default();
    let read = || {
        let mut words = head.split(' ');
        let epoch = Epoch::read(words.next()?);
        let offset = words.next()?.parse().ok()?;
        let floor = words.next()?.parse().ok()?;
        let more = words.next()? == "1";
        let (from, to): (u64, u64) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let lineage = words.next()?.split_terminator(',').map(position).collect::<Option<_>>()?;
        let head = Position { epoch, offset };
        let mut records = records(answer)?;
        records.retain(|record| from < record.offset && record.offset <= to);
        Some(Found { head, floor, more, lineage, records })
    };
    read().ok_or_else(|| strange("read", &head))
}

/// Which of the rooms must be read.
pub(crate) fn missed(answer: &[u8], expected: usize) -> Result<Vec<bool>, BusError> {
    if answer.len() == expected {
        return Ok(answer.iter().map(|&sign| sign != b'=').collect());
    }
    Err(strange("check", &String::from_utf8_lossy(answer)))
}

fn strange(script: &str, answer: &str) -> BusError {
    BusError::Lost(format!("the script `{script}` answered {answer:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_is_kept_makes_a_life_whole_unless_it_was_promoted() {
        let info = |aof, second| {
            format!(
                "# Server\r\nrun_id:abc\r\naof_enabled:{aof}\r\nsecond_repl_offset:{second}\r\n"
            )
        };
        let kept = |aof, second| Server::read(&info(aof, second)).unwrap().kept;
        assert_eq!((kept(1, -1), kept(0, -1), kept(1, 77)), (true, false, false));
        assert_eq!(Server::read("aof_enabled:1"), None);
    }

    #[test]
    fn outcomes_are_read() {
        let at = |epoch, offset| Some(Position { epoch: Epoch(epoch), offset });
        assert_eq!(
            outcomes(b"a:5,=a:4,-,=-,!20", 5).unwrap(),
            [
                Outcome::Accepted { position: at(10, 5), duplicate: false },
                Outcome::Accepted { position: at(10, 4), duplicate: true },
                Outcome::Accepted { position: None, duplicate: false },
                Outcome::Accepted { position: None, duplicate: true },
                Outcome::TooMany(Duration::from_millis(20)),
            ]
        );
        assert!(outcomes(b"a:5", 2).is_err() && outcomes(b"what", 1).is_err());
    }

    #[test]
    fn a_reading_is_read() {
        let found = found(Bytes::from_static(b"a 7 5 1 5 7 9:3,b:5,\n5 1\nx6 2\nhi7 0\n")).unwrap();
        assert_eq!((found.head, found.floor), (Position { epoch: Epoch(10), offset: 7 }, 5));
        assert_eq!(found.lineage[1], Position { epoch: Epoch(11), offset: 5 });
        assert_eq!((found.more, found.records.len()), (true, 2));
        assert!(super::found(Bytes::from_static(b"a 7 5 1")).is_err());
    }
}
