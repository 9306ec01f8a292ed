//! Tests wait for what they test, or simulate time: they do not wait by the clock.

use super::Finding;
use super::rust::{line_of, words};
use super::tree::{File, Tree};

/// Functions that pass time, in Rust's libraries and in the browser tests' driver.
const SLEEPS: &[&str] = &["sleep", "sleep_ms", "sleep_until", "park_timeout", "waitForTimeout"];
const SCRIPTS: &[&str] = &["js", "mjs", "cjs", "ts"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.files.iter().flat_map(sleeps).collect()
}

fn sleeps(file: &File) -> Vec<Finding> {
    let (text, tests) = match &file.rust {
        Some(rust) => (&rust.code, rust.tests()),
        None if SCRIPTS.contains(&file.ending()) => (&file.text, Vec::new()),
        None => return Vec::new(),
    };
    let in_test = |at: usize| file.is_test() || tests.iter().any(|range| range.contains(&at));
    let is_call = |at: usize, word: &str| text[at + word.len()..].starts_with('(');
    let sleeps = words(text).filter(|(_, word)| SLEEPS.contains(word));
    let sleeps = sleeps.filter(|(at, word)| is_call(*at, word) && in_test(*at));
    let finding = |(at, word)| {
        let advice = format!("wait for the event itself, or simulate time, instead of `{word}`");
        Finding::new(&file.path, line_of(text, at), "waiting", advice)
    };
    sleeps.map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::says;
    use super::check;

    #[test]
    fn a_sleep_in_a_test_is_found() {
        let text =
            "//! A.\nfn a() { sleep(1) }\n#[cfg(test)]\nmod tests {\n  fn b() { sleep(1) }\n}\n";
        let said = says(check, &[("a.rs", text), ("tests/b.rs", "//! B.\nfn b() { sleep_ms(1) }")]);
        let advice = "wait for the event itself, or simulate time, instead of";
        assert_eq!(said[0], format!("a.rs:5: waiting: {advice} `sleep`"));
        assert_eq!(said[1], format!("tests/b.rs:2: waiting: {advice} `sleep_ms`"));
        assert_eq!(said.len(), 2);
    }

    #[test]
    fn a_sleep_in_a_browser_test_is_found() {
        let files = [("tests/browser/a.test.mjs", "await page.waitForTimeout(500)\n")];
        assert_eq!(says(check, &files).len(), 1);
        assert_eq!(says(check, &[("pages/a.js", "sleep(500)\n")]), [""; 0]);
    }
}
