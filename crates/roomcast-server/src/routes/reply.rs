//! Answers in HTTP: one shape for every error.

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};
use roomcast_transport::{Body, NotNow};
use serde::Serialize;
use serde_json::json;

/// An answer with a JSON body.
pub(super) fn json<T: Serialize>(status: StatusCode, value: &T) -> Response<Body> {
    // What is written here has texts for keys, and so can be written.
    let body = serde_json::to_vec(value).unwrap_or_default();
    with_body(status, "application/json", body.into())
}

/// An answer with a body of that type, which no cache keeps.
pub(super) fn with_body(
    status: StatusCode,
    content_type: &'static str,
    body: Bytes,
) -> Response<Body> {
    let mut response = Response::new(Body::new(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// An error: a code for programs, a message for people.
pub(super) fn error(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    json(status, &json!({ "error": { "code": code, "message": message } }))
}

pub(super) fn not_found() -> Response<Body> {
    error(StatusCode::NOT_FOUND, "not_found", "there is no such endpoint")
}

pub(super) fn method_not_allowed(allowed: &'static str) -> Response<Body> {
    let message = format!("this endpoint takes {allowed}");
    let mut response = error(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", &message);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

pub(super) fn not_now(why: NotNow) -> Response<Body> {
    let (least, spread) = match why {
        // Another node answers.
        NotNow::Draining => (1, 3),
        NotNow::Full => (5, 11),
    };
    later(&why.to_string(), least, spread)
}

/// What this node needs is away, and may be back at any moment.
pub(super) fn away(message: &str) -> Response<Body> {
    later(message, 1, 3)
}

/// Nothing now; a client may try again after some seconds: not the same for all, so that those
/// who were refused together do not come back together.
fn later(message: &str, least: u16, spread: u32) -> Response<Body> {
    let mut response = error(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message);
    // Without randomness everyone waits for the least.
    let more = getrandom::u32().map_or(0, |random| (random % spread) as u16);
    response.headers_mut().insert(RETRY_AFTER, (least + more).into());
    response
}

pub(super) fn no_content() -> Response<Body> {
    let mut response = Response::new(Body::default());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}
