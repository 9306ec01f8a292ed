//! Why a command was refused: one slug for each reason, and whether to try again.

use std::fmt;
use std::time::Duration;

macro_rules! error_codes {
    ($($(#[$doc:meta])* $name:ident = $slug:literal, $retry:literal;)*) => {
        /// The reason of an `error` frame. Programs read the slug, people the message beside it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode { $($(#[$doc])* $name,)* }

        impl ErrorCode {
            /// Every code, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The word on the wire.
            #[must_use]
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$name => $slug,)* }
            }

            /// Whether the same command can succeed later.
            #[must_use]
            pub const fn retry(self) -> bool {
                match self { $(Self::$name => $retry,)* }
            }
        }
    };
}

error_codes! {
    /// The frame is not what the protocol says.
    BadRequest = "bad_request", false;
    /// The `type` is none of this dialect's.
    UnknownType = "unknown_type", false;
    /// The message is larger than its room allows.
    TooLarge = "too_large", false;
    /// The token is refused.
    Unauthorized = "unauthorized", false;
    /// The token has expired; send a fresh one.
    TokenExpired = "token_expired", true;
    /// No grant allows this, or the room's kind does not.
    Forbidden = "forbidden", false;
    /// The room was not joined before.
    NotJoined = "not_joined", false;
    /// The room is joined already.
    AlreadyJoined = "already_joined", false;
    /// A limit of the session or the room is reached.
    Limit = "limit", false;
    /// Too many commands in too little time.
    RateLimited = "rate_limited", true;
    /// The service cannot do this now.
    Unavailable = "unavailable", true;
    /// A defect of the server.
    Internal = "internal", true;
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.slug())
    }
}

/// A client's mistake or a passing trouble, told to that client; it is never an `Err` of the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The reason for programs.
    pub code: ErrorCode,
    /// The reason for people, and what to do.
    pub message: String,
    /// When to try again, if that helps.
    pub retry_after: Option<Duration>,
}

impl Refusal {
    /// A refusal without a time to wait.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retry_after: None }
    }

    /// Shorthand for the most frequent mistake.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::BadRequest, message)
    }
}
