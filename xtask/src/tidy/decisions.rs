//! Decisions are files `docs/decisions/NNNN-title.md`, numbered from 0001 without doubles or gaps.

use std::collections::BTreeMap;

use super::Finding;
use super::tree::Tree;

const FOLDER: &str = "docs/decisions/";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut numbers: BTreeMap<usize, &str> = BTreeMap::new();
    for file in tree.files.iter().filter(|file| file.path.starts_with(FOLDER)) {
        let path = &file.path;
        let Some(number) = number(&path[FOLDER.len()..]) else {
            findings.push(Finding::new(path, 1, "decisions", "name it `NNNN-title.md`"));
            continue;
        };
        if let Some(other) = numbers.insert(number, path) {
            let advice = format!("{other} has this number: take the next free one");
            findings.push(Finding::new(path, 1, "decisions", advice));
        }
    }
    for ((number, path), expected) in numbers.into_iter().zip(1..) {
        if number != expected {
            let advice = format!("there is no {expected:04}: number decisions without a gap");
            findings.push(Finding::new(path, 1, "decisions", advice));
            break;
        }
    }
    findings
}

fn number(name: &str) -> Option<usize> {
    let (number, title) = name.strip_suffix(".md")?.split_once('-')?;
    let is_number = number.len() == 4 && number.bytes().all(|byte| byte.is_ascii_digit());
    if is_number && !title.is_empty() { number.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::super::tests::says;
    use super::check;

    #[test]
    fn doubles_gaps_and_other_names_are_found() {
        let said = |names: &[&str]| {
            let paths: Vec<String> = names.iter().map(|n| format!("docs/decisions/{n}")).collect();
            let files: Vec<(&str, &str)> = paths.iter().map(|path| (path.as_str(), "")).collect();
            says(check, &files)
        };
        assert_eq!(said(&["0001-a.md", "0002-b.md"]), [""; 0]);
        assert!(said(&["0001-a.md", "0001-b.md"])[0].contains("0001-a.md has this number"));
        assert!(said(&["0001-a.md", "0003-b.md"])[0].contains("there is no 0002"));
        assert!(said(&["1-a.md"])[0].ends_with("name it `NNNN-title.md`"));
    }
}
