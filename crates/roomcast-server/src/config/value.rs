//! Values as the configuration writes them: `"30s"`, `"64KiB"`, secrets, and lists.

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A length of time, written as a whole number with `ms`, `s`, `m`, `h` or `d`.
///
/// ```
/// use roomcast_server::config::value::Span;
/// assert_eq!("2m".parse::<Span>().unwrap().0.as_secs(), 120);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span(pub Duration);

/// Why a text is no duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a duration is a whole number with a unit, such as \"500ms\", \"30s\", \"2m\", \"1h\"")]
pub struct InvalidSpan;

/// Units of time, in milliseconds, the largest first.
const TIMES: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// A number and its unit.
fn split(text: &str) -> Option<(u64, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    Some((number.parse().ok()?, unit.trim_start()))
}

impl FromStr for Span {
    type Err = InvalidSpan;

    fn from_str(text: &str) -> Result<Self, InvalidSpan> {
        let (number, unit) = split(text.trim()).ok_or(InvalidSpan)?;
        if number == 0 && unit.is_empty() {
            return Ok(Self(Duration::ZERO));
        }
        let (_, millis) = TIMES.iter().find(|(name, _)| *name == unit).ok_or(InvalidSpan)?;
        number.checked_mul(*millis).map(|m| Self(Duration::from_millis(m))).ok_or(InvalidSpan)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        let whole = TIMES.iter().find(|(_, unit)| millis.is_multiple_of(*unit));
        match whole {
            Some((name, unit)) if millis > 0 => write!(f, "{}{name}", millis / unit),
            _ => f.write_str("0s"),
        }
    }
}

/// A number of bytes, written as a whole number alone or with `B`, `KB`, `KiB`, `MB`, `MiB`,
/// `GB` or `GiB`.
///
/// ```
/// use roomcast_server::config::value::Size;
/// assert_eq!("64KiB".parse::<Size>().unwrap().0, 65_536);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size(pub usize);

/// Why a text is no size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a size is a whole number of bytes, alone or with a unit, such as 65536, \"64KiB\", \"1MiB\""
)]
pub struct InvalidSize;

/// Units of size, in bytes; those that [`Size`] is shown in come first.
const SIZES: [(&str, usize); 8] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("B", 1),
    ("", 1),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
];

impl FromStr for Size {
    type Err = InvalidSize;

    fn from_str(text: &str) -> Result<Self, InvalidSize> {
        let (number, unit) = split(text.trim()).ok_or(InvalidSize)?;
        let (_, bytes) = SIZES.iter().find(|(name, _)| *name == unit).ok_or(InvalidSize)?;
        let number = usize::try_from(number).map_err(|_| InvalidSize)?;
        number.checked_mul(*bytes).map(Self).ok_or(InvalidSize)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = SIZES.iter().find(|(_, unit)| self.0.is_multiple_of(*unit));
        match whole {
            Some((name, unit)) if self.0 > 0 => write!(f, "{}{name}", self.0 / unit),
            _ => f.write_str("0"),
        }
    }
}

/// A secret: neither its `Debug` nor its serialization shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// One text or a list of them; an environment variable separates them by commas.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Texts(pub Vec<String>);

struct SpanVisitor;
struct SizeVisitor;
struct SecretVisitor;
struct TextsVisitor;

impl Visitor<'_> for SpanVisitor {
    type Value = Span;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration such as \"30s\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Span, E> {
        text.parse().map_err(E::custom)
    }
}

impl Visitor<'_> for SizeVisitor {
    type Value = Size;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a size such as \"64KiB\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Size, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_i64<E: Error>(self, bytes: i64) -> Result<Size, E> {
        usize::try_from(bytes).map(Size).map_err(|_| E::custom(InvalidSize))
    }

    fn visit_u64<E: Error>(self, bytes: u64) -> Result<Size, E> {
        usize::try_from(bytes).map(Size).map_err(|_| E::custom(InvalidSize))
    }
}

/// What is wrong with a secret is said without showing what stands in its place.
impl Visitor<'_> for SecretVisitor {
    type Value = Secret;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Secret, E> {
        Ok(Secret(text.to_owned()))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Secret, E> {
        Err(E::custom("a secret must be a string in quotes"))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Secret, E> {
        Err(E::custom("a secret must be a string in quotes"))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Secret, E> {
        Err(E::custom("a secret must be a string in quotes"))
    }
}

impl<'de> Visitor<'de> for TextsVisitor {
    type Value = Texts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a list of strings")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Texts, E> {
        Ok(Texts(vec![text.to_owned()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Texts, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = seq.next_element()? {
            texts.push(text);
        }
        Ok(Texts(texts))
    }
}

macro_rules! deserialize {
    ($($name:ident by $visitor:ident),*) => {$(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any($visitor)
            }
        }
    )*};
}
deserialize!(Span by SpanVisitor, Size by SizeVisitor, Secret by SecretVisitor, Texts by TextsVisitor);

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("(hidden)")
    }
}

impl Serialize for Texts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_shown_the_same_way() {
        for text in ["1ms", "500ms", "30s", "90s", "2m", "1h", "7d", "0s"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
        assert_eq!("60s".parse::<Span>().unwrap().to_string(), "1m");
        for bad in ["", "s", "30", "-1s", "1.5s", "30 sec", "1w", "99999999999999999999s"] {
            assert_eq!(bad.parse::<Span>(), Err(InvalidSpan), "{bad}");
        }
    }

    #[test]
    fn sizes_are_read_and_shown_the_same_way() {
        for text in ["1B", "64KiB", "1MiB", "3GiB", "1000B", "0"] {
            assert_eq!(text.parse::<Size>().unwrap().to_string(), text);
        }
        assert_eq!("65536".parse::<Size>().unwrap(), Size(65_536));
        assert_eq!("2MB".parse::<Size>().unwrap(), Size(2_000_000));
        for bad in ["", "KiB", "64kib", "-1", "1.5MiB", "99999999999GiB"] {
            assert_eq!(bad.parse::<Size>(), Err(InvalidSize), "{bad}");
        }
    }

    #[test]
    fn a_secret_is_never_shown() {
        let secret = Secret("open sesame".into());
        assert!(!format!("{secret:?}").contains("sesame"));
        assert!(!serde_json::to_string(&secret).unwrap().contains("sesame"));
    }
}
