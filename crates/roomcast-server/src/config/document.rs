//! A configuration document and where each of its values came from.

use super::report::{Place, Problem, Report, Severity};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

/// A file as it was read: its name for people, and its text.
#[derive(Debug, Clone)]
pub struct Source {
    /// The name as it was given.
    pub path: PathBuf,
    /// What stands in it.
    pub text: String,
}

/// Where the values of a document came from, by path.
#[derive(Debug, Clone, Default)]
pub struct Places {
    values: BTreeMap<String, Place>,
    keys: BTreeMap<String, Place>,
}

impl Places {
    /// Where the value came from; where it is absent, where the table came from that lacks it.
    #[must_use]
    pub fn of(&self, path: &str) -> Place {
        Self::climb(&self.values, path)
    }

    /// Where the key stands.
    #[must_use]
    pub fn of_key(&self, path: &str) -> Place {
        Self::climb(&self.keys, path)
    }

    fn climb(places: &BTreeMap<String, Place>, path: &str) -> Place {
        let mut path = path;
        loop {
            if let Some(place) = places.get(path) {
                return place.clone();
            }
            match path.rfind(['.', '[']) {
                Some(end) => path = &path[..end],
                None => return Place::Named("configuration".into()),
            }
        }
    }

    /// Whether something sets the value.
    #[must_use]
    pub fn sets(&self, path: &str) -> bool {
        self.values.contains_key(path)
    }

    /// The folder that a file name in the value is relative to.
    #[must_use]
    pub fn folder(&self, path: &str) -> PathBuf {
        match self.values.get(path) {
            Some(Place::File { file, .. }) => {
                Path::new(file).parent().map(Path::to_path_buf).unwrap_or_default()
            }
            _ => PathBuf::new(),
        }
    }
}

/// Values and where they came from.
#[derive(Debug, Default)]
pub struct Document {
    /// The values.
    pub table: Table,
    /// Where they came from.
    pub places: Places,
}

impl Document {
    /// Reads TOML; every mistake in its grammar is reported.
    #[must_use]
    pub fn read(source: &Source, report: &mut Report) -> Self {
        let lines = Lines { file: source.path.display().to_string(), text: &source.text };
        let (root, errors) = DeTable::parse_recoverable(&source.text);
        for error in &errors {
            report.push(Problem {
                place: lines.place(&error.span().unwrap_or_default()),
                severity: Severity::Error,
                path: String::new(),
                text: error.message().to_owned(),
                help: "this is not TOML: see https://toml.io".into(),
            });
        }
        let mut places = Places::default();
        walk(root.get_ref(), "", &lines, &mut places);
        let table = if errors.is_empty() { source.text.parse().ok() } else { None };
        Self { table: table.unwrap_or_default(), places }
    }

    /// Sets a value in place of what was there.
    pub fn set(&mut self, path: &str, value: Value, origin: &str) {
        let mut table = &mut self.table;
        let mut segments = path.split('.').peekable();
        while let Some(segment) = segments.next() {
            if segments.peek().is_none() {
                table.insert(segment.to_owned(), value);
                break;
            }
            let inner = table.entry(segment).or_insert_with(|| Value::Table(Table::new()));
            // What is no table here is a problem that the next stage reports.
            let Value::Table(inner) = inner else { return };
            table = inner;
        }
        self.places.values.insert(path.to_owned(), Place::Named(origin.to_owned()));
    }

    /// Takes a value out.
    pub fn remove(&mut self, path: &str) {
        let mut table = &mut self.table;
        let mut segments = path.split('.').peekable();
        while let Some(segment) = segments.next() {
            if segments.peek().is_none() {
                table.remove(segment);
                return;
            }
            let Some(Value::Table(inner)) = table.get_mut(segment) else { return };
            table = inner;
        }
    }
}

/// Turns byte offsets into lines and columns.
struct Lines<'a> {
    file: String,
    text: &'a str,
}

impl Lines<'_> {
    fn place(&self, span: &Range<usize>) -> Place {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Place::File { file: self.file.clone(), line, column }
    }
}

fn walk(table: &DeTable<'_>, path: &str, lines: &Lines<'_>, places: &mut Places) {
    for (key, value) in table {
        let dot = if path.is_empty() { "" } else { "." };
        let path = format!("{path}{dot}{}", key.get_ref());
        places.keys.insert(path.clone(), lines.place(&key.span()));
        places.values.insert(path.clone(), lines.place(&value.span()));
        walk_value(value.get_ref(), &path, lines, places);
    }
}

fn walk_value(value: &DeValue<'_>, path: &str, lines: &Lines<'_>, places: &mut Places) {
    match value {
        DeValue::Table(table) => walk(table, path, lines, places),
        DeValue::Array(array) => {
            for (index, value) in array.iter().enumerate() {
                let path = format!("{path}[{index}]");
                let place = lines.place(&value.span());
                places.keys.insert(path.clone(), place.clone());
                places.values.insert(path.clone(), place);
                walk_value(value.get_ref(), &path, lines, places);
            }
        }
        _ => {}
    }
}
