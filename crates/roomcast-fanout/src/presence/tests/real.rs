//! A real Redis, asked by the real scripts. Time passes in it as it does in the world: leases
//! are moved back.

use super::super::ask::Ask;
use super::fake::Store;
use crate::envelope::Push;
use crate::keys::Keys;
use bytes::Bytes;
use roomcast_protocol::RoomName;
use roomcast_testbed::{Redis, RedisOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

pub(super) struct Real {
    // The connections go before the server.
    asks: Line,
    hears: Line,
    keys: Keys,
    passed: u64,
    _redis: Redis,
}

impl Real {
    pub(super) fn start() -> Self {
        let redis = Redis::start(&RedisOptions::default()).expect("redis-server runs");
        let (asks, mut hears) = (Line::open(redis.port()), Line::open(redis.port()));
        hears.ask(&[b"PSUBSCRIBE", b"*"]);
        Self { asks, hears, keys: Keys::new("t:"), passed: 0, _redis: redis }
    }

    /// Time that has passed is taken from every lease.
    fn age(&mut self) {
        let passed = format!("-{}", std::mem::take(&mut self.passed));
        let key = self.keys.nodes();
        let nodes = self.asks.ask(&[b"ZRANGEBYSCORE", key.as_bytes(), b"-inf", b"(+inf"]);
        for node in nodes.list() {
            self.asks.ask(&[b"ZINCRBY", key.as_bytes(), passed.as_bytes(), &node.text()]);
        }
    }
}

impl Store for Real {
    fn ask(&mut self, ask: &Ask) -> Bytes {
        if self.passed > 0 {
            self.age();
        }
        let (keys, args) = (ask.keys(&self.keys), ask.args(&self.keys, "PUBLISH"));
        let count = keys.len().to_string();
        let text = ask.script().text();
        let mut words: Vec<&[u8]> = vec![b"EVAL", text.as_bytes(), count.as_bytes()];
        words.extend(keys.iter().map(|key| key.as_bytes()));
        words.extend(args.iter().map(|arg| &arg[..]));
        self.asks.ask(&words).text()
    }

    fn published(&mut self) -> Vec<(RoomName, Bytes)> {
        // What was published before this stands before its answer.
        self.hears.send(&[b"PING"]);
        let mut heard = Vec::new();
        loop {
            let words = self.hears.reply();
            let words = words.list();
            if words[0].text() == "pong" {
                return heard;
            }
            let channel = words[2].text();
            let room = RoomName::new(&self.keys.room(&channel).unwrap()).unwrap();
            let Some(Push::Presence(record)) = Push::read(words[3].text()) else { panic!() };
            heard.push((room, record));
        }
    }

    fn wipe(&mut self) {
        self.asks.ask(&[b"FLUSHALL"]);
    }

    fn pass(&mut self, ms: u64) {
        self.passed += ms;
    }
}

/// A connection that asks in bytes.
struct Line(BufReader<TcpStream>);

#[derive(Debug)]
enum Reply {
    Text(Bytes),
    List(Vec<Reply>),
}

impl Reply {
    fn text(&self) -> Bytes {
        let Self::Text(text) = self else { panic!("{self:?} is no text") };
        text.clone()
    }

    fn list(&self) -> &[Reply] {
        let Self::List(list) = self else { panic!("{self:?} is no list") };
        list
    }
}

impl Line {
    fn open(port: u16) -> Self {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        Self(BufReader::new(stream))
    }

    fn ask(&mut self, words: &[&[u8]]) -> Reply {
        self.send(words);
        self.reply()
    }

    fn send(&mut self, words: &[&[u8]]) {
        let mut out = format!("*{}\r\n", words.len()).into_bytes();
        for word in words {
            out.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
            out.extend_from_slice(word);
            out.extend_from_slice(b"\r\n");
        }
        self.0.get_mut().write_all(&out).unwrap();
    }

    fn reply(&mut self) -> Reply {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        let (kind, rest) = line.trim_end().split_at(1);
        match kind {
            "$" => {
                let mut bytes = vec![0; rest.parse::<usize>().unwrap() + 2];
                self.0.read_exact(&mut bytes).unwrap();
                bytes.truncate(bytes.len() - 2);
                Reply::Text(bytes.into())
            }
            "*" => Reply::List((0..rest.parse().unwrap()).map(|_| self.reply()).collect()),
            "-" => panic!("Redis refused: {rest}"),
            _ => Reply::Text(rest.to_owned().into()),
        }
    }
}
