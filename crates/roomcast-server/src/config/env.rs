//! `ROOMCAST_*` variables, `PORT` and `REDIS_URL`, laid over the file.

use super::document::Document;
use super::keys::{KEYS, Key, Kind};
use super::report::{Place, Problem, Report, Severity};
use toml::{Table, Value};

/// Lays the variables over the document. An unknown `ROOMCAST_*` only warns, because container
/// platforms make variables of their own from the names of services.
pub fn overlay(document: &mut Document, vars: &[(String, String)], report: &mut Report) {
    for (name, text) in vars.iter().filter(|(name, text)| ours(name) && !text.is_empty()) {
        match KEYS.iter().find(|key| key.env().as_deref() == Some(name)) {
            Some(key) => set(document, key, name, text),
            None => report.push(unknown(name)),
        }
    }
}

fn ours(name: &str) -> bool {
    name.starts_with("ROOMCAST_")
}

/// Whether one of our variables gave the value.
fn ours_gave(document: &Document, path: &str) -> bool {
    matches!(document.places.of(path), Place::Named(origin) if ours(&origin))
}

fn set(document: &mut Document, key: &Key, name: &str, text: &str) {
    // A secret of a lower layer must not stand beside the one that replaces it.
    let rival = match key.path.strip_suffix("_file") {
        Some(path) => path.to_owned(),
        None => format!("{}_file", key.path),
    };
    if matches!(key.kind, Kind::Secret | Kind::Path) && !ours_gave(document, &rival) {
        document.remove(&rival);
    }
    document.set(key.path, read(key.kind, text), name);
}

/// The value that the text stands for. What cannot be read as the kind stays a text, which the
/// shape of the configuration then refuses with its reason.
fn read(kind: Kind, text: &str) -> Value {
    let plain = || Value::String(text.to_owned());
    match kind {
        Kind::Number => text.trim().parse().map_or_else(|_| plain(), Value::Integer),
        Kind::Flag => match text.trim() {
            "true" | "1" => Value::Boolean(true),
            "false" | "0" => Value::Boolean(false),
            _ => plain(),
        },
        Kind::List => {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            Value::Array(parts.map(|part| Value::String(part.to_owned())).collect())
        }
        Kind::Grants => {
            let table = format!("value = {text}").parse::<Table>();
            table.ok().and_then(|mut table| table.remove("value")).unwrap_or_else(plain)
        }
        _ => plain(),
    }
}

fn unknown(name: &str) -> Problem {
    let known: Vec<_> = KEYS.iter().filter_map(Key::env).collect();
    let near = super::nearest::nearest(name, known.iter().map(String::as_str));
    Problem {
        place: Place::Named(name.to_owned()),
        severity: Severity::Warning,
        path: String::new(),
        text: "unknown variable".into(),
        help: near.map_or_else(
            || "it changes nothing; docs/operations.md names every variable".into(),
            |near| format!("did you mean `{near}`?"),
        ),
    }
}

/// Lays `PORT` over the document: the port of `listen`. Where nothing else sets `listen`, the
/// host becomes `host`, because platforms that set `PORT` connect from outside.
pub fn overlay_port(document: &mut Document, port: &str, host: &str, report: &mut Report) {
    if ours_gave(document, "listen") {
        return;
    }
    let Ok(port) = port.trim().parse::<u16>() else {
        report.push(Problem {
            place: Place::Named("PORT".into()),
            severity: Severity::Error,
            path: "listen".into(),
            text: "is not a port".into(),
            help: "set PORT to a number from 0 to 65535, or unset it".into(),
        });
        return;
    };
    let listen = document.table.get("listen").and_then(Value::as_str);
    let host = listen.and_then(|listen| listen.rsplit_once(':')).map_or(host, |(host, _)| host);
    let listen = format!("{host}:{port}");
    document.set("listen", Value::String(listen), "PORT");
}

/// Lays `REDIS_URL` over the document: where Redis is, as platforms and other programs say it,
/// unless a variable of ours does.
pub fn overlay_redis(document: &mut Document, url: &str) {
    if ours_gave(document, "redis.url") || ours_gave(document, "redis.url_file") {
        return;
    }
    document.remove("redis.url_file");
    document.set("redis.url", Value::String(url.to_owned()), "REDIS_URL");
}
