//! What can be set of the fan-out: meaning, unit, default, and what more of it costs.

use std::fmt;
use std::time::Duration;

/// Where Redis is, with the password if it needs one: its `Debug` and `Display` hide that.
///
/// | begins with | is |
/// | --- | --- |
/// | `redis://`, `rediss://` | one server, with `s` over TLS |
/// | `redis-sentinel://`, `rediss-sentinel://` | the primary that Sentinels name: `?node=HOST:PORT` for more of them, `&sentinelServiceName=NAME` |
/// | `redis-cluster://`, `rediss-cluster://` | a cluster, Redis 7 or newer: `?node=HOST:PORT` for more of its nodes |
///
/// `valkey` may stand for `redis` (`valkeys://` for `rediss://`). User, password and database as usual:
/// `redis://USER:PASSWORD@HOST:PORT/DATABASE`.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisUrl(String);

impl RedisUrl {
    /// Takes the text if it is the address of a Redis.
    ///
    /// # Errors
    /// [`InvalidUrl`] says what is wrong, without the password.
    pub fn new(text: &str) -> Result<Self, InvalidUrl> {
        let url = text.strip_prefix("valkey").map_or_else(|| text.to_owned(), as_redis);
        if !SCHEMES.iter().any(|scheme| url.split("://").next() == Some(*scheme)) {
            let message = format!("it must begin with one of {}, and `://`", SCHEMES.join(", "));
            return Err(InvalidUrl(message));
        }
        if !path(&url).trim_start_matches('/').chars().all(|c| c.is_ascii_digit()) {
            let message = "what stands behind `/` must be the number of a database; \
                a `/` in a password is written %2F";
            return Err(InvalidUrl(message.to_owned()));
        }
        crate::fred_bus::check_url(&url).map_err(InvalidUrl)?;
        Ok(Self(url))
    }

    /// The whole text, with the password.
    pub(crate) fn secret(&self) -> &str {
        &self.0
    }
}

const SCHEMES: [&str; 6] =
    ["redis", "rediss", "redis-sentinel", "rediss-sentinel", "redis-cluster", "rediss-cluster"];

/// What stands behind the host, from the `/` on.
fn path(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    rest.find('/').map_or("", |at| &rest[at..])
}

/// What stands behind `valkey`, behind `redis`.
fn as_redis(rest: &str) -> String {
    format!("redis{rest}")
}

/// Why a text is no address of a Redis.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidUrl(String);

impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, rest) = self.0.split_once("://").unwrap_or(("", &self.0));
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let host = rest[..end].rsplit('@').next().unwrap_or_default();
        write!(f, "{scheme}://{host}")?;
        // Anything but a number may be a piece of a password.
        match path(&self.0).trim_start_matches('/').parse::<u32>() {
            Ok(database) => write!(f, "/{database}"),
            Err(_) => Ok(()),
        }
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The settings of the fan-out.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Where Redis is.
    pub url: RedisUrl,
    /// What every key and channel begins with, for applications that share a Redis; channels do
    /// not belong to a database. No braces. Default: nothing.
    pub prefix: String,
    /// How long Redis may take to accept a connection or to answer, before it counts as away.
    /// Default 2 s.
    pub timeout: Duration,
    /// How often each connection is asked for a sign of life. Default 500 ms.
    pub ping: Duration,
    /// How long a node that shows no sign of life keeps its members' presence; then the other
    /// nodes say that they left. Default 10 s, at least four times `ping`.
    pub lease: Duration,
    /// Bytes of messages that may wait to be given to Redis; beyond, publishing is refused with
    /// `unavailable`. Default 64 MiB.
    pub queue: usize,
}

impl Config {
    /// The defaults, for the Redis at that address.
    #[must_use]
    pub fn new(url: RedisUrl) -> Self {
        Self {
            url,
            prefix: String::new(),
            timeout: Duration::from_secs(2),
            ping: Duration::from_millis(500),
            lease: Duration::from_secs(10),
            queue: 64 << 20,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_user_and_password() {
        let url = RedisUrl::new("redis://ann:p@ss@10.0.0.1:6380/2?x=1").unwrap();
        assert_eq!(format!("{url} {url:?}"), "redis://10.0.0.1:6380/2 redis://10.0.0.1:6380/2");
    }

    #[test]
    fn of_a_path_only_the_number_of_a_database_is_shown() {
        for (text, shown) in [
            ("redis-cluster://ann:6379/ssecret@host", "redis-cluster://ann:6379"),
            ("redis://host/2/secret", "redis://host"),
            ("redis://host/", "redis://host"),
            ("redis://host/2#secret", "redis://host/2"),
        ] {
            assert_eq!(RedisUrl(text.to_owned()).to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_address_is_refused_without_showing_it() {
        for bad in [
            "",
            "redis",
            "http://ann:secret@host",
            "redis://ann:secret@host:port",
            "redis://ann:p@ss/secret@host",
            "redis-cluster://ann:6379/secret@host",
        ] {
            let error = RedisUrl::new(bad).expect_err(bad).to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
