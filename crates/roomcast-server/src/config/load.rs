//! From files, environment and flags to a checked configuration.

use super::check::check;
use super::document::{Document, Places, Source};
use super::file::Config;
use super::keys::{self, KEYS};
use super::nearest::nearest;
use super::report::{Place, Problem, Report, Severity};
use super::settings::Settings;
use super::{document, env};
use serde_path_to_error::Segment;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// The files that are looked for where none is named.
pub const DEFAULT_FILES: [&str; 2] = ["roomcast.toml", "/etc/roomcast/roomcast.toml"];

/// What a configuration is made of.
#[derive(Clone, Default)]
pub struct Sources {
    /// The file that was named; else the first of [`DEFAULT_FILES`] that is there.
    pub file: Option<PathBuf>,
    /// The environment.
    pub vars: Vec<(String, String)>,
    /// `--listen`.
    pub listen: Option<SocketAddr>,
    /// `--workers`.
    pub workers: Option<usize>,
    /// Keeps `PORT` on the loopback interface, for `roomcast dev`.
    pub loopback: bool,
}

impl std::fmt::Debug for Sources {
    // The environment holds secrets, also those of others.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sources").field("file", &self.file).finish_non_exhaustive()
    }
}

impl Sources {
    /// The named file and the environment of this process.
    #[must_use]
    pub fn of_process(file: Option<PathBuf>) -> Self {
        let vars = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self { file, vars, ..Self::default() }
    }
}

/// A configuration that can be started from.
#[derive(Debug)]
pub struct Loaded {
    /// As it is written, all layers merged.
    pub config: Config,
    /// As the parts of the server take it.
    pub settings: Settings,
    /// The file that was read.
    pub file: Option<PathBuf>,
    /// Warnings only.
    pub report: Report,
}

/// Reads and checks a configuration.
///
/// # Errors
/// The report of everything that is wrong, if any of it keeps the server from starting.
pub fn load(sources: &Sources) -> Result<Loaded, Report> {
    let mut report = Report::default();
    let source = find_file(sources.file.as_deref(), &mut report);
    let mut document =
        source.as_ref().map(|source| Document::read(source, &mut report)).unwrap_or_default();
    let readable = report.errors() == 0;
    env::overlay(&mut document, &sources.vars, &mut report);
    overlay_others(&mut document, sources, &mut report);
    overlay_flags(&mut document, sources);
    let config = shape(document.table, &document.places, &mut report);
    // What follows from a file that could not be read would only hide why.
    let settings = if readable { check(&config, &document.places, &mut report) } else { None };
    report.sort();
    match settings {
        Some(settings) if report.errors() == 0 => {
            Ok(Loaded { config, settings, file: source.map(|source| source.path), report })
        }
        _ => Err(report),
    }
}

fn find_file(named: Option<&Path>, report: &mut Report) -> Option<Source> {
    if let Some(path) = named {
        return read_file(path, true, report);
    }
    DEFAULT_FILES.iter().find_map(|path| read_file(Path::new(path), false, report))
}

fn read_file(path: &Path, named: bool, report: &mut Report) -> Option<Source> {
    match std::fs::read_to_string(path) {
        Ok(text) => Some(document::Source { path: path.to_owned(), text }),
        Err(error) if error.kind() == ErrorKind::NotFound && !named => None,
        Err(error) => {
            report.push(Problem {
                place: Place::Named(path.display().to_string()),
                severity: Severity::Error,
                path: String::new(),
                text: format!("cannot be read: {error}"),
                help: "name a configuration file that is there and may be read".into(),
            });
            None
        }
    }
}

/// The variables that are not ours and are honoured.
fn overlay_others(document: &mut Document, sources: &Sources, report: &mut Report) {
    let var = |wanted| {
        let found = sources.vars.iter().find(|(name, text)| name == wanted && !text.is_empty());
        found.map(|(_, text)| text.as_str())
    };
    if let Some(port) = var("PORT") {
        let host = if sources.loopback { "127.0.0.1" } else { "0.0.0.0" };
        env::overlay_port(document, port, host, report);
    }
    if let Some(url) = var("REDIS_URL") {
        env::overlay_redis(document, url);
    }
}

fn overlay_flags(document: &mut Document, sources: &Sources) {
    if let Some(listen) = sources.listen {
        document.set("listen", Value::String(listen.to_string()), "--listen");
    }
    if let Some(workers) = sources.workers {
        let workers = i64::try_from(workers).unwrap_or(i64::MAX);
        document.set("workers", Value::Integer(workers), "--workers");
    }
}

