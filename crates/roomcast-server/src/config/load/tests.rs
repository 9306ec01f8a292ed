//! Layers: what wins, and that every key can be set.

mod redis;

use super::super::keys::Kind;
use super::*;
use roomcast_core::{PresenceKind, PublishBy, Slow};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// A configuration file that goes when the test ends.
struct File(PathBuf);

impl File {
    fn new(text: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("roomcast-load-{}-{count}.toml", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn sources(file: &File, vars: &[(&str, &str)]) -> Sources {
    let vars = vars.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    Sources { file: Some(file.0.clone()), vars, ..Sources::default() }
}

fn settings(text: &str, vars: &[(&str, &str)]) -> Settings {
    load(&sources(&File::new(text), vars)).unwrap().settings
}

#[test]
fn later_layers_win() {
    let file = File::new("listen = \"127.0.0.1:1\"\nworkers = 1\n[drain]\nrate = 1\n");
    let vars = [("ROOMCAST_WORKERS", "2"), ("ROOMCAST_LISTEN", "127.0.0.1:2"), ("PORT", "9")];
    let mut sources = sources(&file, &vars);
    sources.listen = Some("127.0.0.1:3".parse().unwrap());
    let transport = load(&sources).unwrap().settings.transport;
    assert_eq!((transport.listen.port(), transport.workers, transport.drain_rate), (3, 2, 1));
    sources.listen = None;
    assert_eq!(load(&sources).unwrap().settings.transport.listen.port(), 2);
}

#[test]
fn the_port_keeps_the_host_of_the_file() {
    let listen = |text, vars: &[(&str, &str)]| settings(text, vars).transport.listen.to_string();
    let port = [("PORT", "80")];
    assert_eq!(listen("", &port), "0.0.0.0:80");
    assert_eq!(listen("listen = \"[::1]:7\"", &port), "[::1]:80");
    assert_eq!(listen("", &[("PORT", "")]), "127.0.0.1:7666");
    let file = File::new("");
    let trial = Sources { loopback: true, ..sources(&file, &port) };
    assert_eq!(load(&trial).unwrap().settings.transport.listen.to_string(), "127.0.0.1:80");
}

/// A value other than the default for each kind that has one for all its keys.
fn other_value(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Address => "127.0.0.1:9",
        Kind::Number => "77",
        Kind::Flag => "false",
        Kind::Duration => "77s",
        Kind::Size => "777KiB",
        Kind::Secret => "0123456789abcdef0123456789abcdef",
        Kind::List => "a,b",
        Kind::Grants => r#"{ "a" = ["join"] }"#,
        Kind::Path | Kind::Word => unreachable!("each key has a value of its own"),
    }
}

#[test]
fn every_key_with_a_variable_can_be_set_by_it() {
    let file = File::new("");
    let secret = File::new("0123456789abcdef0123456789abcdef\n");
    let url = File::new("redis://other.example\n");
    let jwks =
        File::new(r#"{"keys":[{"kty":"oct","k":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"}]}"#);
    for key in KEYS {
        let Some(name) = key.env() else { continue };
        let text = match (key.path, key.kind) {
            ("auth.jwks_file", _) => jwks.0.to_str().unwrap(),
            ("redis.url", _) => "redis://other.example",
            ("redis.url_file", _) => url.0.to_str().unwrap(),
            ("redis.timeout" | "redis.ping", _) => "1s",
            ("engine.message_batch", _) => "1ms",
            (_, Kind::Path) => secret.0.to_str().unwrap(),
            ("log.format", _) => "json",
            ("auth.leeway", _) => "9s",
            ("http.allowed_origins", _) => "https://a.example, https://b.example",
            (_, kind) => other_value(kind),
        };
        // A cookie needs origins, a larger frame a larger outbox, and what is said of Redis its
        // address: not what is asked here.
        let mut vars = vec![
            ("ROOMCAST_HTTP_ALLOWED_ORIGINS", "https://a.example"),
            ("ROOMCAST_CONNECTION_OUTBOX", "1MiB"),
            ("REDIS_URL", "redis://redis.example"),
        ];
        vars.retain(|(other, _)| *other != name);
        let before = load(&sources(&file, &vars)).unwrap().config;
        vars.push((&name, text));
        let loaded = load(&sources(&file, &vars)).unwrap_or_else(|report| panic!("{report}"));
        assert_ne!(loaded.config, before, "{name} changes nothing");
        assert!(loaded.report.problems().is_empty(), "{}", loaded.report);
    }
}

#[test]
fn a_room_table_says_everything_about_a_kind() {
    let rooms = settings(
        r#"
        [[room]]
        pattern = "prices:*"
        history = { size = 5, bytes = "128KiB", ttl = "1m" }
        slow = "latest"
        presence = "count"
        publish = "backend"
        max_members = 7
        max_message = "1KiB"
        rate = 9
        [[room]]
        pattern = "*"
        presence_full_up_to = 3
        "#,
        &[],
    )
    .engine
    .rooms;
    let prices = &rooms[0];
    assert_eq!(prices.pattern.as_str(), "prices:*");
    assert_eq!((prices.history.size, prices.history.bytes), (5, 128 * 1024));
    assert_eq!(prices.history.ttl, Duration::from_secs(60));
    assert_eq!((prices.slow, prices.publish), (Slow::Latest, PublishBy::Backend));
    assert_eq!(prices.presence, PresenceKind::Count);
    assert_eq!((prices.max_members, prices.max_message, prices.rate), (7, 1024, 9));
    assert_eq!(rooms[1].presence, PresenceKind::Full { up_to: 3 });
}

#[test]
fn a_recovery_holds_the_largest_message_whole() {
    let load = |recovery: usize| {
        let text = format!("[connection]\nrecovery = {recovery}\n");
        load(&sources(&File::new(&text), &[]))
    };
    let least = 64 * 1024 + roomcast_protocol::dialect::native::MAX_ENVELOPE;
    let report = load(least - 1).unwrap_err();
    assert_eq!(report.problems()[0].path, "connection.recovery");
    assert_eq!(report.problems()[0].help, "set at least 67KiB");
    assert_eq!(load(least).unwrap().settings.engine.recovery, least);
}

#[test]
fn a_secret_is_given_once() {
    let both = "[auth]\nsecret = \"0123456789abcdef0123456789abcdef\"\nsecret_file = \"x\"\n";
    let report = load(&sources(&File::new(both), &[])).unwrap_err();
    assert_eq!(report.problems()[0].path, "auth.secret_file");
    let twice = "[[auth.key]]\nkid = \"a\"\nalgorithm = \"HS256\"\n\
                 secret = \"0123456789abcdef0123456789abcdef\"\n"
        .repeat(2);
    let report = load(&sources(&File::new(&twice), &[])).unwrap_err();
    assert_eq!(report.problems()[0].text, "another key has the `kid` `a`");
}

#[test]
fn settings_and_reports_show_no_secret() {
    let text = "[auth]\nsecret = \"hush-hush-hush-hush-hush-hush-hush\"\n\
                [api]\nsecret = \"hush-hush-hush-hush-hush-hush-hush\"\n";
    let loaded = load(&sources(&File::new(text), &[("PASSWORD", "hush")])).unwrap();
    assert!(!format!("{loaded:?}").contains("hush"));
    assert!(!serde_json::to_string(&loaded.config).unwrap().contains("hush"));
}
