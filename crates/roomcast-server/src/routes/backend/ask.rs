//! What a call of the backend says: the name in its path, its query, its body.

use super::trouble::Trouble;
use crate::routes::{Face, Routes};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::{Request, StatusCode};
use percent_encoding::percent_decode_str;
use roomcast_protocol::{RoomName, UserId};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// How long a body may take.
const BODY_TIME: Duration = Duration::from_secs(10);
/// What a listing gives unless told otherwise, and at most.
const PAGE: (usize, usize) = (100, 1_000);

/// A call.
pub(super) struct Ask {
    pub(super) routes: Arc<Routes>,
    pub(super) face: Face,
    /// The name of the backend.
    pub(super) caller: String,
    /// The part of the path that names a room or a user, as it came.
    pub(super) name: String,
    pub(super) request: Request<Incoming>,
}

impl Ask {
    /// The room that the path names.
    pub(super) fn room(&self) -> Result<RoomName, Trouble> {
        RoomName::new(&self.name()?).map_err(|error| Trouble::bad(error.to_string()))
    }

    /// The user that the path names.
    pub(super) fn user(&self) -> Result<UserId, Trouble> {
        UserId::new(&self.name()?).map_err(|error| Trouble::bad(error.to_string()))
    }

    fn name(&self) -> Result<String, Trouble> {
        let name = percent_decode_str(&self.name).decode_utf8();
        name.map(String::from).map_err(|_| Trouble::bad("the name in the path is not UTF-8"))
    }

    /// What the query says, where it may say only this.
    pub(super) fn query(&self, known: &[&str]) -> Result<Query, Trouble> {
        Query::read(self.request.uri().query().unwrap_or_default(), known)
    }

    /// The body, of at most so many bytes.
    pub(super) async fn body(self, most: usize) -> Result<Bytes, Trouble> {
        let reading = Limited::new(self.request.into_body(), most).collect();
        let read = timeout(BODY_TIME, reading).await.map_err(|_| {
            Trouble::new(StatusCode::REQUEST_TIMEOUT, "timeout", "the body took too long")
        })?;
        match read {
            Ok(body) => Ok(body.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => {
                let message = format!("a body may have {most} bytes here");
                Err(Trouble::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message))
            }
            Err(_) => Err(Trouble::bad("the body broke off")),
        }
    }
}

/// Reads a body that must be one JSON object.
pub(super) fn object<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Trouble> {
    // serde would fill a struct from an array too, by position.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(Trouble::bad("send one JSON object"));
    }
    let json = &mut serde_json::Deserializer::from_slice(body);
    let read = serde_path_to_error::deserialize(&mut *json).map_err(|error| {
        let path = error.path().to_string();
        let place = if path == "." { String::new() } else { format!("`{path}`: ") };
        Trouble::bad(format!("{place}{}", error.inner()))
    })?;
    json.end().map_err(|error| Trouble::bad(error.to_string()))?;
    Ok(read)
}

/// Reads an object inside a body, which is no array either.
pub(super) fn inner<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let Some(raw) = Option::<&RawValue>::deserialize(from)? else { return Ok(None) };
    if !raw.get().starts_with('{') {
        return Err(D::Error::custom("this must be an object"));
    }
    serde_json::from_str(raw.get()).map(Some).map_err(D::Error::custom)
}

/// What a query says, by key.
#[derive(Debug)]
pub(super) struct Query(BTreeMap<String, String>);

impl Query {
    fn read(query: &str, known: &[&str]) -> Result<Self, Trouble> {
        let mut values = BTreeMap::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            if !known.contains(&key) {
                let message = format!("the query may have {} here", known.join(", "));
                return Err(Trouble::bad(message));
            }
            let value = value.replace('+', " ");
            let value = percent_decode_str(&value).decode_utf8();
            let value = value.map_err(|_| Trouble::bad(format!("`{key}` is not UTF-8")))?;
            if values.insert(key.to_owned(), value.into_owned()).is_some() {
                return Err(Trouble::bad(format!("`{key}` stands twice in the query")));
            }
        }
        Ok(Self(values))
    }

    /// The text of a key; an empty one counts as none.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// The value of a key, if it is there.
    pub(super) fn value<T: FromStr>(&self, key: &str, what: &str) -> Result<Option<T>, Trouble> {
        let value = self.text(key).map(str::parse).transpose();
        value.map_err(|_| Trouble::bad(format!("`{key}` must be {what}")))
    }

    /// How many are wanted.
    pub(super) fn limit(&self) -> Result<usize, Trouble> {
        let (usual, most) = PAGE;
        let limit = self.value("limit", "a whole number")?.unwrap_or(usual);
        if (1..=most).contains(&limit) {
            return Ok(limit);
        }
        Err(Trouble::bad(format!("`limit` must be from 1 to {most}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_says_what_it_may_and_nothing_else() {
        let read = |query| Query::read(query, &["prefix", "limit"]);
        let query = read("prefix=a%2Fb+c&limit=7").unwrap();
        assert_eq!((query.text("prefix"), query.limit().unwrap()), (Some("a/b c"), 7));
        assert_eq!(read("&prefix=&").unwrap().text("prefix"), None);
        for bad in ["limt=7", "prefix=%ff", "limit=1&limit=2"] {
            assert!(read(bad).is_err(), "{bad}");
        }
        for bad in ["limit=0", "limit=1001", "limit=-1", "limit=x"] {
            assert!(read(bad).unwrap().limit().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_body_is_an_object_and_what_is_wrong_in_it_is_named() {
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Inner {
            #[serde(rename = "n")]
            _n: u8,
        }
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Outer<'a> {
            #[serde(borrow)]
            data: &'a RawValue,
            #[serde(default, deserialize_with = "inner")]
            _inner: Option<Inner>,
        }
        let read = |text: &'static str| object::<Outer<'static>>(text.as_bytes());
        assert_eq!(read(r#" {"data": 1.10 }"#).unwrap().data.get(), "1.10");
        assert_eq!(read(r#"{"data":null,"_inner":null}"#).unwrap().data.get(), "null");
        for bad in [
            "",
            "[1]",
            "{}",
            r#"{"data":1}x"#,
            r#"{"data":1,"data":2}"#,
            r#"{"data":1,"more":2}"#,
            r#"{"data":1,"_inner":[1]}"#,
            r#"{"data":1,"_inner":{"n":"x"}}"#,
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
