//! The documents a reader looks for are there, and each crate introduces itself.

use super::Finding;
use super::tree::Tree;

const DOCUMENTS: &[&str] = &[
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
    "docs/style.md",
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let crates = tree.files.iter().filter_map(|file| {
        let folder = file.path.strip_prefix("crates/")?.strip_suffix("/Cargo.toml")?;
        Some(format!("crates/{folder}/README.md"))
    });
    let wanted = DOCUMENTS.iter().map(|&path| path.to_owned()).chain(crates);
    let is_missing = |path: &String| tree.get(path).is_none_or(|file| file.text.trim().is_empty());
    let finding = |path: String| Finding::new(&path, 1, "present", "this document is missing");
    wanted.filter(is_missing).map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::says;
    use super::{DOCUMENTS, check};

    #[test]
    fn a_missing_or_empty_document_is_found() {
        let mut files: Vec<(&str, &str)> = DOCUMENTS.iter().map(|&path| (path, "words")).collect();
        assert_eq!(says(check, &files), [""; 0]);
        files[0].1 = "\n";
        files.push(("crates/a/Cargo.toml", ""));
        let said = says(check, &files);
        assert_eq!(said[0], "README.md:1: present: this document is missing");
        assert_eq!(said[1], "crates/a/README.md:1: present: this document is missing");
    }
}
