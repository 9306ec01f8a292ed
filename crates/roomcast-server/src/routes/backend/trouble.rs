//! Why a call of the backend is refused: a status, and the one shape of all errors.

use crate::routes::reply;
use http::header::{ACCEPT_ENCODING, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use hyper::{Response, StatusCode};
use roomcast_protocol::{ErrorCode, Refusal};
use roomcast_transport::Body;
use std::time::Duration;

/// Why a call is refused.
#[derive(Debug)]
pub(in crate::routes) struct Trouble {
    status: StatusCode,
    code: &'static str,
    message: String,
    retry_after: Option<Duration>,
}

impl Trouble {
    pub(in crate::routes) fn new(
        status: StatusCode,
        code: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self { status, code, message: message.into(), retry_after: None }
    }

    /// The request is not what it should be.
    pub(in crate::routes) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    pub(super) fn unauthorized(message: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", message)
    }

    /// The answer took too long.
    pub(super) fn late() -> Self {
        let message = "the answer took too long: try again";
        Self {
            retry_after: Some(Duration::from_secs(1)),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message)
        }
    }
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        let Refusal { code, message, retry_after } = refusal;
        Self { status: status(code), code: code.slug(), message, retry_after }
    }
}

const fn status(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::Forbidden => StatusCode::FORBIDDEN,
        ErrorCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    }
}

impl From<Trouble> for Response<Body> {
    fn from(trouble: Trouble) -> Self {
        let mut response = reply::error(trouble.status, trouble.code, &trouble.message);
        let headers = response.headers_mut();
        if trouble.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if trouble.status == StatusCode::UNSUPPORTED_MEDIA_TYPE {
            // RFC 9110, section 15.5.16: what would have been taken.
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        if let Some(after) = trouble.retry_after {
            // Whole seconds, and never at once.
            headers.insert(RETRY_AFTER, after.as_secs().saturating_add(1).into());
        }
        response
    }
}
