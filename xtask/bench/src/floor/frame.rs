//! WebSocket frames (RFC 6455, section 5.2): a client's in, the server's out.

use std::ops::Range;

pub(super) const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
pub(super) const PONG: u8 = 0xA;
const FIN: u8 = 0x80;

/// What stands at the beginning of the bytes; its payload is unmasked in place.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Incoming {
    /// Not all of a frame.
    Piece,
    /// A text or a binary.
    Message {
        payload: Range<usize>,
        length: usize,
    },
    /// To be answered.
    Ping {
        payload: Range<usize>,
        length: usize,
    },
    /// A pong.
    Nothing {
        length: usize,
    },
    Close,
    /// What this server does not understand: fragments, and what is no frame.
    Wrong,
}

/// Reads one frame.
pub(super) fn read(bytes: &mut [u8]) -> Incoming {
    let &mut [first, second, ref rest @ ..] = bytes else { return Incoming::Piece };
    let (wide, size) = match (second & 0x7F, rest) {
        (126, [a, b, ..]) => (2, usize::from(u16::from_be_bytes([*a, *b]))),
        (127, [0, 0, 0, 0, a, b, c, d, ..]) => (8, u32::from_be_bytes([*a, *b, *c, *d]) as usize),
        (127, [_, _, _, _, _, _, _, _, ..]) => return Incoming::Wrong,
        (126 | 127, _) => return Incoming::Piece,
        (size, _) => (0, usize::from(size)),
    };
    let start = 2 + wide + 4;
    let length = start + size;
    if bytes.len() < length {
        return Incoming::Piece;
    }
    if second & 0x80 == 0 {
        return Incoming::Wrong;
    }
    let mask = [bytes[start - 4], bytes[start - 3], bytes[start - 2], bytes[start - 1]];
    unmask(&mut bytes[start..length], mask);
    let payload = start..length;
    match first {
        opcode if opcode == FIN | TEXT || opcode == FIN | BINARY => {
            Incoming::Message { payload, length }
        }
        opcode if opcode == FIN | PING => Incoming::Ping { payload, length },
        opcode if opcode == FIN | PONG => Incoming::Nothing { length },
        opcode if opcode == FIN | CLOSE => Incoming::Close,
        _ => Incoming::Wrong,
    }
}

/// A mask of zeros leaves a payload as it is.
fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    if mask != [0; 4] {
        for (byte, mask) in payload.iter_mut().zip(mask.iter().cycle()) {
            *byte ^= mask;
        }
    }
}

/// Appends a frame of the server.
pub(super) fn write(opcode: u8, payload: &[u8], out: &mut Vec<u8>) {
    out.push(FIN | opcode);
    let length = payload.len();
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(length @ 0..=125), _) => out.push(length),
        (_, Ok(length)) => {
            out.push(126);
            out.extend_from_slice(&length.to_be_bytes());
        }
        _ => {
            out.push(127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(payload);
}

#[cfg(test)]
mod tests {
    use super::{Incoming, TEXT, read, write};

    /// What a client sends.
    fn client(first: u8, payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
        let mut frame = Vec::new();
        write(first, payload, &mut frame);
        let head = frame.len() - payload.len();
        frame[1] |= 0x80;
        frame.splice(head..head, mask);
        for (byte, mask) in frame[head + 4..].iter_mut().zip(mask.iter().cycle()) {
            *byte ^= mask;
        }
        frame
    }

    #[test]
    fn a_frame_of_any_length_is_read_and_its_pieces_are_not() {
        for size in [0, 1, 125, 126, 65_535, 65_536] {
            let payload = vec![b'a'; size];
            let mut frame = client(TEXT, &payload, [1, 2, 3, 4]);
            for cut in [1, 5, frame.len() / 2, frame.len() - 1] {
                assert_eq!(read(&mut frame.clone()[..cut]), Incoming::Piece, "{size} {cut}");
            }
            let length = frame.len();
            let Incoming::Message { payload: range, length: told } = read(&mut frame) else {
                panic!("{size}: no message");
            };
            assert_eq!((&frame[range], told), (&payload[..], length));
        }
    }

    #[test]
    fn what_is_no_frame_of_a_client_is_wrong() {
        assert_eq!(read(&mut [0x81, 0x00, 0, 0, 0, 0]), Incoming::Wrong, "without a mask");
        assert_eq!(read(&mut [0x01, 0x80, 0, 0, 0, 0]), Incoming::Wrong, "a fragment");
        assert_eq!(read(&mut [0x88, 0x80, 0, 0, 0, 0]), Incoming::Close);
        assert_eq!(read(&mut [0x8A, 0x80, 0, 0, 0, 0]), Incoming::Nothing { length: 6 });
    }
}
