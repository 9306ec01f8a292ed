//! Every Rust file opens by saying what it is for.

use super::Finding;
use super::tree::Tree;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let silent = tree.rust().filter(|(file, _)| !opens(&file.text));
    let advice = "open the file with `//!` and a sentence that says what it is for";
    silent.map(|(file, _)| Finding::new(&file.path, 1, "module-docs", advice)).collect()
}

/// Whether the first line is a module comment with words in it.
fn opens(text: &str) -> bool {
    let first = text.lines().next().unwrap_or("");
    first.strip_prefix("//!").is_some_and(|words| !words.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::tests::says;
    use super::check;

    #[test]
    fn a_file_without_a_first_sentence_is_found() {
        assert_eq!(says(check, &[("a.rs", "//! The a.\n"), ("a.js", "")]), [""; 0]);
        for text in ["", "use b;\n", "//!\nfn a() {}\n", "// A.\n"] {
            let said = says(check, &[("a.rs", text)]);
            assert!(said[0].starts_with("a.rs:1: module-docs: open"), "{text}");
        }
    }
}
