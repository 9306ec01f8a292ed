//! Files and functions stay small. What is larger stands in a list with its exact size, so that
//! growth fails and shrinking lowers the ceiling.

use std::collections::BTreeMap;

use super::Finding;
use super::exceptions::{self, Exceptions};
use super::tree::Tree;

/// Lines of a Rust file.
const FILE: usize = 400;
/// Lines of a function, from `fn` to its closing brace.
const FUNCTION: usize = 40;

/// A file or a function, its size, and the most it may be.
struct Sized {
    path: String,
    line: usize,
    lines: usize,
    limit: usize,
}

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let (mut exceptions, mut findings) = Exceptions::of(tree);
    let sizes = measure(tree);
    for (key, size) in &sizes {
        let allowed = exceptions.take(key);
        if let Some(advice) = judge(key, size, allowed) {
            findings.push(Finding::new(&size.path, size.line, "size", advice));
        }
    }
    for (key, line) in exceptions.rest() {
        let advice = format!("there is no `{key}` any more: remove this line");
        findings.push(Finding::new(exceptions::PATH, line, "size", advice));
    }
    findings
}

/// Every file and function by its key. Of functions of one name in one file, the largest.
fn measure(tree: &Tree) -> BTreeMap<String, Sized> {
    let mut sizes: BTreeMap<String, Sized> = BTreeMap::new();
    for (file, rust) in tree.rust() {
        let path = file.path.clone();
        let lines = file.text.lines().count();
        sizes.insert(path.clone(), Sized { path, line: 1, lines, limit: FILE });
        for function in rust.functions() {
            let key = format!("{}:{}", file.path, function.name);
            let (path, line, lines) = (file.path.clone(), function.line, function.lines);
            let size = Sized { path, line, lines, limit: FUNCTION };
            if sizes.get(&key).is_none_or(|other| other.lines < size.lines) {
                sizes.insert(key, size);
            }
        }
    }
    sizes
}

/// What is wrong with a size, given the ceiling the list allows.
fn judge(key: &str, size: &Sized, allowed: Option<usize>) -> Option<String> {
    let Sized { lines, limit, .. } = *size;
    let list = exceptions::PATH;
    match allowed {
        None if lines > limit => {
            Some(format!("`{key}` has {lines} lines, {limit} are the limit: split it"))
        }
        None => None,
        Some(_) if lines <= limit => {
            Some(format!("`{key}` is within the limit now: remove it from {list}"))
        }
        Some(allowed) if lines > allowed => {
            Some(format!("`{key}` grew from {allowed} to {lines} lines: bring it down"))
        }
        Some(allowed) if lines < allowed => {
            Some(format!("`{key}` shrank: lower its number in {list} to {lines}"))
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::says;
    use super::*;

    fn said(lines: usize, list: &str) -> Vec<String> {
        let text = format!("//! A.\nfn long() {{\n{}}}\n", "    a();\n".repeat(lines - 2));
        says(check, &[("a.rs", &text), (exceptions::PATH, list)])
    }

    #[test]
    fn a_long_function_is_found() {
        assert_eq!(said(40, ""), [""; 0]);
        let expected = "a.rs:2: size: `a.rs:long` has 41 lines, 40 are the limit: split it";
        assert_eq!(said(41, ""), [expected]);
    }

    #[test]
    fn a_long_file_is_found() {
        let text = "//! A.\n".repeat(401);
        let expected = "a.rs:1: size: `a.rs` has 401 lines, 400 are the limit: split it";
        assert_eq!(says(check, &[("a.rs", &text)]), [expected]);
    }

    #[test]
    fn an_exception_holds_at_its_exact_size_only() {
        assert_eq!(said(45, "a.rs:long 45\n"), [""; 0]);
        assert!(said(46, "a.rs:long 45\n")[0].contains("grew from 45 to 46"));
        assert!(said(44, "a.rs:long 45\n")[0].contains("lower its number"));
        assert!(said(30, "a.rs:long 45\n")[0].contains("remove it from"));
    }

    #[test]
    fn an_exception_for_nothing_is_found() {
        let expected =
            "xtask/tidy-exceptions.txt:2: size: there is no `b.rs` any more: remove this line";
        assert_eq!(said(10, "# Why.\nb.rs 500\n"), [expected]);
    }
}
