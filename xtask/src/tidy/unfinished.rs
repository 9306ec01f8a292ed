//! Nothing is left unfinished or switched off: no marker, no stub, no ignored test.

use super::Finding;
use super::rust::{Rust, is_word, line_of, words};
use super::tree::{File, Tree};

/// Words that mark what somebody meant to do.
const MARKERS: &[&str] = &["TODO", "FIXME", "XXX"];
/// Endings of files that hold code other than Rust.
const CODE: &[&str] =
    &["js", "mjs", "cjs", "ts", "lua", "sh", "py", "toml", "yml", "yaml", "html", "css"];
/// Ways to switch a test off in JavaScript.
const SKIPPED: &[&str] = &[".skip(", ".todo(", ".only("];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        match &file.rust {
            Some(rust) => {
                markers(file, &rust.prose, &mut findings);
                stubs(file, rust, &mut findings);
                ignored(file, rust, &mut findings);
            }
            None if CODE.contains(&file.ending()) => {
                markers(file, &file.text, &mut findings);
                skipped(file, &mut findings);
            }
            None => {}
        }
    }
    findings
}

fn add(findings: &mut Vec<Finding>, file: &File, at: usize, advice: String) {
    findings.push(Finding::new(&file.path, line_of(&file.text, at), "unfinished", advice));
}

fn markers(file: &File, text: &str, findings: &mut Vec<Finding>) {
    for (at, word) in words(text).filter(|(_, word)| MARKERS.contains(word)) {
        add(findings, file, at, format!("finish it, or make an issue of it: `{word}`"));
    }
}

fn stubs(file: &File, rust: &Rust, findings: &mut Vec<Finding>) {
    for (at, word) in words(&rust.code) {
        let is_macro = rust.code[at + word.len()..].starts_with('!');
        if is_macro && matches!(word, "todo" | "unimplemented") {
            add(findings, file, at, format!("write what `{word}!` stands for"));
        }
    }
}

fn ignored(file: &File, rust: &Rust, findings: &mut Vec<Finding>) {
    for (at, attribute) in rust.code.match_indices("#[ignore") {
        if !rust.code[at + attribute.len()..].starts_with(is_word) {
            add(findings, file, at, "run this test or remove it".to_owned());
        }
    }
}

fn skipped(file: &File, findings: &mut Vec<Finding>) {
    let places = SKIPPED.iter().flat_map(|call| file.text.match_indices(call));
    for (at, call) in places.filter(|_| file.is_test()) {
        add(findings, file, at, format!("run every test: `{call}`"));
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::says;
    use super::check;

    #[test]
    fn markers_are_found_in_comments_of_any_code() {
        let said = says(check, &[("a.rs", "//! A.\n// FIXME: b\n"), ("b.lua", "-- TODO\n")]);
        assert_eq!(said.len(), 2);
        assert!(said[0].starts_with("a.rs:2: unfinished:") && said[1].starts_with("b.lua:1:"));
        assert_eq!(says(check, &[("a.rs", "//! A.\nconst A: &str = \"XXX\";\n")]), [""; 0]);
    }

    #[test]
    fn stubs_are_found() {
        let said =
            says(check, &[("a.rs", "//! A.\nfn a() { todo!() }\nfn b() { unimplemented!() }")]);
        assert_eq!(said.len(), 2);
        assert_eq!(said[0], "a.rs:2: unfinished: write what `todo!` stands for");
    }

    #[test]
    fn tests_that_do_not_run_are_found() {
        let rust =
            "//! A.\n#[test]\n#[ignore = \"slow\"]\nfn a() {}\n#[ignored_by_all]\nfn b() {}\n";
        let said = says(check, &[("a.rs", rust), ("tests/a.mjs", "test.skip('a', b)\n")]);
        assert_eq!(said.len(), 2);
        assert_eq!(said[0], "a.rs:3: unfinished: run this test or remove it");
        assert_eq!(said[1], "tests/a.mjs:1: unfinished: run every test: `.skip(`");
    }
}
