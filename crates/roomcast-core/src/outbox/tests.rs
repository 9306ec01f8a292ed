//! What waits, against what should: by hand, and against a model of everything that was pushed.

use super::*;
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::io::Write as _;

fn place(offset: u64, key: Option<u64>) -> Place {
    Place { room: 0, offset: NonZeroU64::new(offset), key: key.and_then(NonZeroU64::new) }
}

fn say(gap: Missing) -> Option<Frame> {
    Some(Frame::text(&format!("gap {}-{} {}", gap.from, gap.to, gap.reason.slug())))
}

fn texts(outbox: &mut Outbox) -> Vec<String> {
    let mut bytes = Vec::new();
    outbox.write(|slices| bytes.write_vectored(slices), say).unwrap();
    let mut texts = Vec::new();
    let mut rest = &bytes[..];
    while let [_, length, tail @ ..] = rest {
        let (text, next) = tail.split_at(usize::from(*length));
        texts.push(String::from_utf8(text.to_vec()).unwrap());
        rest = next;
    }
    texts
}

fn push(outbox: &mut Outbox, offset: u64, key: Option<u64>, slow: Slow) -> Pushed {
    let all = 3 * (ENTRY + 4);
    let (frame, bounds) = (Frame::text(&format!("m{offset}")), Bounds { messages: all, all });
    outbox.push_message(&frame, place(offset, key), slow, bounds)
}

#[test]
fn disconnect_refuses_what_has_no_room() {
    let mut outbox = Outbox::default();
    for offset in 1..=3 {
        assert_eq!(push(&mut outbox, offset, None, Slow::Disconnect), Pushed::Waits { dropped: 0 });
    }
    assert_eq!(push(&mut outbox, 4, None, Slow::Disconnect), Pushed::Full);
    assert_eq!(texts(&mut outbox), ["m1", "m2", "m3"]);
    assert_eq!(outbox.bytes(), 0);
}

#[test]
fn skip_drops_the_oldest_and_says_so_once() {
    let mut outbox = Outbox::default();
    for offset in 1..=6 {
        push(&mut outbox, offset, None, Slow::Skip);
    }
    assert_eq!(texts(&mut outbox), ["gap 1-3 slow", "m4", "m5", "m6"]);
    assert_eq!(outbox.bytes(), 0);
}

#[test]
fn the_gaps_of_rooms_that_speak_in_turn_are_one_for_each_room() {
    let mut outbox = Outbox::default();
    let bounds = Bounds { messages: 4 * (ENTRY + 4), all: usize::MAX };
    for offset in 1..=100 {
        for room in [0, 1] {
            let place = Place { room, offset: NonZeroU64::new(offset), key: None };
            let frame = Frame::text(&format!("r{room}"));
            outbox.push_message(&frame, place, Slow::Skip, bounds);
        }
    }
    assert_eq!(outbox.queue.len(), 6);
    let said = ["gap 1-98 slow", "gap 1-98 slow", "r0", "r1", "r0", "r1"];
    assert_eq!(texts(&mut outbox), said);
}

#[test]
fn latest_keeps_the_newest_of_each_key() {
    let mut outbox = Outbox::default();
    for (offset, key) in [(1, 7), (2, 8), (3, 7), (4, 8), (5, 7)] {
        push(&mut outbox, offset, Some(key), Slow::Latest);
    }
    assert_eq!(texts(&mut outbox), ["gap 1-3 conflated", "m4", "m5"]);
}

#[test]
fn what_lasts_until_it_is_read_is_counted() {
    let mut outbox = Outbox::default();
    outbox.push(Frame::text("ack"));
    let lasting = outbox.bytes();
    push(&mut outbox, 1, None, Slow::Skip);
    assert_eq!(outbox.lasting(), lasting);
    texts(&mut outbox);
    assert_eq!(outbox.lasting(), 0);
}

#[test]
fn a_run_that_is_partly_written_is_taken_apart() {
    let mut outbox = Outbox::default();
    let part = |offset| (Frame::text(&format!("m{offset}")), place(offset, None));
    let parts: Vec<_> = (1..=3).map(part).collect();
    let piece = Piece::of(parts.iter().map(|(frame, place)| (frame, *place)));
    let bounds = Bounds { messages: 4 * (ENTRY + 4), all: usize::MAX };
    assert!(outbox.push_piece(&piece, bounds) && !outbox.push_piece(&piece, bounds));
    let mut calls = 0;
    let write = |slices: &[IoSlice<'_>]| {
        assert_eq!(slices.len(), 1, "all of it is one slice");
        calls += 1;
        if calls == 1 { Ok(5) } else { Err(io::ErrorKind::WouldBlock.into()) }
    };
    outbox.write(write, say).unwrap();
    // The first one is gone, the second one begun; the third may still go away.
    assert_eq!(outbox.queue.len(), 2);
    for offset in 4..=6 {
        outbox.push_message(&part(offset).0, place(offset, None), Slow::Skip, bounds);
    }
    let mut rest = Vec::new();
    outbox.write(|slices| rest.write_vectored(slices), say).unwrap();
    assert_eq!(rest, b"\x02m2\x81\x0cgap 3-3 slow\x81\x02m4\x81\x02m5\x81\x02m6");
}

