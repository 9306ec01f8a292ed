//! Every key that can be set: path, kind of value, default as it is shown, meaning.
//!
//! The environment names come from here, and tests hold this table, the structs and
//! `docs/operations.md` together.

/// What stands behind a key; decides how an environment variable is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// One of a few words.
    Word,
    /// An address and port.
    Address,
    /// The name of a file, relative to the configuration file (in the environment: to the
    /// working directory).
    Path,
    /// A whole number.
    Number,
    /// `true` or `false`.
    Flag,
    /// A length of time.
    Duration,
    /// A number of bytes.
    Size,
    /// A text that must not be shown.
    Secret,
    /// A list of texts.
    List,
    /// A table from patterns to actions.
    Grants,
}

impl Kind {
    /// What a value of the kind looks like, for the help behind an error.
    #[must_use]
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Text | Self::Secret => "write a string in quotes",
            Self::Word => "write one of these words in quotes",
            Self::Address => "write an IP address and a port, such as \"127.0.0.1:7666\"",
            Self::Path => "write the name of a file in quotes",
            Self::Number => "write a number such as 100, without quotes",
            Self::Flag => "write true or false",
            Self::Duration => "write a duration such as \"30s\", \"500ms\" or \"2m\"",
            Self::Size => "write a size such as \"64KiB\", or a number of bytes",
            Self::List => "write a list of strings, such as [\"a\", \"b\"]",
            Self::Grants => "write a table such as { \"chat:*\" = [\"join\", \"publish\"] }",
        }
    }
}

/// One key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Where it stands in the file; `[]` marks a table that can be there many times.
    pub path: &'static str,
    /// What stands behind it.
    pub kind: Kind,
    /// The default as it is shown; `-` is none.
    pub default: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

impl Key {
    /// The name of its environment variable; keys of tables that repeat have none.
    #[must_use]
    pub fn env(&self) -> Option<String> {
        let scalar = !self.path.contains("[]");
        scalar.then(|| format!("ROOMCAST_{}", self.path.to_uppercase().replace('.', "_")))
    }
}

const fn key(path: &'static str, kind: Kind, default: &'static str, meaning: &'static str) -> Key {
    Key { path, kind, default, meaning }
}

/// The key behind the path of a value, such as `room[2].history.size`.
#[must_use]
pub fn find(path: &str) -> Option<&'static Key> {
    let general = general(path);
    KEYS.iter().find(|key| key.path == general)
}

/// The path with every index taken out: `room[2].rate` becomes `room[].rate`.
#[must_use]
pub fn general(path: &str) -> String {
    let mut general = String::with_capacity(path.len());
    let mut inside = false;
    for character in path.chars() {
        inside = character == '[' || (inside && character != ']');
        if !inside || character == '[' {
            general.push(character);
        }
    }
    general
}

