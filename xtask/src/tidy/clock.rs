//! The engine and the protocol are told the time. Clippy finds a clock there, as long as its
//! list stands beside the crate's manifest and nobody switches the lint off.

use super::Finding;
use super::rust::line_of;
use super::tree::Tree;

/// The crates without a clock.
const CRATES: &[&str] = &["crates/roomcast-core", "crates/roomcast-protocol"];
/// What each list must have at least.
const MUST_LIST: &[&str] = &[
    "std::time::Instant::now",
    "std::time::SystemTime::now",
    "std::thread::spawn",
    "std::thread::sleep",
    "tokio::spawn",
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    CRATES.iter().flat_map(|folder| [lists(tree, folder), allows(tree, folder)].concat()).collect()
}

fn lists(tree: &Tree, folder: &str) -> Vec<Finding> {
    let path = format!("{folder}/clippy.toml");
    let text = tree.get(&path).map_or("", |file| &file.text);
    let config = text.parse::<toml::Table>().unwrap_or_default();
    let methods = config.get("disallowed-methods").and_then(toml::Value::as_array);
    let methods = methods.into_iter().flatten();
    let listed: Vec<&str> =
        methods.filter_map(|method| method.get("path").unwrap_or(method).as_str()).collect();
    let missing = MUST_LIST.iter().filter(|method| !listed.contains(method));
    let finding = |method| {
        Finding::new(&path, 1, "clock", format!("list `{method}` under disallowed-methods"))
    };
    missing.map(finding).collect()
}

fn allows(tree: &Tree, folder: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, rust) in tree.rust().filter(|(file, _)| file.path.starts_with(folder)) {
        for (at, _) in rust.code.match_indices("disallowed_methods") {
            let advice = "take the time as an argument instead of switching the lint off";
            findings.push(Finding::new(&file.path, line_of(&rust.code, at), "clock", advice));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::tests::says;
    use super::*;

    const CORE: &str = "crates/roomcast-core/clippy.toml";
    const PROTOCOL: &str = "crates/roomcast-protocol/clippy.toml";

    #[test]
    fn a_method_missing_from_a_list_is_found() {
        let method = |path: &&str| format!("  {{ path = \"{path}\" }},\n");
        let all: String = MUST_LIST.iter().map(method).collect();
        let all = format!("disallowed-methods = [\n{all}]\n");
        assert_eq!(says(check, &[(CORE, &all), (PROTOCOL, &all)]), [""; 0]);
        let less = all.replace("Instant", "Duration");
        let expected =
            format!("{CORE}:1: clock: list `std::time::Instant::now` under disallowed-methods");
        assert_eq!(says(check, &[(CORE, &less), (PROTOCOL, &all)]), [expected]);
        assert_eq!(says(check, &[(CORE, &all)]).len(), MUST_LIST.len());
    }

    #[test]
    fn switching_the_lint_off_is_found() {
        let text = "//! A.\n#[allow(clippy::disallowed_methods)]\nfn a() {}\n";
        let tree = Tree::of(&[("crates/roomcast-core/src/a.rs", text)]);
        assert_eq!(allows(&tree, CRATES[0])[0].line, 2);
    }
}
