//! Where WebSocket frames end in a stream of bytes (RFC 6455, section 5.2).
//!
//! A connection between two messages needs no reader at all; this tells when that is.

/// Longest header: two bytes, eight of length, four of mask.
const MAX_HEADER: usize = 14;

/// Follows the frames of a stream without looking into them.
#[derive(Debug, Default)]
pub(crate) struct Boundary {
    header: [u8; MAX_HEADER],
    header_len: usize,
    /// Bytes of the present frame's payload still to come.
    payload: u64,
    /// A fragmented message has begun and not ended.
    in_message: bool,
}

impl Boundary {
    /// Goes over more bytes of the stream.
    pub(crate) fn feed(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.payload > 0 {
                let skip = usize::try_from(self.payload).unwrap_or(usize::MAX).min(bytes.len());
                self.payload -= skip as u64;
                bytes = &bytes[skip..];
                continue;
            }
            let length = header_length(bytes);
            if self.header_len == 0 && length <= bytes.len() {
                self.begin_payload(bytes);
                bytes = &bytes[length..];
                continue;
            }
            self.header[self.header_len] = bytes[0];
            self.header_len += 1;
            bytes = &bytes[1..];
            if self.header_len == header_length(&self.header[..self.header_len]) {
                let header = self.header;
                self.begin_payload(&header);
                self.header_len = 0;
            }
        }
    }

    /// Whether the stream stands between two messages.
    pub(crate) fn is_between_messages(&self) -> bool {
        self.header_len == 0 && self.payload == 0 && !self.in_message
    }

    /// A header is whole: what it says of the payload behind it.
    fn begin_payload(&mut self, header: &[u8]) {
        let &[first, second, ref rest @ ..] = header else { return };
        self.payload = match (second & 0x7f, rest) {
            (126, [a, b, ..]) => u64::from(u16::from_be_bytes([*a, *b])),
            (127, [a, b, c, d, e, f, g, h, ..]) => {
                u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h])
            }
            (short, _) => u64::from(short),
        };
        let is_control = first & 0x08 != 0;
        if !is_control {
            self.in_message = first & 0x80 == 0;
        }
    }
}

/// How long the header is, as far as its first bytes tell; longer than them if they do not.
fn header_length(header: &[u8]) -> usize {
    let Some(second) = header.get(1) else { return MAX_HEADER };
    let length = match second & 0x7f {
        126 => 4,
        127 => 10,
        _ => 2,
    };
    length + if second & 0x80 == 0 { 0 } else { 4 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(first: u8, payload: usize) -> Vec<u8> {
        let mut frame = vec![first];
        match payload {
            0..=125 => frame.push(0x80 | payload as u8),
            126..=0xffff => {
                frame.push(0x80 | 126);
                frame.extend((payload as u16).to_be_bytes());
            }
            _ => {
                frame.push(0x80 | 127);
                frame.extend((payload as u64).to_be_bytes());
            }
        }
        frame.extend([1, 2, 3, 4]);
        frame.resize(frame.len() + payload, b'x');
        frame
    }

    #[test]
    fn a_frame_ends_where_it_ends_however_it_is_cut() {
        for payload in [0, 1, 125, 126, 65_535, 65_536] {
            let frame = masked(0x81, payload);
            for cut in [1, 2, 5, 13, frame.len() - 1, frame.len()] {
                let mut boundary = Boundary::default();
                for part in frame.chunks(cut) {
                    assert_eq!(
                        boundary.is_between_messages(),
                        boundary.header_len == 0 && boundary.payload == 0
                    );
                    boundary.feed(part);
                }
                assert!(boundary.is_between_messages(), "{payload} bytes cut at {cut}");
            }
        }
    }

    #[test]
    fn a_fragmented_message_ends_with_its_last_fragment() {
        let mut boundary = Boundary::default();
        boundary.feed(&masked(0x01, 3));
        assert!(!boundary.is_between_messages());
        boundary.feed(&masked(0x89, 0));
        assert!(!boundary.is_between_messages(), "a ping inside a message does not end it");
        boundary.feed(&masked(0x80, 3));
        assert!(boundary.is_between_messages());
    }
}