/// Gives the values their shape. A value of a wrong type is reported, taken out and the rest
/// tried again, so that one run tells of all of them.
fn shape(mut table: Table, places: &Places, report: &mut Report) -> Config {
    loop {
        let mut unknown = Vec::new();
        let mut track = serde_path_to_error::Track::new();
        let values = serde_path_to_error::Deserializer::new(table.clone(), &mut track);
        let shaped: Result<Config, _> =
            serde_ignored::deserialize(values, |path| unknown.push(render(&path)));
        match shaped {
            Ok(config) => {
                unknown.iter().for_each(|path| report.push(unknown_key(path, places)));
                return config;
            }
            Err(error) => {
                let path = track.path();
                report.push(wrong_type(&path.to_string(), error.message(), places));
                if !take_out(&mut table, &path.iter().collect::<Vec<_>>()) {
                    return Config::default();
                }
            }
        }
    }
}

fn render(path: &serde_ignored::Path<'_>) -> String {
    use serde_ignored::Path;
    match path {
        Path::Root => String::new(),
        Path::Seq { parent, index } => format!("{}[{index}]", render(parent)),
        Path::Map { parent, key } => match render(parent) {
            parent if parent.is_empty() => key.clone(),
            parent => format!("{parent}.{key}"),
        },
        Path::Some { parent }
        | Path::NewtypeStruct { parent }
        | Path::NewtypeVariant { parent } => render(parent),
    }
}

fn wrong_type(path: &str, text: &str, places: &Places) -> Problem {
    let key = keys::find(path);
    let hint =
        key.map_or("docs/operations.md shows how each key is written", |key| key.kind.hint());
    Problem {
        place: places.of(path),
        severity: Severity::Error,
        path: path.to_owned(),
        text: in_words_of_toml(text, key.is_some()),
        help: hint.into(),
    }
}

/// The reason in the words of the file and not of the program. What stands in the place of a
/// whole table is not shown, because it may be a secret that slipped there.
fn in_words_of_toml(text: &str, show: bool) -> String {
    let Some((found, expected)) = text.rsplit_once(", expected ") else { return text.to_owned() };
    let expected = match expected {
        "u32" | "usize" => "a whole number that is not negative",
        "a sequence" => "a list",
        "a map" => "a table",
        other if other.starts_with("struct ") => "a table",
        other => other,
    };
    if show { format!("{found}, expected {expected}") } else { format!("expected {expected}") }
}

/// Takes out the value at the path, or the nearest thing around it that can be taken out.
fn take_out(table: &mut Table, path: &[&Segment]) -> bool {
    let Some((Segment::Map { key }, rest)) = path.split_first() else { return false };
    let inside = table.get_mut(key).is_some_and(|value| take_out_of(value, rest));
    inside || table.remove(key).is_some()
}

fn take_out_of(value: &mut Value, path: &[&Segment]) -> bool {
    match (value, path) {
        (Value::Table(table), _) => take_out(table, path),
        (Value::Array(array), [Segment::Seq { index }, rest @ ..]) => {
            array.get_mut(*index).is_some_and(|value| take_out_of(value, rest))
        }
        _ => false,
    }
}

fn unknown_key(path: &str, places: &Places) -> Problem {
    let general = keys::general(path);
    let (parent, name) = general.rsplit_once('.').unwrap_or(("", &general));
    let siblings = siblings(parent);
    let near = nearest(name, siblings.iter().copied());
    let elsewhere = KEYS.iter().find(|key| key.path.rsplit('.').next() == Some(name));
    let help = match (near, elsewhere) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, Some(key)) => format!("did you mean `{}`?", key.path),
        (None, None) => format!("known here: {}", siblings.join(", ")),
    };
    Problem {
        place: places.of_key(path),
        severity: Severity::Error,
        path: path.to_owned(),
        text: "unknown key".into(),
        help,
    }
}

/// The names that can stand in the table at the path.
fn siblings(parent: &str) -> Vec<&'static str> {
    let mut names: Vec<_> = KEYS
        .iter()
        .filter_map(|key| match parent {
            "" => Some(key.path),
            _ => key.path.strip_prefix(parent)?.strip_prefix('.'),
        })
        .map(|rest| rest.split(['.', '[']).next().unwrap_or(rest))
        .collect();
    names.dedup();
    names
}

#[cfg(test)]
mod tests;
