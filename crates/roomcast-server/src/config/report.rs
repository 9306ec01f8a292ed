//! Problems of a configuration: where, what, and what mends it.

use std::fmt;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A place in a file; line and column count from 1.
    File {
        /// The file as it was named.
        file: String,
        /// The line.
        line: usize,
        /// The column, in characters.
        column: usize,
    },
    /// An environment variable, a flag, or a whole file.
    Named(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, line, column } => write!(f, "{file}:{line}:{column}"),
            Self::Named(name) => f.write_str(name),
        }
    }
}

/// How much a problem matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The server starts nevertheless.
    Warning,
    /// The server does not start.
    Error,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// How much it matters.
    pub severity: Severity,
    /// The key, such as `room[2].pattern`; empty if it is about no key.
    pub path: String,
    /// What is wrong.
    pub text: String,
    /// What mends it.
    pub help: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        let space = if self.path.is_empty() { "" } else { " " };
        writeln!(f, "{}: {severity}{space}{}: {}", self.place, self.path, self.text)?;
        writeln!(f, "  help: {}", self.help)
    }
}

/// Everything that is wrong, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq, Default, thiserror::Error)]
pub struct Report {
    problems: Vec<Problem>,
}

impl Report {
    /// Takes one more problem.
    pub fn push(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// The problems.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// How many problems keep the server from starting.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.problems.iter().filter(|problem| problem.severity == Severity::Error).count()
    }

    /// Puts the problems in the order of their places.
    pub fn sort(&mut self) {
        self.problems.sort_by(|a, b| a.place.cmp(&b.place));
    }

    /// Makes every warning an error.
    pub fn be_strict(&mut self) {
        self.problems.iter_mut().for_each(|problem| problem.severity = Severity::Error);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problems.iter().try_for_each(|problem| problem.fmt(f))
    }
}
