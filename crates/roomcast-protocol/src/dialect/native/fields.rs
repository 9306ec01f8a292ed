//! The keys of a command, read one by one so that a wrong one is named.

use crate::{InvalidName, Refusal};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Most messages that one `history` or `rewind` may ask for.
const MAX_PAGE: u64 = 1_000;

pub(super) type Read<T> = Result<T, Refusal>;

/// Every key of every command, not looked into yet: a wrong type in one of them is told by its
/// name, together with the command's id.
#[derive(Deserialize)]
pub(super) struct Fields<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) room: Option<&'a RawValue>,
    /// Of all fields only this one can be `null` and mean it.
    #[serde(borrow, default, deserialize_with = "even_null")]
    pub(super) data: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) event: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) message_id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) key: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) echo: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) ephemeral: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) since: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) rewind: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) presence: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) state: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) limit: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) before: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) after: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) token: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) t: Option<&'a RawValue>,
}

fn even_null<'de, D: Deserializer<'de>>(from: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(from).map(Some)
}

/// A type that a field may have, and how to say so.
pub(super) trait Expected<'a>: Deserialize<'a> {
    const WHAT: &'static str;

    /// Reads what the parser has found to be JSON; none if it is of another type.
    fn read(json: &'a str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }
}

/// A text, as it stands in the command unless something in it is escaped.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

impl<'a> Expected<'a> for Text<'a> {
    const WHAT: &'static str = "a string";

    fn read(json: &'a str) -> Option<Self> {
        let quoted = json.strip_prefix('"')?.strip_suffix('"')?;
        if quoted.contains('\\') {
            return serde_json::from_str(json).ok();
        }
        Some(Self(Cow::Borrowed(quoted)))
    }
}

impl Expected<'_> for bool {
    const WHAT: &'static str = "true or false";
}

impl Expected<'_> for u64 {
    const WHAT: &'static str = "a whole number from 0 to 2^64 - 1";
}

pub(super) fn missing(field: &str) -> Refusal {
    Refusal::bad_request(format!("`{field}` is missing"))
}

pub(super) fn required<'a, T: Expected<'a>>(field: &str, raw: Option<&'a RawValue>) -> Read<T> {
    optional(field, raw)?.ok_or_else(|| missing(field))
}

pub(super) fn optional<'a, T: Expected<'a>>(
    field: &str,
    raw: Option<&'a RawValue>,
) -> Read<Option<T>> {
    let Some(raw) = raw else { return Ok(None) };
    let read = T::read(raw.get()).map(Some);
    read.ok_or_else(|| Refusal::bad_request(format!("`{field}` must be {}", T::WHAT)))
}

pub(super) fn name<T>(
    field: &str,
    raw: Option<&RawValue>,
    new: impl Fn(&str) -> Result<T, InvalidName>,
) -> Read<Option<T>> {
    let text: Option<Text<'_>> = optional(field, raw)?;
    text.map(|text| new(&text.0))
        .transpose()
        .map_err(|error| Refusal::bad_request(error.to_string()))
}

pub(super) fn bounded(field: &str, raw: Option<&RawValue>) -> Read<Option<u32>> {
    match optional::<u64>(field, raw)? {
        Some(number) if number > MAX_PAGE => {
            Err(Refusal::bad_request(format!("`{field}` must be at most {MAX_PAGE}")))
        }
        number => Ok(number.map(|number| number as u32)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Expected as _, Text};

    #[test]
    fn a_text_is_read_as_the_parser_reads_it() {
        let texts = [r#""""#, r#""a""#, r#""日本""#, r#""a\"b""#, r#""\u0061""#, r#""a\\""#];
        let others = [r#""\ud800""#, "1", "null", "true", "[]", "{}", r#"["a"]"#];
        for json in texts.into_iter().chain(others) {
            let parsed = serde_json::from_str::<String>(json).ok();
            assert_eq!(Text::read(json).map(|text| text.0.into_owned()), parsed, "{json}");
            assert_eq!(parsed.is_some(), texts.contains(&json), "{json}");
        }
    }
}
