//! The rules of `docs/style.md` that a program can check.
//!
//! Each rule is a function from the tree to the findings, in a file named after what it guards.
//! Its test hands it a small tree that breaks the rule.

mod clock;
mod codes;
mod decisions;
mod exceptions;
mod guests;
mod layers;
mod lexer;
mod module_docs;
mod orphans;
mod paths;
mod present;
mod rust;
mod size;
mod tree;
mod unfinished;
mod waiting;

use std::fmt;

use anyhow::{Result, bail};

use crate::place::Place;
use tree::Tree;

/// A place where the tree breaks a rule, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    path: String,
    line: usize,
    rule: &'static str,
    advice: String,
}

impl Finding {
    fn new(path: &str, line: usize, rule: &'static str, advice: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, rule, advice: advice.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.path, self.line, self.rule, self.advice)
    }
}

const RULES: &[fn(&Tree) -> Vec<Finding>] = &[
    present::check,
    paths::check,
    decisions::check,
    module_docs::check,
    orphans::check,
    size::check,
    unfinished::check,
    waiting::check,
    guests::check,
    layers::check,
    clock::check,
    codes::check,
];

/// Checks every rule; prints each finding.
pub(crate) fn run(place: &Place) -> Result<()> {
    let tree = Tree::read(&place.root)?;
    let findings: Vec<Finding> = RULES.iter().flat_map(|rule| rule(&tree)).collect();
    for finding in &findings {
        println!("{finding}");
    }
    if !findings.is_empty() {
        bail!("tidy has {} finding(s); docs/style.md has the reasons", findings.len());
    }
    println!("    {} files keep {} rules", tree.files.len(), RULES.len());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Finding, RULES, Tree};

    /// What a rule says about a tree of these files, one line for each finding.
    pub(super) fn says(rule: fn(&Tree) -> Vec<Finding>, files: &[(&str, &str)]) -> Vec<String> {
        rule(&Tree::of(files)).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn a_finding_reads_like_a_compiler_s() {
        let finding = Finding::new("a/b.rs", 7, "size", "split it");
        assert_eq!(finding.to_string(), "a/b.rs:7: size: split it");
    }

    #[test]
    fn an_empty_tree_breaks_the_rules_that_ask_for_something() {
        let tree = Tree::of(&[]);
        assert!(RULES.iter().any(|rule| !rule(&tree).is_empty()));
    }
}
