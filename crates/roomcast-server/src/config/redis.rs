//! The link to other nodes: where Redis is, and what must fit it.

use super::checker::Checker;
use super::credentials::given;
use super::file::Config;
use super::keys::KEYS;
use super::settings::Redis;
use super::value::{Size, Span};
use roomcast_fanout::RedisUrl;
use roomcast_protocol::dialect::native::MAX_ENVELOPE;
use std::time::Duration;

const URL_HELP: &str = "write redis://USER:PASSWORD@HOST:PORT, in which a password is \
    percent-encoded; docs/redis.md shows Sentinel and Cluster";

/// The link to other nodes, if the configuration says where Redis is.
pub(super) fn redis(config: &Config, checker: &mut Checker<'_>) -> Option<Redis> {
    let redis = &config.redis;
    if redis.url.is_none() && redis.url_file.is_none() {
        warn_of_the_rest(checker);
        return None;
    }
    let prefix = redis.prefix.clone().unwrap_or_default();
    check_prefix(&prefix, checker);
    check_times(config, checker);
    check_queue(config, checker);
    let fanout = roomcast_fanout::Config {
        url: url(config, checker)?,
        prefix,
        timeout: redis.timeout.0,
        ping: redis.ping.0,
        lease: redis.lease.0,
        queue: redis.queue.0,
    };
    Some(Redis { fanout, required: redis.required, wait: redis.wait.0 })
}

/// Whoever sets the rest believes that this node has others beside it.
fn warn_of_the_rest(checker: &mut Checker<'_>) {
    let set = |path: &&str| path.starts_with("redis.") && checker.places.sets(path);
    let set: Vec<_> = KEYS.iter().map(|key| key.path).filter(set).collect();
    for path in set {
        let help = "set `redis.url` or the variable REDIS_URL, or take this out";
        checker.warn(path, "changes nothing without the address of Redis", help);
    }
}

fn url(config: &Config, checker: &mut Checker<'_>) -> Option<RedisUrl> {
    let redis = &config.redis;
    let (path, bytes) = given("redis.url", redis.url.as_ref(), redis.url_file.as_deref(), checker)?;
    match RedisUrl::new(&String::from_utf8_lossy(&bytes)) {
        Ok(url) => Some(url),
        Err(error) => {
            checker.error(&path, format!("this is no address of Redis: {error}"), URL_HELP);
            None
        }
    }
}

/// Braces would say which part of a key decides its place in a cluster, and `room:` ends the
/// prefix: with it inside, the rooms of one application could have the names of another's.
fn check_prefix(prefix: &str, checker: &mut Checker<'_>) {
    let path = "redis.prefix";
    let text = match prefix {
        _ if prefix.contains(['{', '}']) => "braces have a meaning of their own in a cluster",
        _ if prefix.chars().any(char::is_control) => "there is a control character in it",
        _ if prefix.contains("room:") => "`room:` comes behind the prefix by itself",
        _ if prefix.len() > 200 => "it is longer than 200 bytes",
        _ => return,
    };
    checker.error(path, text, "write a short name and a colon, such as \"shop:\"");
}

fn check_times(config: &Config, checker: &mut Checker<'_>) {
    let redis = &config.redis;
    let (tenth, minute) = (Duration::from_millis(100), Duration::from_secs(60));
    let hour = 60 * minute;
    for (path, value, least, most) in [
        ("redis.timeout", redis.timeout, tenth, minute),
        ("redis.ping", redis.ping, tenth, minute),
        ("redis.lease", redis.lease, 4 * tenth, hour),
        ("redis.wait", redis.wait, tenth, hour),
    ] {
        checker.span_within(path, value, least, most);
    }
    let least = redis.ping.0.saturating_mul(4);
    if redis.lease.0 < least {
        let text = format!("{} is less than four times `redis.ping`", redis.lease);
        let help = format!("set at least {}: a sign of life may come late", Span(least));
        checker.error("redis.lease", text, help);
    }
    if redis.wait.0 < redis.timeout.0 {
        let text = format!("{} is less than `redis.timeout`", redis.wait);
        let help = format!("set at least {}: one try may take so long", redis.timeout);
        checker.error("redis.wait", text, help);
    }
}

fn check_queue(config: &Config, checker: &mut Checker<'_>) {
    let (queue, frame) = (config.redis.queue, config.limits.max_frame);
    let least = frame.0.saturating_add(MAX_ENVELOPE);
    if queue.0 < least {
        checker.error(
            "redis.queue",
            format!("{queue} does not hold one message of `limits.max_frame`, {frame}"),
            format!("set at least {}", Size(least)),
        );
    }
}
