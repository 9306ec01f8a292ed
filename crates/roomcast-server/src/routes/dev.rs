//! What `roomcast dev` has beside the server: it plays the application's backend for the demos,
//! for programs and pages of this machine. [`token`] signs tokens, [`notify`] tells a user
//! something.

mod notify;
mod token;

pub(super) use notify::notify;
pub(super) use token::token;

use super::backend::body;
use super::backend::trouble::Trouble;
use super::local;
use hyper::body::Incoming;
use hyper::{Request, StatusCode};
use serde::de::DeserializeOwned;

/// Longest request in bytes.
const MAX_BODY: usize = 4 * 1024;

/// What a page of this server, or a program, asks for: read as a backend's body is.
async fn read<T: DeserializeOwned>(request: Request<Incoming>) -> Result<T, Trouble> {
    if !local::is_same_origin(&request) {
        let message = "only this server's own pages may ask";
        return Err(Trouble::new(StatusCode::FORBIDDEN, "forbidden", message));
    }
    body::object(&body::read(request, MAX_BODY).await?)
}
