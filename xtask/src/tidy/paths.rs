//! No file speaks of one person's machine, and none holds the remains of a merge.

use super::Finding;
use super::tree::{File, Tree};

/// Folders at the root of a file system that differ from machine to machine.
const FOLDERS: &[&str] = &["home", "root", "work", "Users"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.files.iter().flat_map(|file| [machines(file), merges(file)].concat()).collect()
}

fn machines(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        for folder in FOLDERS {
            let path = format!("/{folder}/");
            if line.match_indices(&path).any(|(at, _)| begins_there(line, at)) {
                let advice = format!("`{path}` is one machine's: write a path from the root here");
                findings.push(Finding::new(&file.path, index + 1, "paths", advice));
            }
        }
    }
    findings
}

/// Whether a path begins at an offset, rather than going on from something before it.
fn begins_there(line: &str, at: usize) -> bool {
    let before = line[..at].chars().next_back();
    !before.is_some_and(|c| c.is_alphanumeric() || "._-~*)}>]/".contains(c))
}

fn merges(file: &File) -> Vec<Finding> {
    let is_mark = |line: &str| line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ");
    let marks = file.text.lines().enumerate().filter(|(_, line)| is_mark(line));
    let finding = |(index, _)| Finding::new(&file.path, index + 1, "paths", "finish the merge");
    marks.map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::says;
    use super::{FOLDERS, check};

    #[test]
    fn a_machine_s_folder_is_found() {
        for folder in FOLDERS {
            let said = says(check, &[("a.md", &format!("see\n`/{folder}/x`"))]);
            assert_eq!(said.len(), 1);
            assert!(said[0].starts_with("a.md:2: paths: "), "{said:?}");
        }
    }

    #[test]
    fn a_folder_of_that_name_elsewhere_is_not() {
        let text = "docs/home/x https://example.org/work/x ./root/x";
        assert_eq!(says(check, &[("a.md", text)]), [""; 0]);
    }

    #[test]
    fn the_remains_of_a_merge_are_found() {
        let text = format!("a\n{} HEAD\nb\n", "<".repeat(7));
        assert_eq!(says(check, &[("a.md", &text)]), ["a.md:2: paths: finish the merge"]);
    }
}