#[test]
fn a_frame_that_is_partly_written_stays_whole() {
    let mut outbox = Outbox::default();
    push(&mut outbox, 1, Some(7), Slow::Latest);
    let mut calls = 0;
    let progress = outbox
        .write(
            |_| {
                calls += 1;
                if calls == 1 { Ok(1) } else { Err(io::ErrorKind::WouldBlock.into()) }
            },
            say,
        )
        .unwrap();
    assert_eq!(progress, Progress { written: 1, done: false });
    push(&mut outbox, 2, Some(7), Slow::Latest);
    let mut rest = Vec::new();
    outbox.write(|slices| rest.write_vectored(slices), say).unwrap();
    assert_eq!(rest, b"\x02m1\x81\x02m2");
}

const ROOMS: [Slow; 3] = [Slow::Disconnect, Slow::Skip, Slow::Latest];
const LIMIT: usize = 1_500;

#[derive(Debug, Clone)]
enum Act {
    Other(usize),
    Message {
        room: usize,
        key: Option<u64>,
        is_ephemeral: bool,
        padding: usize,
    },
    /// So many messages in one piece.
    Run {
        room: usize,
        messages: usize,
        padding: usize,
    },
    Write(usize),
    Leave(usize),
}

fn act() -> impl Strategy<Value = Act> {
    let message = (0..ROOMS.len(), proptest::option::of(1u64..4), any::<bool>(), 0usize..200);
    prop_oneof![
        2 => (0usize..200).prop_map(Act::Other),
        8 => message.prop_map(|(room, key, is_ephemeral, padding)| Act::Message {
            room,
            key,
            is_ephemeral,
            padding,
        }),
        4 => (0..ROOMS.len(), 1usize..6, 0usize..100).prop_map(|(room, messages, padding)| Act::Run {
            room,
            messages,
            padding,
        }),
        2 => (0usize..700).prop_map(Act::Write),
        1 => (0..ROOMS.len()).prop_map(Act::Leave),
    ]
}

/// An outbox, what a client has read of it, and how much was pushed.
#[derive(Debug, Default)]
struct Model {
    outbox: Outbox,
    read: Vec<u8>,
    others: u64,
    offsets: [u64; ROOMS.len()],
    ephemeral: u64,
}

fn say_in_rooms(gap: Missing) -> Option<Frame> {
    Some(Frame::text(&format!("gap {} {} {}", gap.room, gap.from, gap.to)))
}

impl Model {
    fn act(&mut self, act: &Act) {
        match *act {
            Act::Other(padding) => {
                self.others += 1;
                self.outbox.push(Frame::text(&format!("other {} {:padding$}", self.others, "")));
            }
            Act::Message { room, key, is_ephemeral, padding } => {
                self.message(room, key, is_ephemeral, padding);
            }
            Act::Run { room, messages, padding } => self.run(room, messages, padding),
            Act::Write(bytes) => self.write(bytes),
            Act::Leave(room) => self.outbox.forget_places(room as u32, say_in_rooms),
        }
        self.counts_are_right();
    }

    fn message(&mut self, room: usize, key: Option<u64>, is_ephemeral: bool, padding: usize) {
        let offset = (!is_ephemeral).then_some(self.offsets[room] + 1);
        let text = match offset {
            Some(offset) => format!("message {room} {offset} {:padding$}", ""),
            None => format!("ephemeral {} {:padding$}", self.ephemeral + 1, ""),
        };
        let place = Place { room: room as u32, ..place(offset.unwrap_or(0), key) };
        let bounds = Bounds { messages: LIMIT, all: 3 * LIMIT };
        let pushed = self.outbox.push_message(&Frame::text(&text), place, ROOMS[room], bounds);
        if let Pushed::Waits { dropped } = pushed {
            self.offsets[room] += u64::from(!is_ephemeral);
            self.ephemeral += u64::from(is_ephemeral);
            assert!(dropped == 0 || ROOMS[room] != Slow::Disconnect);
            assert!(self.outbox.message_bytes <= LIMIT);
        }
    }

