//! What stands in a message's data to tell who sent it and which of theirs it is.
//!
//! `~`, four characters of the publisher's number, six of the message's, in the alphabet of
//! base64url, then `x` up to the size asked for. A receiver looks for `~` and parses nothing
//! else; no server has a reason to change any of these characters.

use memchr::memchr;

/// The fewest bytes that a message's data can have.
pub const LEAST_SIZE: usize = 16;
/// The most publishers that a run can have.
pub(crate) const MOST_PUBLISHERS: u64 = 1 << 24;

const LENGTH: usize = 11;
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const VALUES: [u8; 256] = values();
const NONE: u8 = 255;

const fn values() -> [u8; 256] {
    let mut values = [NONE; 256];
    let mut value = 0;
    while value < 64 {
        values[ALPHABET[value as usize] as usize] = value;
        value += 1;
    }
    values
}

/// Which message of which publisher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) publisher: u32,
    pub(crate) sequence: u64,
}

impl Stamp {
    /// Writes it over the first bytes of some data.
    pub(crate) fn write(self, data: &mut [u8]) {
        data[0] = b'~';
        write_number(&mut data[1..5], u64::from(self.publisher));
        write_number(&mut data[5..LENGTH], self.sequence);
    }

    /// Data of this size that begins with it.
    pub(crate) fn data(self, size: usize) -> Vec<u8> {
        let mut data = vec![b'x'; size.max(LEAST_SIZE)];
        self.write(&mut data);
        data
    }

    #[inline]
    fn read(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(1..LENGTH)?;
        let publisher = u32::try_from(read_number(&bytes[..4])?).ok()?;
        Some(Self { publisher, sequence: read_number(&bytes[4..])? })
    }
}

fn write_number(place: &mut [u8], mut number: u64) {
    for byte in place.iter_mut().rev() {
        *byte = ALPHABET[(number & 63) as usize];
        number >>= 6;
    }
}

#[inline]
fn read_number(bytes: &[u8]) -> Option<u64> {
    let mut number = 0;
    let mut all = 0;
    for byte in bytes {
        let value = VALUES[usize::from(*byte)];
        all |= value;
        number = number << 6 | u64::from(value & 63);
    }
    // Only `NONE` has bits above the six of a value.
    (all < 64).then_some(number)
}

/// The stamps in what a server sent; `size` is that of a message's data.
#[inline]
pub(crate) fn stamps(payload: &[u8], size: usize) -> Stamps<'_> {
    Stamps { rest: payload, size }
}

/// The stamps that are left in a payload.
#[derive(Debug)]
pub(crate) struct Stamps<'a> {
    rest: &'a [u8],
    size: usize,
}

impl Iterator for Stamps<'_> {
    type Item = Stamp;

    #[inline]
    fn next(&mut self) -> Option<Stamp> {
        loop {
            let at = memchr(b'~', self.rest)?;
            let found = Stamp::read(&self.rest[at..]);
            let past = at + if found.is_some() { self.size } else { 1 };
            self.rest = self.rest.get(past..).unwrap_or_default();
            if found.is_some() {
                return found;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for (publisher, sequence) in [(0, 0), (1, 63), (63, 64), ((1 << 24) - 1, (1 << 36) - 1)] {
            let stamp = Stamp { publisher, sequence };
            let data = stamp.data(16);
            assert_eq!(data.len(), 16);
            let frame = [b"{\"data\":\"".as_slice(), &data, b"\"}"].concat();
            assert_eq!(stamps(&frame, 16).collect::<Vec<_>>(), [stamp]);
        }
        assert_eq!(Stamp { publisher: 1, sequence: 64 }.data(16), b"~AAABAAAABAxxxxx");
    }

    #[test]
    fn all_stamps_of_a_frame_are_found_and_what_is_none_is_passed_over() {
        let data = |sequence| Stamp { publisher: 7, sequence }.data(20);
        let frame = [b"~home ~".as_slice(), &data(1), b"~,", &data(2), b"~AAAA"].concat();
        let found: Vec<_> = stamps(&frame, 20).map(|stamp| stamp.sequence).collect();
        assert_eq!(found, [1, 2]);
    }
}
