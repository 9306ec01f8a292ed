//! The pages, embedded in the binary, under a strict Content-Security-Policy.

use super::reply;
use bytes::Bytes;
use http::header::{CONTENT_SECURITY_POLICY, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use hyper::{Response, StatusCode};
use roomcast_transport::Body;

/// A file that the server shows.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) path: &'static str,
    content_type: &'static str,
    body: &'static str,
}

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Nothing from elsewhere, nothing inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// Every page and what belongs to it.
pub(super) static PAGES: &[Page] = &[
    Page {
        path: "/demo/chat",
        content_type: HTML,
        body: include_str!("../../pages/demo/chat.html"),
    },
    Page {
        path: "/demo/chat.css",
        content_type: CSS,
        body: include_str!("../../pages/demo/chat.css"),
    },
    Page {
        path: "/demo/chat.js",
        content_type: SCRIPT,
        body: include_str!("../../pages/demo/chat.js"),
    },
    Page {
        path: "/demo/client.js",
        content_type: SCRIPT,
        body: include_str!("../../pages/demo/client.js"),
    },
];

/// Shows a page.
pub(super) fn show(page: &'static Page) -> Response<Body> {
    let body = Bytes::from_static(page.body.as_bytes());
    let mut response = reply::with_body(StatusCode::OK, page.content_type, body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}
