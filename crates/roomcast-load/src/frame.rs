//! WebSocket frames (RFC 6455, section 5): written as a client does, walked through as they come.

use thiserror::Error;

/// The largest frame that a server may send.
const MOST: u64 = 64 << 20;

pub(crate) const CONTINUATION: u8 = 0;
pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

/// A whole frame of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    /// Whether the message ends with it.
    pub(crate) last: bool,
    pub(crate) opcode: u8,
    pub(crate) payload: &'a [u8],
}

/// What a server may not send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FrameError {
    /// A reserved bit was set, as compression would, though no extension was agreed on.
    #[error("a frame uses an extension that was not agreed on")]
    Extension,
    /// A server may not mask.
    #[error("a frame of the server is masked")]
    Masked,
    /// More than 64 MiB.
    #[error("a frame claims {0} bytes")]
    Large(u64),
}

/// The frame at the start of these bytes and how many it takes, or nothing while some are missing.
#[inline]
pub(crate) fn first(bytes: &[u8]) -> Result<Option<(Frame<'_>, usize)>, FrameError> {
    let [head, length, ..] = *bytes else {
        return Ok(None);
    };
    if head & 0x70 != 0 {
        return Err(FrameError::Extension);
    }
    if length & 0x80 != 0 {
        return Err(FrameError::Masked);
    }
    let (start, length) = match length {
        126 => match bytes.get(2..4) {
            Some(long) => (4, u64::from(u16::from_be_bytes([long[0], long[1]]))),
            None => return Ok(None),
        },
        127 => match bytes.get(2..10).and_then(|long| long.try_into().ok()) {
            Some(long) => (10, u64::from_be_bytes(long)),
            None => return Ok(None),
        },
        short => (2, u64::from(short)),
    };
    let end = match usize::try_from(length) {
        Ok(size) if length <= MOST => start + size,
        _ => return Err(FrameError::Large(length)),
    };
    let Some(payload) = bytes.get(start..end) else {
        return Ok(None);
    };
    Ok(Some((Frame { last: head & 0x80 != 0, opcode: head & 0x0f, payload }, end)))
}

/// Puts a client's frame behind what stands there. The mask is all zeros, so that the payload
/// stays as it is.
pub(crate) fn put(opcode: u8, payload: &[u8], out: &mut Vec<u8>) {
    out.push(0x80 | opcode);
    let length = payload.len();
    if length < 126 {
        out.push(0x80 | u8::try_from(length).unwrap_or(0));
    } else if let Ok(length) = u16::try_from(length) {
        out.push(0x80 | 126);
        out.extend(length.to_be_bytes());
    } else {
        out.push(0x80 | 127);
        out.extend((length as u64).to_be_bytes());
    }
    out.extend([0; 4]);
    out.extend(payload);
}

/// The code and the reason of a close frame.
pub(crate) fn close(payload: &[u8]) -> (u16, String) {
    match payload {
        [high, low, reason @ ..] => {
            (u16::from_be_bytes([*high, *low]), String::from_utf8_lossy(reason).into_owned())
        }
        _ => (1005, String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served(payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        put(TEXT, payload, &mut bytes);
        // What a server writes is the same without the mask.
        let head = bytes.len() - payload.len() - 4;
        bytes.drain(head..head + 4);
        bytes[1] &= 0x7f;
        bytes
    }

    #[test]
    fn a_frame_cut_anywhere_waits_for_the_rest() {
        for size in [0, 1, 125, 126, 300, 65_535, 65_536] {
            let payload = vec![b'x'; size];
            let bytes = served(&payload);
            let cuts = (0..bytes.len()).filter(|cut| *cut < 20 || cut % 997 == 0);
            for cut in cuts.chain([bytes.len() - 1]) {
                assert_eq!(first(&bytes[..cut]), Ok(None), "{size} cut at {cut}");
            }
            let longer = [bytes.as_slice(), &[0x81]].concat();
            let frame = Frame { last: true, opcode: TEXT, payload: &payload };
            assert_eq!(first(&longer), Ok(Some((frame, bytes.len()))));
        }
    }

    #[test]
    fn frames_follow_each_other() {
        let bytes = [served(b"one"), vec![0x09, 0], served(b"two")].concat();
        let (one, end) = first(&bytes).unwrap().unwrap();
        let (ping, more) = first(&bytes[end..]).unwrap().unwrap();
        let (two, _) = first(&bytes[end + more..]).unwrap().unwrap();
        assert_eq!((one.payload, two.payload), (b"one".as_slice(), b"two".as_slice()));
        assert_eq!((ping.opcode, ping.last, ping.payload), (PING, false, b"".as_slice()));
    }

    #[test]
    fn what_a_server_may_not_send_is_refused() {
        assert_eq!(first(&[0xc1, 0]), Err(FrameError::Extension));
        assert_eq!(first(&[0x81, 0x80]), Err(FrameError::Masked));
        let huge = [&[0x82, 127][..], &[0x7f; 8]].concat();
        assert!(matches!(first(&huge), Err(FrameError::Large(_))));
    }

    #[test]
    fn a_close_tells_its_code_and_reason() {
        assert_eq!(close(b"\x0f\xa2too slow"), (4002, "too slow".to_owned()));
        assert_eq!(close(b""), (1005, String::new()));
    }
}
