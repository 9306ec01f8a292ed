//! What `roomcast dev` has beside the server: it plays the application's backend for the demos,
//! for programs and pages of this machine. [`token`] signs tokens, [`notify`] tells a user
//! something.

mod notify;
mod token;

use super::backend::body;
use super::backend::trouble::Trouble;
use super::{Routes, local, reply};
use http::HeaderMap;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue, ORIGIN, VARY,
};
use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode};
use roomcast_transport::Body;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// Longest request in bytes.
const MAX_BODY: usize = 4 * 1024;

/// What can be asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Call {
    Token,
    Notify,
}

/// Answers a page of this machine, which may run on another port, or a program.
pub(super) async fn answer(
    routes: Arc<Routes>,
    call: Call,
    request: Request<Incoming>,
) -> Response<Body> {
    if !local::is_from_here(&request) {
        let message = "only pages and programs of this machine may ask";
        return Trouble::new(StatusCode::FORBIDDEN, "forbidden", message).into();
    }
    let origin = request.headers().get(ORIGIN).cloned();
    let mut response = match call {
        _ if *request.method() == Method::OPTIONS => reply::no_content(),
        Call::Token => token::token(routes, request).await,
        Call::Notify => notify::notify(routes, request).await,
    };
    share(response.headers_mut(), origin);
    response
}

/// Lets a page of another port read the answer.
fn share(headers: &mut HeaderMap, origin: Option<HeaderValue>) {
    headers.insert(VARY, HeaderValue::from_static("origin"));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("content-type"));
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
}

/// What is asked for: read as a backend's body is.
async fn read<T: DeserializeOwned>(request: Request<Incoming>) -> Result<T, Trouble> {
    body::object(&body::read(request, MAX_BODY).await?)
}
