//! Libraries that are kept behind one door: only that crate or file names them.

use super::Finding;
use super::rust::{line_of, words};
use super::tree::{File, Tree};

/// A library, and the only place whose code names it.
struct Guest {
    names: &'static [&'static str],
    door: &'static str,
    /// Programs of the repository that name it too, in one file each.
    tools: &'static [&'static str],
    /// Whether tests elsewhere may name it too: they play the client.
    in_tests: bool,
}

const GUESTS: &[Guest] = &[
    Guest {
        names: &["fred"],
        door: "crates/roomcast-fanout/src/fred_bus.rs",
        tools: &["crates/roomcast-fanout/examples/redis/bare.rs"],
        in_tests: false,
    },
    Guest {
        names: &["tungstenite", "tokio_tungstenite"],
        door: "crates/roomcast-transport/",
        tools: &["xtask/chaos/src/socket.rs"],
        in_tests: true,
    },
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for guest in GUESTS {
        let is_door = |file: &&File| {
            file.path.starts_with(guest.door) || guest.tools.contains(&file.path.as_str())
        };
        for file in tree.files.iter().filter(|file| !is_door(file)) {
            visits(guest, file, &mut findings);
        }
    }
    findings
}

fn visits(guest: &Guest, file: &File, findings: &mut Vec<Finding>) {
    let Some(rust) = &file.rust else { return };
    let tests = if guest.in_tests { rust.tests() } else { Vec::new() };
    let is_welcome = |at: usize| {
        guest.in_tests && file.is_test() || tests.iter().any(|range| range.contains(&at))
    };
    for (at, word) in words(&rust.code).filter(|(_, word)| guest.names.contains(word)) {
        if is_path(&rust.code, at, word) && !is_welcome(at) {
            let advice = format!("only {} may name `{word}`: go through it", guest.door);
            findings.push(Finding::new(&file.path, line_of(&rust.code, at), "guests", advice));
        }
    }
}

/// Whether a word is the name of a crate here, and not of a variable: `x::`, `use x`.
fn is_path(code: &str, at: usize, word: &str) -> bool {
    let is_use = ["use", "crate"].iter().any(|before| code[..at].trim_end().ends_with(before));
    is_use || code[at + word.len()..].starts_with("::")
}

#[cfg(test)]
mod tests {
    use super::super::tests::says;
    use super::check;

    #[test]
    fn fred_is_found_outside_its_file() {
        let text = "//! A.\nuse fred::Client;\nfn a(fred: u8) {}\n";
        let said = says(check, &[("crates/roomcast-fanout/src/task.rs", text)]);
        assert_eq!(said.len(), 1);
        assert!(said[0].starts_with("crates/roomcast-fanout/src/task.rs:2: guests: only"));
        assert_eq!(says(check, &[("crates/roomcast-fanout/src/fred_bus.rs", text)]), [""; 0]);
    }

    #[test]
    fn tungstenite_is_found_outside_transport_and_tests() {
        let text = "//! A.\ntype Frame = tokio_tungstenite::tungstenite::Frame;\n";
        assert_eq!(says(check, &[("crates/roomcast-server/src/app.rs", text)]).len(), 2);
        assert_eq!(says(check, &[("xtask/chaos/src/driver.rs", text)]).len(), 2);
        for path in [
            "crates/roomcast-transport/src/frame.rs",
            "crates/roomcast-server/tests/a.rs",
            "xtask/chaos/src/socket.rs",
        ] {
            assert_eq!(says(check, &[(path, text)]), [""; 0]);
        }
    }
}
