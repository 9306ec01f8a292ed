//! Moments as the wire writes them: RFC 3339, UTC, milliseconds, `Z`.

use std::cell::RefCell;
use std::fmt;

/// A moment in wall-clock time: milliseconds since the Unix epoch.
///
/// ```
/// use roomcast_protocol::Timestamp;
/// assert_eq!(Timestamp::from_millis(0).to_string(), "1970-01-01T00:00:00.000Z");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment that many milliseconds after the Unix epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Appends its text to `out`. What comes in the same millisecond is written once.
    pub(crate) fn write_to(self, out: &mut Vec<u8>) {
        type Written = (Option<Timestamp>, String);
        thread_local!(static LAST: RefCell<Written> = const { RefCell::new((None, String::new())) });
        LAST.with_borrow_mut(|(moment, text)| {
            if *moment != Some(self) {
                (*moment, *text) = (Some(self), self.to_string());
            }
            out.extend_from_slice(text.as_bytes());
        });
    }
}

impl fmt::Display for Timestamp {
    /// As RFC 3339 has it. A moment beyond the calendar's years is written as its nearest end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = jiff::Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        });
        write!(f, "{moment:.3}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_always_have_three_digits() {
        let at = |millis| {
            let moment = Timestamp::from_millis(millis);
            let mut written = Vec::new();
            (0..2).for_each(|_| moment.write_to(&mut written));
            assert_eq!(String::from_utf8(written).unwrap(), moment.to_string().repeat(2));
            moment.to_string()
        };
        assert_eq!(at(1_763_793_945_000), "2025-11-22T06:45:45.000Z");
        assert_eq!(at(1_763_793_945_120), "2025-11-22T06:45:45.120Z");
        assert_eq!(at(-1), "1969-12-31T23:59:59.999Z");
        assert!(at(i64::MAX).starts_with("9999-12-3"));
    }
}
