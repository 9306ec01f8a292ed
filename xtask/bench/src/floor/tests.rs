//! The floor, turned by hand, with clients of the standard library.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use mio::Events;

use super::{Floor, Mode};

const HEAD: &str = "GET PATH HTTP/1.1\r\nHost: floor\r\nUpgrade: websocket\r\n\
                    Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
/// The answer to this key, from RFC 6455.
const ACCEPT: &str = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

struct World {
    floor: Floor,
    events: Events,
}

impl World {
    fn new(mode: Mode) -> Self {
        let floor = Floor::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), mode).unwrap();
        Self { floor, events: Events::with_capacity(64) }
    }

    /// Lets the floor work until nothing is left to do.
    fn settle(&mut self) {
        loop {
            self.floor.turn(&mut self.events, Some(Duration::ZERO)).unwrap();
            if self.events.is_empty() {
                return;
            }
        }
    }

    fn client(&mut self, path: &str) -> TcpStream {
        let mut socket = TcpStream::connect(self.floor.address().unwrap()).unwrap();
        socket.set_nodelay(true).unwrap();
        socket.write_all(HEAD.replace("PATH", path).as_bytes()).unwrap();
        self.settle();
        let answer = String::from_utf8(read(&mut socket)).unwrap();
        assert!(answer.starts_with("HTTP/1.1 101 ") && answer.ends_with(ACCEPT), "{answer}");
        socket
    }

    fn say(&mut self, socket: &mut TcpStream, bytes: &[u8]) {
        socket.write_all(bytes).unwrap();
        self.settle();
    }
}

/// What lies in the socket; the floor has written all of it before.
fn read(socket: &mut TcpStream) -> Vec<u8> {
    let mut bytes = [0; 4096];
    let count = socket.read(&mut bytes).unwrap();
    bytes[..count].to_vec()
}

fn message(payload: &str) -> Vec<u8> {
    let mut frame = vec![0x81, 0x80 | payload.len() as u8, 0, 0, 0, 0];
    frame.extend_from_slice(payload.as_bytes());
    frame
}

/// Three messages at once to a room of three: what each hears, and how often was written.
fn three_messages(mode: Mode) -> u64 {
    let mut world = World::new(mode);
    let mut members = [(); 3].map(|()| world.client("/room/tea"));
    let mut other = world.client("/room/coffee");
    let before = world.floor.sends;
    let all: Vec<u8> = ["one", "two", "three"].into_iter().flat_map(message).collect();
    world.say(&mut members[0], &all);
    for member in &mut members {
        assert_eq!(read(member), b"\x81\x03one\x81\x03two\x81\x05three");
    }
    let sends = world.floor.sends - before;
    other.set_nonblocking(true).unwrap();
    assert!(other.read(&mut [0]).is_err(), "another room hears nothing");
    sends
}

#[test]
fn messages_come_in_order_with_one_write_for_each_of_them() {
    assert_eq!(three_messages(Mode::Each), 9);
}

#[test]
fn messages_come_in_order_with_one_write_for_all_of_them() {
    assert_eq!(three_messages(Mode::Batch), 3);
}

#[test]
fn an_echo_is_heard_by_its_sender_alone() {
    for mode in [Mode::Each, Mode::Batch] {
        let mut world = World::new(mode);
        let (mut one, mut other) = (world.client("/echo"), world.client("/echo"));
        world.say(&mut one, &message("me"));
        world.say(&mut other, &message("you"));
        assert_eq!(read(&mut one), b"\x81\x02me");
        assert_eq!(read(&mut other), b"\x81\x03you");
    }
}

#[test]
fn a_frame_in_pieces_and_a_ping_are_understood() {
    let mut world = World::new(Mode::Batch);
    let mut socket = world.client("/room/tea");
    for byte in message("slowly") {
        world.say(&mut socket, &[byte]);
    }
    world.say(&mut socket, b"\x89\x82\0\0\0\0hi");
    assert_eq!(read(&mut socket), b"\x81\x06slowly\x8a\x02hi");
}

#[test]
fn who_leaves_is_gone_and_the_others_stay() {
    let mut world = World::new(Mode::Batch);
    let mut members = [(); 3].map(|()| world.client("/room/tea")).into_iter();
    let (first, mut second, mut third) =
        (members.next().unwrap(), members.next().unwrap(), members.next().unwrap());
    drop(first);
    world.settle();
    assert_eq!(world.floor.seats.len(), 2);
    world.say(&mut third, &message("two"));
    assert_eq!(
        (read(&mut second), read(&mut third)),
        (b"\x81\x03two".into(), b"\x81\x03two".into())
    );
}

#[test]
fn what_a_socket_does_not_take_comes_later_and_in_order() {
    let mut world = World::new(Mode::Batch);
    let mut reader = world.client("/room/tea");
    let mut speaker = world.client("/room/tea");
    let text = "x".repeat(60_000);
    let mut frame = vec![0x81, 0xFE];
    frame.extend_from_slice(&60_000u16.to_be_bytes());
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(text.as_bytes());
    speaker.set_nonblocking(true).unwrap();
    let mut heard = [0, 0];
    for _ in 0..300 {
        let mut sent = 0;
        while sent < frame.len() {
            sent += speaker.write(&frame[sent..]).unwrap_or(0);
            world.settle();
            heard[1] += drain(&mut speaker);
        }
    }
    reader.set_nonblocking(true).unwrap();
    let all = 300 * (60_000 + 4);
    while heard != [all, all] {
        world.settle();
        heard[0] += drain(&mut reader);
        heard[1] += drain(&mut speaker);
    }
}

/// How much lies in a socket that does not block.
fn drain(socket: &mut TcpStream) -> usize {
    let (mut bytes, mut count) = (vec![0; 65_536], 0);
    while let Ok(more @ 1..) = socket.read(&mut bytes) {
        count += more;
    }
    count
}