    fn run(&mut self, room: usize, messages: usize, padding: usize) {
        let offsets = self.offsets[room] + 1..=self.offsets[room] + messages as u64;
        let part = |offset| {
            let text = format!("message {room} {offset} {:padding$}", "");
            (
                Frame::text(&text),
                Place { room: room as u32, offset: NonZeroU64::new(offset), key: None },
            )
        };
        let parts: Vec<_> = offsets.map(part).collect();
        let piece = Piece::of(parts.iter().map(|(frame, place)| (frame, *place)));
        let bounds = Bounds { messages: LIMIT, all: 3 * LIMIT };
        if self.outbox.push_piece(&piece, bounds) {
            self.offsets[room] += messages as u64;
            assert!(self.outbox.message_bytes <= LIMIT);
        }
    }

    /// The socket takes so many bytes, in whatever pieces.
    fn write(&mut self, bytes: usize) {
        let (read, mut left) = (&mut self.read, bytes);
        let write = |slices: &[IoSlice<'_>]| {
            let piece = &slices[0][..slices[0].len().min(left)];
            left -= piece.len();
            read.extend_from_slice(piece);
            if piece.is_empty() { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(piece.len()) }
        };
        self.outbox.write(write, say_in_rooms).unwrap();
    }

    fn counts_are_right(&self) {
        let outbox = &self.outbox;
        assert_eq!(outbox.bytes, outbox.queue.iter().map(weight).sum::<usize>());
        assert_eq!(outbox.message_bytes, outbox.queue.iter().map(message_weight).sum::<usize>());
        let is_gap = |entry: &&Entry| matches!(entry, Entry::Gap(_));
        let gaps = outbox.queue.iter().filter(is_gap).count();
        assert!(gaps <= outbox.queue.len() - gaps + ROOMS.len(), "gaps without end");
    }

    /// Every other frame in order, and of each room every offset once: as a message or in a gap.
    fn everything_was_told(&self) {
        let (mut others, mut ephemeral) = (0, 0);
        let mut rooms: BTreeMap<u64, u64> = BTreeMap::new();
        for text in whole_frames(&self.read) {
            let mut words = text.split_whitespace();
            let word = words.next().unwrap();
            let numbers: Vec<u64> = words.map(|word| word.parse().unwrap()).collect();
            match (word, &numbers[..]) {
                ("other", [number]) => {
                    assert_eq!(*number, others + 1);
                    others = *number;
                }
                ("ephemeral", [number]) => {
                    assert!(*number > ephemeral);
                    ephemeral = *number;
                }
                ("message", [room, from]) | ("gap", [room, from, _]) => {
                    let next = rooms.entry(*room).or_insert(1);
                    assert_eq!(from, next, "{text}");
                    *next = numbers.last().unwrap() + 1;
                }
                _ => panic!("a broken frame: {text}"),
            }
        }
        assert_eq!(others, self.others);
        for (room, offset) in self.offsets.iter().enumerate() {
            assert_eq!(rooms.get(&(room as u64)).map_or(0, |next| next - 1), *offset);
        }
    }
}

fn whole_frames(mut bytes: &[u8]) -> Vec<String> {
    let mut texts = Vec::new();
    while let [0x81, short, rest @ ..] = bytes {
        let (length, rest) = match short {
            126 => (usize::from(u16::from_be_bytes([rest[0], rest[1]])), &rest[2..]),
            short => (usize::from(*short), rest),
        };
        texts.push(String::from_utf8(rest[..length].to_vec()).unwrap());
        bytes = &rest[length..];
    }
    assert!(bytes.is_empty(), "half a frame");
    texts
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_pushed_and_dropped_is_told_in_order(acts in vec(act(), 1..80)) {
        let mut model = Model::default();
        acts.iter().for_each(|act| model.act(act));
        model.write(usize::MAX);
        prop_assert_eq!((model.outbox.bytes, model.outbox.message_bytes), (0, 0));
        model.everything_was_told();
    }

    #[test]
    fn what_is_forgotten_leaves_no_half_frame(acts in vec(act(), 1..40)) {
        let mut model = Model::default();
        acts.iter().for_each(|act| model.act(act));
        model.outbox.forget_unwritten();
        model.counts_are_right();
        model.write(usize::MAX);
        prop_assert_eq!(model.outbox.bytes, 0);
        whole_frames(&model.read);
    }
}
