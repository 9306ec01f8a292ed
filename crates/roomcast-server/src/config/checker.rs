//! Where a check looks places up and reports to, and the checks of single numbers.

use super::document::Places;
use super::keys;
use super::report::{Place, Problem, Report, Severity};
use super::value::{Size, Span};
use std::time::Duration;

/// Where a check looks places up and reports to.
pub(super) struct Checker<'a> {
    pub(super) places: &'a Places,
    pub(super) report: &'a mut Report,
}

impl Checker<'_> {
    pub(super) fn error(&mut self, path: &str, text: impl Into<String>, help: impl Into<String>) {
        self.push(Severity::Error, self.places.of(path), path, text.into(), help.into());
    }

    pub(super) fn error_at_key(&mut self, path: &str, text: impl Into<String>, help: &str) {
        self.push(Severity::Error, self.places.of_key(path), path, text.into(), help.into());
    }

    pub(super) fn warn(&mut self, path: &str, text: impl Into<String>, help: impl Into<String>) {
        self.push(Severity::Warning, self.places.of(path), path, text.into(), help.into());
    }

    fn push(&mut self, severity: Severity, place: Place, path: &str, text: String, help: String) {
        self.report.push(Problem { place, severity, path: path.to_owned(), text, help });
    }

    pub(super) fn at_least(&mut self, path: &str, value: usize, least: usize) {
        if value < least {
            let default = keys::find(path).map_or("-", |key| key.default);
            self.error(
                path,
                format!("{value} is too small"),
                format!("set at least {least} (default {default})"),
            );
        }
    }

    pub(super) fn size_within(&mut self, path: &str, Size(value): Size, least: usize, most: usize) {
        if !(least..=most).contains(&value) {
            let (value, least, most) = (Size(value), Size(least), Size(most));
            self.error(path, format!("{value} is out of bounds"), format!("set {least} to {most}"));
        }
    }

    pub(super) fn span_within(
        &mut self,
        path: &str,
        Span(value): Span,
        least: Duration,
        most: Duration,
    ) {
        if !(least..=most).contains(&value) {
            let (value, least, most) = (Span(value), Span(least), Span(most));
            self.error(path, format!("{value} is out of bounds"), format!("set {least} to {most}"));
        }
    }
}
