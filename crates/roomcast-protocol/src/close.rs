//! Close codes. 4000–4499 mean *come back*, 4500–4999 mean *stay away*.

macro_rules! close_codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $reason:literal;)*) => {
        /// Why a socket is closed, as the close frame says it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum CloseCode { $($(#[$doc])* $name,)* }

        impl CloseCode {
            /// Every code, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The number in the close frame.
            #[must_use]
            pub const fn code(self) -> u16 {
                match self { $(Self::$name => $code,)* }
            }

            /// The reason in the close frame, which also names the cause in metrics and logs.
            #[must_use]
            pub const fn reason(self) -> &'static str {
                match self { $(Self::$name => $reason,)* }
            }
        }
    };
}

close_codes! {
    /// The peer broke the WebSocket protocol (RFC 6455).
    Protocol = 1002, "protocol error";
    /// A text message was not UTF-8 (RFC 6455).
    NotUtf8 = 1007, "not UTF-8";
    /// A message was larger than the limit (RFC 6455).
    TooBig = 1009, "message too big";
    /// The server closed the connection for no reason of the client's.
    Closed = 4000, "closed";
    /// The server is going away; other nodes are there.
    Drain = 4001, "drain";
    /// The client read too slowly.
    TooSlow = 4002, "too slow";
    /// No sign of life before the deadline.
    NoSignOfLife = 4003, "no sign of life";
    /// The token expired: fetch a fresh one, then come back.
    TokenExpired = 4004, "token expired";
    /// The server lost this session's state: join again.
    StateLost = 4005, "state lost";
    /// The server has too much to do.
    Overloaded = 4006, "overloaded";
    /// The token is refused.
    TokenRefused = 4500, "token refused";
    /// What the client wants is not allowed.
    Forbidden = 4502, "forbidden";
    /// The backend disconnected this user.
    Disconnected = 4503, "disconnected by the backend";
    /// The client went past a limit.
    Limit = 4504, "limit";
}

impl CloseCode {
    /// Whether a client should come back after this code.
    #[must_use]
    pub const fn comes_back(self) -> bool {
        self.code() < 4500
    }
}

#[cfg(test)]
mod tests {
    use super::CloseCode;
    use std::collections::HashSet;

    #[test]
    fn no_code_stands_twice() {
        let codes: HashSet<u16> = CloseCode::ALL.iter().map(|code| code.code()).collect();
        assert_eq!(codes.len(), CloseCode::ALL.len());
        assert!(CloseCode::Drain.comes_back() && !CloseCode::Limit.comes_back());
    }
}
