//! JSON that is passed on byte for byte: payloads, their depth limit, and text put into JSON.

use std::fmt;
use std::sync::Arc;

/// How many levels of arrays and objects a payload may have.
pub const MAX_DEPTH: usize = 64;

/// White space between JSON tokens (RFC 8259, section 2).
const JSON_SPACE: [char; 4] = [' ', '\t', '\n', '\r'];

/// One JSON value, kept as the bytes it came in: digits past 2^53, key order and all.
///
/// ```
/// use roomcast_protocol::Payload;
/// let price = Payload::parse(r#"{"price":1.10}"#).unwrap();
/// assert_eq!(price.as_str(), r#"{"price":1.10}"#);
/// assert!(Payload::parse("{price}").is_err());
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Payload(Arc<str>);

/// Why a text is not a payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPayload {
    /// The text is not JSON.
    #[error("not JSON: {0}")]
    NotJson(String),
    /// The value nests deeper than [`MAX_DEPTH`].
    #[error("nested deeper than 64 levels")]
    TooDeep,
}

impl Payload {
    /// Takes a copy of the text if it is one JSON value of at most [`MAX_DEPTH`] levels.
    ///
    /// # Errors
    /// [`InvalidPayload`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, InvalidPayload> {
        check(text)?;
        Ok(Self(text.trim_matches(JSON_SPACE).into()))
    }

    /// A copy of what the parser has already checked.
    pub(crate) fn from_raw(raw: &serde_json::value::RawValue) -> Self {
        Self(raw.get().into())
    }

    /// The payload of a value that this program itself makes.
    #[must_use]
    pub fn of<T: serde::Serialize>(value: &T) -> Self {
        Self(serde_json::to_string(value).map_or_else(|_| "null".into(), Arc::from))
    }

    /// The JSON text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Never: the shortest JSON value has one byte.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Checks the nesting of a JSON text without parsing it; what is no JSON is for the parser to say.
///
/// # Errors
/// [`InvalidPayload::TooDeep`] past [`MAX_DEPTH`] levels.
pub fn check_depth(text: &str) -> Result<(), InvalidPayload> {
    if !text.trim_start_matches(JSON_SPACE).starts_with(['{', '[']) {
        return Ok(());
    }
    // Nearly every text has fewer brackets than it may have levels, which is soon counted.
    if text.bytes().filter(|&byte| byte == b'{' || byte == b'[').count() <= MAX_DEPTH {
        return Ok(());
    }
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for byte in text.bytes() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(InvalidPayload::TooDeep);
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// Checks that a text is one JSON value of at most [`MAX_DEPTH`] levels.
pub(crate) fn check(text: &str) -> Result<(), InvalidPayload> {
    check_depth(text)?;
    serde_json::from_str::<serde::de::IgnoredAny>(text)
        .map(|_| ())
        .map_err(|error| InvalidPayload::NotJson(error.to_string()))
}

/// Appends a valid JSON text to `out` without the white space between its tokens.
pub(crate) fn write_compact(out: &mut Vec<u8>, text: &str) {
    let (mut in_string, mut escaped) = (false, false);
    for byte in text.bytes() {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else if JSON_SPACE.contains(&char::from(byte)) {
            continue;
        } else {
            in_string = byte == b'"';
        }
        out.push(byte);
    }
}

/// Appends `text` to `out` as a JSON string.
pub(crate) fn write_string(out: &mut Vec<u8>, text: &str) {
    // Writing a `str` to a `Vec` cannot fail.
    let _ = serde_json::to_writer(out, text);
}

/// Appends a number to `out`.
pub(crate) fn write_number(out: &mut Vec<u8>, number: u64) {
    // Writing to a `Vec` cannot fail.
    let _ = serde_json::to_writer(out, &number);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(levels: usize) -> String {
        "[".repeat(levels) + &"]".repeat(levels)
    }

    #[test]
    fn sixty_four_levels_pass_and_sixty_five_do_not() {
        assert!(Payload::parse(&nested(64)).is_ok());
        assert_eq!(Payload::parse(&nested(65)), Err(InvalidPayload::TooDeep));
    }

    #[test]
    fn brackets_in_strings_do_not_count() {
        let text = format!(r#""{}\"{}""#, "[".repeat(70), "{".repeat(70));
        assert!(Payload::parse(&text).is_ok());
    }

    #[test]
    fn compact_json_keeps_the_white_space_inside_strings() {
        let mut out = Vec::new();
        write_compact(&mut out, " { \"a b\" : \"c \\\" d\\\\\" , \"e\": [ 1.10 ] } ");
        assert_eq!(String::from_utf8(out).unwrap(), r#"{"a b":"c \" d\\","e":[1.10]}"#);
    }

    #[test]
    fn digits_stay_as_they_are() {
        let text = "123456789012345678901234567890.10";
        assert_eq!(Payload::parse(text).unwrap().as_str(), text);
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for bad in ["", "{", "nul", "1 2", "'a'", "{\"a\":}", "\u{feff}1"] {
            assert!(matches!(Payload::parse(bad), Err(InvalidPayload::NotJson(_))), "{bad}");
        }
    }
}
