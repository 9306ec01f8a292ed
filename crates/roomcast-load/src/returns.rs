//! Who was cut and comes back: where each left its room, and how long it was away.

use crate::clock::Nanos;
use crate::dialect::Position;
use crate::times::Times;
use memchr::memmem;

/// The members that are cut in a storm.
#[derive(Debug)]
pub(crate) struct Returns {
    positions: Vec<Position>,
    /// When all were cut.
    cut: Option<Nanos>,
    pub(crate) times: Times,
    /// When the last came back.
    last: Nanos,
    /// Who came back and was not given all.
    pub(crate) unrecovered: u64,
}

impl Returns {
    pub(crate) fn new(members: usize) -> Self {
        let positions = vec![Position::default(); members];
        Self { positions, cut: None, times: Times::new(), last: 0, unrecovered: 0 }
    }

    /// All are cut now.
    pub(crate) fn cut(&mut self, now: Nanos) {
        self.cut = Some(now);
    }

    pub(crate) fn was_cut(&self) -> bool {
        self.cut.is_some()
    }

    pub(crate) fn position(&self, index: usize) -> Position {
        self.positions[index].clone()
    }

    /// From the cut to the last one's return.
    pub(crate) fn span(&self) -> Nanos {
        self.last.saturating_sub(self.cut.unwrap_or(self.last))
    }

    /// A member is in its room, for the first time or again.
    pub(crate) fn joined(&mut self, index: usize, payload: &[u8], now: Nanos) {
        let position = &mut self.positions[index];
        position.epoch = text(payload, br#""epoch":""#).unwrap_or_default();
        // The room's position stands before the messages, and their offsets after it.
        position.offset = memmem::find(payload, OFFSET).map_or(0, |at| number(payload, at));
        if let Some(cut) = self.cut {
            self.times.add(now.saturating_sub(cut));
            self.last = now;
            let recovered = memmem::find(payload, br#""recovered":true"#).is_some();
            self.unrecovered += u64::from(!recovered);
        }
    }

    /// A message came.
    pub(crate) fn heard(&mut self, index: usize, payload: &[u8]) {
        if let Some(at) = memmem::rfind(payload, OFFSET) {
            self.positions[index].offset = number(payload, at);
        }
    }
}

const OFFSET: &[u8] = br#""offset":"#;

fn number(payload: &[u8], at: usize) -> u64 {
    let digits = payload[at + OFFSET.len()..].iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |number: u64, digit| number.wrapping_mul(10) + u64::from(digit - b'0'))
}

fn text(payload: &[u8], key: &[u8]) -> Option<String> {
    let rest = &payload[memmem::find(payload, key)? + key.len()..];
    let end = memchr::memchr(b'"', rest)?;
    Some(String::from_utf8_lossy(&rest[..end]).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_follows_what_comes() {
        let mut returns = Returns::new(1);
        let joined = br#"{"type":"joined","room":"r","epoch":"5f","offset":41,"recovered":false,"messages":[{"offset":40}]}"#;
        returns.joined(0, joined, 10);
        assert_eq!(returns.position(0), Position { epoch: "5f".into(), offset: 41 });
        returns.heard(0, br#"{"type":"message","data":"~","offset":42}"#);
        returns.heard(0, br#"{"type":"ping"}"#);
        assert_eq!(returns.position(0).offset, 42);
        returns.cut(1_000);
        returns.joined(0, joined, 5_000_000);
        assert_eq!((returns.times.count(), returns.unrecovered, returns.span()), (1, 1, 4_999_000));
    }
}
