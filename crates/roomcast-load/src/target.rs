//! Where the server is.

use std::net::{SocketAddr, ToSocketAddrs};
use thiserror::Error;

/// A `ws://` address, with a place for the room's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    text: String,
    host: String,
    port: u16,
    path: String,
}

/// Why a text is no address of a server.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TargetError {
    /// TLS is another program's.
    #[error(
        "`wss://` is not spoken: this measures the server, not TLS. Give the server's own `ws://` address, behind the proxy"
    )]
    Tls,
    /// Another scheme, or none.
    #[error("`{0}` is no address of a WebSocket server: write ws://HOST:PORT/PATH")]
    Scheme(String),
    /// No host, or a port that is none.
    #[error("`{0}` names no host and port: write ws://HOST:PORT/PATH")]
    Host(String),
    /// Something that a request line cannot have.
    #[error("the path of `{0}` has white space, a control character or a `#`: write them as %XX")]
    Path(String),
}

impl Target {
    /// Reads `ws://HOST[:PORT][/PATH]`; `{room}` in the path stands for the room's name.
    ///
    /// # Errors
    /// Says what is wrong with the text.
    ///
    /// # Examples
    /// ```
    /// let target = roomcast_load::Target::parse("ws://127.0.0.1:7666/ws/chat/{room}").unwrap();
    /// assert_eq!(target.path("bench-0"), "/ws/chat/bench-0");
    /// assert!(roomcast_load::Target::parse("wss://example.com/").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        let lower = text.to_ascii_lowercase();
        if lower.starts_with("wss://") || lower.starts_with("https://") {
            return Err(TargetError::Tls);
        }
        if !lower.starts_with("ws://") {
            return Err(TargetError::Scheme(text.to_owned()));
        }
        let rest = &text[5..];
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (place, path) = rest.split_at(end);
        let host = || TargetError::Host(text.to_owned());
        let (name, port) = match place.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => {
                (name, port.parse::<u16>().map_err(|_| host())?)
            }
            _ => (place, 80),
        };
        if name.is_empty() || port == 0 || name.contains(['@', ' ']) {
            return Err(host());
        }
        if path.contains(|c: char| c.is_whitespace() || c.is_control() || c == '#') {
            return Err(TargetError::Path(text.to_owned()));
        }
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Self { text: text.to_owned(), host: name.to_owned(), port, path })
    }

    /// The address as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What a request for this room asks for.
    #[must_use]
    pub fn path(&self, room: &str) -> String {
        self.path.replace("{room}", room)
    }

    /// Whether each room has an address of its own.
    #[must_use]
    pub fn names_the_room(&self) -> bool {
        self.path.contains("{room}")
    }

    /// The path without what comes after `?`.
    pub(crate) fn endpoint(&self) -> &str {
        self.path.split('?').next().unwrap_or_default()
    }

    /// What stands in the header `Host`.
    pub(crate) fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// Looks the host up.
    pub(crate) fn resolve(&self) -> std::io::Result<SocketAddr> {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        let nothing = || std::io::Error::new(std::io::ErrorKind::NotFound, "no address");
        (host, self.port).to_socket_addrs()?.next().ok_or_else(nothing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart() {
        let target = Target::parse("ws://[::1]:9/a/{room}?token=x").unwrap();
        assert_eq!(target.path("r"), "/a/r?token=x");
        assert_eq!((target.endpoint(), target.authority().as_str()), ("/a/{room}", "[::1]:9"));
        assert_eq!(target.resolve().unwrap(), "[::1]:9".parse().unwrap());
        let plain = Target::parse("WS://localhost").unwrap();
        assert_eq!((plain.path("r").as_str(), plain.authority().as_str()), ("/", "localhost:80"));
        assert!(!plain.names_the_room());
    }

    #[test]
    fn what_is_no_address_is_refused() {
        assert_eq!(Target::parse("wss://a/"), Err(TargetError::Tls));
        for (text, part) in [
            ("http://a/", "ws://HOST"),
            ("ws://", "no host"),
            ("ws://a:b/", "no host"),
            ("ws://a:0/", "no host"),
            ("ws://a/b c", "white space"),
            ("ws://a#b", "`#`"),
        ] {
            let error = Target::parse(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
