//! The list of files and functions that are larger than the limits: `PATH LINES` or
//! `PATH:FUNCTION LINES`, one a line; `#` begins a line of reasons.

use std::collections::BTreeMap;

use super::Finding;
use super::tree::Tree;

/// Where the list is.
pub(super) const PATH: &str = "xtask/tidy-exceptions.txt";

/// The ceiling and the line of each entry that was not asked for yet.
pub(super) struct Exceptions {
    entries: BTreeMap<String, (usize, usize)>,
}

impl Exceptions {
    /// Reads the list of a tree, and finds what is wrong with it.
    pub(super) fn of(tree: &Tree) -> (Self, Vec<Finding>) {
        let mut entries = BTreeMap::new();
        let mut findings = Vec::new();
        let text = tree.get(PATH).map_or("", |file| &file.text);
        let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
        for (at, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            let entry = line.split_once(' ');
            match entry.and_then(|(key, lines)| Some((key, lines.trim().parse().ok()?))) {
                Some((key, ceiling)) => _ = entries.insert(key.to_owned(), (ceiling, at)),
                None => findings.push(Finding::new(PATH, at, "size", "write `PATH LINES`")),
            }
        }
        (Self { entries }, findings)
    }

    /// The ceiling of a file or function, taken off the list.
    pub(super) fn take(&mut self, key: &str) -> Option<usize> {
        self.entries.remove(key).map(|(ceiling, _)| ceiling)
    }

    /// What nobody asked for, and the line it stands on.
    pub(super) fn rest(self) -> impl Iterator<Item = (String, usize)> {
        self.entries.into_iter().map(|(key, (_, line))| (key, line))
    }
}

#[cfg(test)]
mod tests {
    use super::{Exceptions, PATH};
    use crate::tidy::Tree;

    #[test]
    fn a_line_that_cannot_be_read_is_found() {
        let (_, findings) = Exceptions::of(&Tree::of(&[(PATH, "# Why.\n\na.rs many\n")]));
        assert_eq!(findings[0].to_string(), format!("{PATH}:3: size: write `PATH LINES`"));
    }
}
