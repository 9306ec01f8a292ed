//! The files the rules look at: what git tracks, and what it would if it were added.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::rust::Rust;

/// Every text file of the repository, by path.
pub(super) struct Tree {
    pub(super) files: Vec<File>,
}

/// One text file.
pub(super) struct File {
    /// From the root, with `/`.
    pub(super) path: String,
    /// All of it.
    pub(super) text: String,
    /// The same with its parts told apart, where it is Rust.
    pub(super) rust: Option<Rust>,
}

impl Tree {
    /// Reads the tree below a root. Files that are not UTF-8 are left out.
    pub(super) fn read(root: &Path) -> Result<Self> {
        let git = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
        let output = Command::new("git").args(git).current_dir(root).output();
        let output = output.context("cannot start `git ls-files`")?;
        ensure!(output.status.success(), "`git ls-files`: {}", output.status);
        let mut files = Vec::new();
        for path in String::from_utf8(output.stdout)?.split_terminator('\0') {
            if let Ok(text) = std::fs::read_to_string(root.join(path)) {
                files.push(File::new(path, text));
            }
        }
        files.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(Self { files })
    }

    /// A tree for a test.
    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        Self { files: files.iter().map(|(path, text)| File::new(path, (*text).into())).collect() }
    }

    pub(super) fn get(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// The Rust files, each with its parts.
    pub(super) fn rust(&self) -> impl Iterator<Item = (&File, &Rust)> {
        self.files.iter().filter_map(|file| Some((file, file.rust.as_ref()?)))
    }
}

impl File {
    fn new(path: &str, text: String) -> Self {
        let rust = path.ends_with(".rs").then(|| Rust::read(&text));
        Self { path: path.to_owned(), text, rust }
    }

    /// Whether the whole file is a test: in a folder `tests`, or a module of that name.
    pub(super) fn is_test(&self) -> bool {
        let (folders, name) = self.path.rsplit_once('/').unwrap_or(("", &self.path));
        let stem = name.split('.').next().unwrap_or(name);
        folders.split('/').any(|folder| folder == "tests")
            || stem == "tests"
            || stem.ends_with("_tests")
            || name.contains(".test.")
    }

    /// The ending of its name, without the dot.
    pub(super) fn ending(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or(&self.path);
        name.rsplit_once('.').map_or("", |(_, ending)| ending)
    }
}

#[cfg(test)]
mod tests {
    use super::Tree;

    #[test]
    fn tests_are_known_by_folder_or_name() {
        let tests =
            ["tests/browser/a.mjs", "crates/x/tests/a.rs", "src/room/tests.rs", "a.test.ts"];
        for path in tests {
            assert!(Tree::of(&[(path, "")]).files[0].is_test(), "{path}");
        }
        for path in ["src/testing.rs", "src/tests_of_time/x.rs", "contests.rs"] {
            assert!(!Tree::of(&[(path, "")]).files[0].is_test(), "{path}");
        }
    }
}
