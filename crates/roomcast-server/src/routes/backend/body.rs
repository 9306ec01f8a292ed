//! The body of a request, read within bounds and time, which must be one JSON object.

use super::trouble::Trouble;
use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::{Request, StatusCode};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::time::Duration;
use tokio::time::timeout;

/// How long a body may take.
const BODY_TIME: Duration = Duration::from_secs(10);

/// The body, of at most so many bytes.
pub(in crate::routes) async fn read(
    request: Request<Incoming>,
    most: usize,
) -> Result<Bytes, Trouble> {
    is_plain(request.headers())?;
    let reading = Limited::new(request.into_body(), most).collect();
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

/// A packed body would only be told that it is no JSON.
fn is_plain(headers: &HeaderMap) -> Result<(), Trouble> {
    let codings = headers.get_all(CONTENT_ENCODING);
    if codings.into_iter().all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Ok(());
    }
    let message = "send the body as it is, without `Content-Encoding`";
    Err(Trouble::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported", message))
}

/// Reads a body that must be one JSON object.
pub(in crate::routes) fn object<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Trouble> {
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

#[cfg(test)]
mod tests {
    use super::*;

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
