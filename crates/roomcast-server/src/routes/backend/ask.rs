//! What a call of the backend says: the name in its path and its query; `body` reads the rest.

use super::body;
use super::trouble::Trouble;
use crate::routes::{Face, Routes};
use bytes::Bytes;
use hyper::Request;
use hyper::body::Incoming;
use percent_encoding::percent_decode_str;
use roomcast_protocol::{RoomName, UserId};
use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

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
        unescaped(&self.name, "the name in the path")
    }

    /// What the query says, where it may say only this.
    pub(super) fn query(&self, known: &[&str]) -> Result<Query, Trouble> {
        Query::read(self.request.uri().query().unwrap_or_default(), known)
    }

    /// The body, of at most so many bytes.
    pub(super) async fn body(self, most: usize) -> Result<Bytes, Trouble> {
        body::read(self.request, most).await
    }
}

/// Takes the percent-escapes out of a text. What only looks like one is refused: it would be taken
/// for a name that nobody meant.
fn unescaped(text: &str, what: &str) -> Result<String, Trouble> {
    let is_escape = |rest: &str| {
        rest.get(..2).is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    if !text.split('%').skip(1).all(is_escape) {
        return Err(Trouble::bad(format!("{what} has a `%` without two hexadecimal digits")));
    }
    let text = percent_decode_str(text).decode_utf8();
    text.map(String::from).map_err(|_| Trouble::bad(format!("{what} is not UTF-8")))
}

fn unknown_key(known: &[&str]) -> Trouble {
    let keys = if known.is_empty() { "no keys".to_owned() } else { known.join(", ") };
    Trouble::bad(format!("the query may have {keys} here"))
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
                return Err(unknown_key(known));
            }
            let value = unescaped(&value.replace('+', " "), &format!("`{key}`"))?;
            if values.insert(key.to_owned(), value).is_some() {
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
        for bad in
            ["limt=7", "prefix=%ff", "limit=1&limit=2", "prefix=%", "prefix=%4", "prefix=%zz"]
        {
            assert!(read(bad).is_err(), "{bad}");
        }
        for bad in ["limit=0", "limit=1001", "limit=-1", "limit=x"] {
            assert!(read(bad).unwrap().limit().is_err(), "{bad}");
        }
    }
}
