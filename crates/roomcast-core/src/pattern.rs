//! Patterns over room names: `*` stands for any run of characters, also for none.

use roomcast_protocol::RoomName;
use std::fmt;

/// A pattern over room names.
///
/// ```
/// use roomcast_core::Pattern;
/// use roomcast_protocol::RoomName;
/// let chats = Pattern::new("chat:*").unwrap();
/// assert!(chats.matches(&RoomName::new("chat:lobby").unwrap()));
/// assert!(!chats.matches(&RoomName::new("feed:eur").unwrap()));
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Pattern {
    text: Box<str>,
    /// Where its first and its last `*` stand.
    stars: Option<(u8, u8)>,
}

/// Why a text is not a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a room pattern must have 1 to 200 bytes, at most 8 `*`, and no control characters")]
pub struct InvalidPattern;

/// Bounds the work of a match.
const MAX_STARS: usize = 8;
/// As long as the longest name of a room.
const MAX_BYTES: usize = 200;

impl Pattern {
    /// Takes the text if it is a pattern.
    ///
    /// # Errors
    /// [`InvalidPattern`] says what a pattern must be.
    pub fn new(text: &str) -> Result<Self, InvalidPattern> {
        let stars = text.bytes().filter(|&byte| byte == b'*').count();
        let fits = !text.is_empty() && text.len() <= MAX_BYTES && stars <= MAX_STARS;
        if fits && !text.chars().any(char::is_control) {
            let at = |place: usize| place as u8;
            let stars = text.find('*').map(at).zip(text.rfind('*').map(at));
            Ok(Self { text: text.into(), stars })
        } else {
            Err(InvalidPattern)
        }
    }

    /// The pattern that matches every room.
    #[must_use]
    pub fn any() -> Self {
        Self { text: "*".into(), stars: Some((0, 0)) }
    }

    /// The text of the pattern.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the pattern matches the whole name.
    #[must_use]
    pub fn matches(&self, room: &RoomName) -> bool {
        let Some((first, last)) = self.stars else {
            return *self.text == *room.as_str();
        };
        let (first, last) = (usize::from(first), usize::from(last));
        let Some(rest) = room.as_str().strip_prefix(&self.text[..first]) else { return false };
        let Some(mut rest) = rest.strip_suffix(&self.text[last + 1..]) else { return false };
        // Taking each middle part at its first place leaves the most for those behind it.
        for part in self.text[first..last].split('*').skip(1) {
            let Some(at) = rest.find(part) else { return false };
            rest = &rest[at + part.len()..];
        }
        true
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.text, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matches() {
        for (pattern, room, expected) in [
            ("*", "a", true),
            ("a", "a", true),
            ("a", "ab", false),
            ("a*", "a", true),
            ("a*", "b", false),
            ("a**", "ab", true),
            ("é*", "é1", true),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("*:*:end", "x:y:end", true),
            ("*:*:end", "x:end", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("a*b*", "ab", true),
            ("*b*b", "b", false),
            ("*b*b", "bb", true),
        ] {
            let matches = Pattern::new(pattern).unwrap().matches(&RoomName::new(room).unwrap());
            assert_eq!(matches, expected, "{pattern} on {room}");
        }
    }

    #[test]
    fn what_is_no_pattern() {
        for bad in ["", "a\n", "*********", &"x".repeat(201)] {
            assert_eq!(Pattern::new(bad), Err(InvalidPattern));
        }
    }
}
