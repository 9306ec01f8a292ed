//! What `roomcast dev` has beside the server: it plays the application's backend for the demos,
//! for programs and pages of this machine. [`token`] signs tokens, [`notify`] tells a user
//! something.

mod notify;
mod token;

pub(super) use notify::notify;
pub(super) use token::token;

use super::{local, reply};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use roomcast_transport::Body;
use serde::de::DeserializeOwned;

/// Longest request in bytes.
const MAX_BODY: usize = 4 * 1024;

/// What a page of this server, or a program, asks for; `shape` says how it must look.
async fn read<T: DeserializeOwned>(
    request: Request<Incoming>,
    shape: &str,
) -> Result<T, Response<Body>> {
    if !local::is_same_origin(&request) {
        let message = "only this server's own pages may ask";
        return Err(reply::error(StatusCode::FORBIDDEN, "forbidden", message));
    }
    let body = Limited::new(request.into_body(), MAX_BODY).collect().await.map_err(|_| {
        reply::error(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "send at most 4 KiB")
    })?;
    serde_json::from_slice(&body.to_bytes())
        .map_err(|error| bad_request(&format!("send {shape}: {error}")))
}

fn bad_request(message: &str) -> Response<Body> {
    reply::error(StatusCode::BAD_REQUEST, "bad_request", message)
}
