//! Every Rust file of a crate is a module of it: an orphan is neither compiled nor tested.

use super::Finding;
use super::rust::{Rust, words};
use super::tree::Tree;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, _) in tree.rust() {
        let Some((parents, module)) = parents(&file.path) else { continue };
        let parents = parents.iter().filter_map(|path| tree.get(path)?.rust.as_ref());
        if !parents.into_iter().any(|parent| declares(parent, module)) {
            let advice = format!("no file says `mod {module};`: declare it or remove it");
            findings.push(Finding::new(&file.path, 1, "orphans", advice));
        }
    }
    findings
}

/// The files that may declare a file as a module, and the module's name. Roots of crates have none.
fn parents(path: &str) -> Option<(Vec<String>, &str)> {
    let (root, below) = path.split_once("/src/")?;
    if matches!(below, "lib.rs" | "main.rs") || below.starts_with("bin/") {
        return None;
    }
    let module = below.strip_suffix("/mod.rs").or_else(|| below.strip_suffix(".rs"))?;
    let Some((folder, name)) = module.rsplit_once('/') else {
        let roots = ["lib.rs", "main.rs"].map(|name| format!("{root}/src/{name}"));
        return Some((roots.to_vec(), module));
    };
    let forms = [".rs", "/mod.rs"].map(|end| format!("{root}/src/{folder}{end}"));
    Some((forms.to_vec(), name))
}

fn declares(parent: &Rust, module: &str) -> bool {
    let all: Vec<&str> = words(&parent.code).map(|(_, word)| word).collect();
    all.windows(2).any(|pair| pair == ["mod", module])
}

#[cfg(test)]
mod tests {
    use super::super::tests::says;
    use super::check;

    #[test]
    fn a_file_that_no_module_declares_is_found() {
        let lib = ("x/src/lib.rs", "//! X.\npub mod a;\n");
        let a = ("x/src/a.rs", "//! A.\nmod b;\n");
        let b = ("x/src/a/b.rs", "//! B.\n");
        let bin = ("x/src/bin/tool.rs", "//! A tool.\n");
        assert_eq!(says(check, &[lib, a, b, bin]), [""; 0]);
        let said = says(check, &[lib, a, ("x/src/a/c.rs", ""), ("x/src/d.rs", "")]);
        assert_eq!(said.len(), 2);
        let expected = "x/src/a/c.rs:1: orphans: no file says `mod c;`: declare it or remove it";
        assert_eq!(said[0], expected);
    }
}