/// Every key.
// One line for each key keeps this a table.
#[rustfmt::skip]
pub const KEYS: &[Key] = &[
    key("listen", Kind::Address, "127.0.0.1:7666", "Where clients connect. Port 0 takes a free one."),
    key("workers", Kind::Number, "0", "Worker threads. 0 is one per core."),
    key("limits.commands_per_second", Kind::Number, "100", "Commands a second that one session may send in the long run. Beyond it: `rate_limited`."),
    key("limits.burst", Kind::Number, "200", "Commands that one session may send at once after a quiet time."),
    key("limits.rooms", Kind::Number, "100", "Rooms that one session may be in."),
    key("limits.in_flight", Kind::Number, "256", "Commands of one session that may wait for their reply."),
    key("limits.max_frame", Kind::Size, "64KiB", "Largest frame of a client."),
    key("limits.max_connections", Kind::Number, "1000000", "Most connections at a time. Beyond it: 503. The system's open-files limit counts as well."),
    key("heartbeat.interval", Kind::Duration, "30s", "A client that was silent for so long is pinged. At least 100ms."),
    key("heartbeat.timeout", Kind::Duration, "10s", "A pinged client that stays silent for so long is closed with 4003."),
    key("expiry.notice", Kind::Duration, "30s", "How long before its token ends a client is told `expiring`; at half of what is left when the token is shown, if that is later."),
    key("expiry.grace", Kind::Duration, "10s", "How long after the end a fresh token is still taken. Then: 4004."),
    key("connection.header_timeout", Kind::Duration, "10s", "How long a client may take for the head of its HTTP request."),
    key("connection.close_timeout", Kind::Duration, "5s", "How long a closing connection may take to say goodbye."),
    key("connection.unsent", Kind::Size, "16KiB", "The kernel takes nothing more for a client while so many bytes stand unsent in it. What it took last, up to 64KiB, may exceed that."),
    key("connection.outbox", Kind::Size, "192KiB", "Bytes of messages that may wait in this process for one client that reads slowly. At least `limits.max_frame` and 3 KiB."),
    key("connection.recovery", Kind::Size, "1MiB", "Bytes of missed messages that one join may send, less what waits already. A client that missed more is told so. A client whose socket takes everything may be sent a burst of so much more. At least `limits.max_frame` and 3 KiB."),
    key("connection.stall", Kind::Duration, "20s", "How long a client may take nothing of what waits for it. Then: 4002. So long has one that is being closed for its last frames, too."),
    key("engine.inbox", Kind::Size, "64MiB", "Bytes of messages that may wait for one worker. Beyond it, its rooms repair themselves from history."),
    key("engine.linger", Kind::Duration, "5s", "How long a room without members stays subscribed."),
    key("engine.dedupe", Kind::Duration, "2m", "How long a `message_id` is remembered. At least as long as clients retry."),
    key("engine.presence_batch", Kind::Duration, "100ms", "How long presence changes are gathered before members are told."),
    key("engine.message_batch", Kind::Duration, "0s", "How long a worker gathers messages from the beginning of a delivery on, so that each member gets in one write what one turn takes in. Joins, questions and other urgent things end it. 0s delivers at once. In whole milliseconds, at most 100ms."),
    key("drain.timeout", Kind::Duration, "30s", "How long the end of the server may take. What is left then is cut."),
    key("drain.rate", Kind::Number, "1000", "Clients a second that are sent away while the server ends."),
    key("auth.issuer", Kind::Text, "-", "The `iss` that every token must have. Not checked unless set."),
    key("auth.audience", Kind::List, "[]", "Every token must have one of these as `aud`. Not checked unless set."),
    key("auth.leeway", Kind::Duration, "5s", "How far `exp` and `nbf` may be off, for clocks that disagree. At most 30s."),
    key("auth.cookie", Kind::Text, "-", "Name of a cookie that may carry the token. Needs `http.allowed_origins`."),
    key("auth.secret", Kind::Secret, "-", "A HS256 secret of at least 32 bytes for tokens without `kid`. Short for one `[[auth.key]]`."),
    key("auth.secret_file", Kind::Path, "-", "A file that holds `auth.secret`."),
    key("auth.jwks_file", Kind::Path, "-", "A JWKS file with more keys."),
    key("auth.anonymous", Kind::Grants, "{}", "What clients without a token may do, by pattern. Empty: a token is needed."),
    key("auth.key[].kid", Kind::Text, "-", "The `kid` of the tokens that are signed with this key."),
    key("auth.key[].algorithm", Kind::Word, "-", "Required: `HS256`, `RS256`, `ES256` or `EdDSA`. A token must be signed with exactly this."),
    key("auth.key[].secret", Kind::Secret, "-", "The secret (HS256 only), at least 32 bytes, used as it is written."),
    key("auth.key[].secret_file", Kind::Path, "-", "A file that holds the secret (HS256 only). A newline at its end does not count."),
    key("auth.key[].public_key_file", Kind::Path, "-", "The public key as PEM (RS256, ES256, EdDSA)."),
    key("http.allowed_origins", Kind::List, "[]", "Origins of web pages that may connect, such as `https://app.example.com`. Empty: any."),
    key("guide.enabled", Kind::Flag, "true", "Whether the endpoints of the guide (`/ws`, `/ws/chat/{room}`, `/ws/secure`, `/ws/reliable`) are there."),
    key("api.secret", Kind::Secret, "-", "A key of at least 32 bytes for the backend's HTTP interface. Short for one `[[api.key]]`."),
    key("api.secret_file", Kind::Path, "-", "A file that holds `api.secret`."),
    key("api.key[].name", Kind::Text, "-", "What logs call the backend that uses this key."),
    key("api.key[].secret", Kind::Secret, "-", "The key, at least 32 bytes."),
    key("api.key[].secret_file", Kind::Path, "-", "A file that holds the key."),
    key("admin.listen", Kind::Address, "127.0.0.1:7667", "Where `serve` shows metrics and the console to operators."),
    key("redis.url", Kind::Secret, "-", "Where Redis or Valkey is, for [several nodes](#several-nodes): `redis://USER:PASSWORD@HOST:PORT/DATABASE`, `rediss://` over TLS. Not set: this node is alone."),
    key("redis.url_file", Kind::Path, "-", "A file that holds `redis.url`."),
    key("redis.required", Kind::Flag, "true", "Whether this node is of no use while Redis is away: then it does not start without, and `/ready` says 503 until it is back."),
    key("redis.wait", Kind::Duration, "10s", "How long the start waits for Redis, if that is required. Then: exit code 69. At least `redis.timeout`."),
    key("redis.prefix", Kind::Text, "-", "What every key and channel in Redis begins with, for applications that share one, such as `shop:`."),
    key("redis.timeout", Kind::Duration, "2s", "How long Redis may take to accept a connection or to answer. Then it counts as away."),
    key("redis.ping", Kind::Duration, "500ms", "How often each connection to Redis is asked for a sign of life."),
    key("redis.lease", Kind::Duration, "10s", "How long a node that shows Redis no sign of life keeps its members' presence. At least four times `redis.ping`."),
    key("redis.queue", Kind::Size, "64MiB", "Bytes of messages that may wait to be given to Redis. Beyond it, publishing is refused with `unavailable`. At least `limits.max_frame` and 3 KiB."),
    key("log.format", Kind::Word, "auto", "`pretty`, `json`, or `auto`: pretty on a terminal, JSON otherwise."),
    key("room[].pattern", Kind::Text, "-", "Required: which rooms are of this kind. `*` stands for any run of characters."),
    key("room[].history.size", Kind::Number, "1000", "Messages kept of a room. 0 keeps none."),
    key("room[].history.bytes", Kind::Size, "1MiB", "Bytes of payload kept of a room, whatever `size` says."),
    key("room[].history.ttl", Kind::Duration, "5m", "How long a message is kept."),
    key("room[].slow", Kind::Word, "disconnect", "What happens to slow members: `disconnect` (they come back and recover), `skip` (oldest go), `latest` (only the newest of each key waits)."),
    key("room[].presence", Kind::Word, "full", "What members learn of each other: `none`, `count` or `full`."),
    key("room[].presence_full_up_to", Kind::Number, "200", "The size up to which `full` tells lists. Beyond it: the count."),
    key("room[].publish", Kind::Word, "members", "Who may publish, beside having the grant: `members`, `backend` or `none`."),
    key("room[].max_members", Kind::Number, "100000", "Most members of one room on this node."),
    key("room[].max_message", Kind::Size, "64KiB", "Largest payload. At most `limits.max_frame`."),
    key("room[].rate", Kind::Number, "0", "Messages a second that all members together may publish in one room. 0 is no limit."),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::file::{ApiKey, AuthKey, Config};
    use crate::config::room::Room;
    use serde_json::Value;
    use std::collections::BTreeMap;

    /// Every leaf of the value with its text, as the table would show it.
    fn leaves(path: &str, value: &Value, found: &mut BTreeMap<String, String>) {
        let shown = match value {
            Value::Object(map) if path != "auth.anonymous" => {
                for (key, value) in map {
                    let dot = if path.is_empty() { "" } else { "." };
                    leaves(&format!("{path}{dot}{key}"), value, found);
                }
                return;
            }
            Value::Array(list) if list.iter().any(Value::is_object) => {
                return list.iter().for_each(|one| leaves(&format!("{path}[]"), one, found));
            }
            Value::Null => "-".to_owned(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        found.insert(path.to_owned(), shown);
    }

    #[test]
    fn the_table_and_the_structs_agree_both_ways_also_about_defaults() {
        let mut config = Config { room: vec![Room::default()], ..Config::default() };
        config.auth.key.push(AuthKey::default());
        config.api.key.push(ApiKey::default());
        let mut found = BTreeMap::new();
        leaves("", &serde_json::to_value(config).unwrap(), &mut found);
        let table: BTreeMap<_, _> =
            KEYS.iter().map(|key| (key.path.to_owned(), key.default.to_owned())).collect();
        assert_eq!(table.len(), KEYS.len(), "a key stands twice in the table");
        assert_eq!(found, table);
    }

    #[test]
    fn environment_names_follow_from_paths() {
        let env = |path| find(path).unwrap().env();
        assert_eq!(env("heartbeat.interval").unwrap(), "ROOMCAST_HEARTBEAT_INTERVAL");
        assert_eq!(env("room[3].rate"), None);
    }

    #[test]
    fn every_key_stands_in_the_operators_page_as_it_is() {
        let page = include_str!("../../../../docs/operations.md");
        for key in KEYS {
            let env = key.env().map_or("-".to_owned(), |name| format!("`{name}`"));
            let row = format!("| `{}` | {env} | `{}` | {} |", key.path, key.default, key.meaning);
            assert!(page.contains(&row), "docs/operations.md lacks this row:\n{row}");
        }
    }
}
