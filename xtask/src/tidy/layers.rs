//! Each crate knows only the crates and libraries below it. Read from the manifests; what
//! dependencies bring along is for `deny.toml` to judge.

use super::Finding;
use super::tree::{File, Tree};
use toml::{Table, Value};

/// What one crate of the project may not depend on. Development dependencies are free.
struct Layer {
    package: &'static str,
    /// The project's own crates below it.
    below: &'static [&'static str],
    /// Libraries it must do without; a `*` at the end stands for any ending.
    never: &'static [&'static [&'static str]],
    /// Whether it may use tokio for `sync` alone.
    tokio_sync_only: bool,
}

const RUNTIMES: &[&str] = &["tokio-*", "futures*", "async-*", "smol", "mio", "polling"];
const NETWORK: &[&str] = &["hyper*", "http-body*", "socket2", "tower*", "axum*", "rustls"];
const HTTP: &[&str] = &["hyper*", "http-body*", "tower*", "axum*", "rustls"];
const WEBSOCKET: &[&str] = &["tungstenite", "tokio-tungstenite", "fastwebsockets"];
const REDIS: &[&str] = &["fred", "redis*"];
const SERDE: &[&str] = &["serde", "serde_*", "serde-*", "toml"];

const LAYERS: &[Layer] = &[
    Layer {
        package: "roomcast-protocol",
        below: &[],
        never: &[&["tokio", "anyhow"], RUNTIMES, NETWORK, WEBSOCKET, REDIS],
        tokio_sync_only: false,
    },
    Layer {
        package: "roomcast-core",
        below: &["roomcast-protocol"],
        never: &[&["anyhow"], RUNTIMES, NETWORK, WEBSOCKET, REDIS, SERDE],
        tokio_sync_only: true,
    },
    Layer {
        package: "roomcast-transport",
        below: &["roomcast-protocol", "roomcast-core"],
        never: &[&["anyhow"], REDIS, SERDE],
        tokio_sync_only: false,
    },
    Layer {
        package: "roomcast-fanout",
        below: &["roomcast-protocol", "roomcast-core"],
        never: &[&["anyhow"], NETWORK, WEBSOCKET, SERDE],
        tokio_sync_only: false,
    },
    // A client: it speaks the wire and knows none of the others. serde writes its report.
    Layer {
        package: "roomcast-load",
        below: &[],
        never: &[&["tokio", "anyhow", "tokio-*", "futures*", "async-*"], HTTP, WEBSOCKET, REDIS],
        tokio_sync_only: false,
    },
    Layer {
        package: "roomcast-server",
        below: &[
            "roomcast-protocol",
            "roomcast-core",
            "roomcast-transport",
            "roomcast-fanout",
            "roomcast-load",
        ],
        never: &[WEBSOCKET, REDIS],
        tokio_sync_only: false,
    },
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let workspace = tree.get("Cargo.toml").and_then(|file| file.text.parse().ok());
    let workspace: Table = workspace.unwrap_or_default();
    let shared = workspace.get("workspace").and_then(|table| table.get("dependencies"));
    let is_manifest = |file: &&File| {
        let middle = file.path.strip_prefix("crates/").and_then(|p| p.strip_suffix("/Cargo.toml"));
        middle.is_some_and(|folder| !folder.contains('/'))
    };
    tree.files.iter().filter(is_manifest).flat_map(|file| judge(file, shared)).collect()
}

fn judge(file: &File, shared: Option<&Value>) -> Vec<Finding> {
    let finding = |needle: &str, advice| {
        let line = 1 + file.text.lines().take_while(|line| !line.starts_with(needle)).count();
        let line = if line > file.text.lines().count() { 1 } else { line };
        Finding::new(&file.path, line, "layers", advice)
    };
    let Ok(manifest) = file.text.parse::<Table>() else {
        return vec![finding("", "this is no TOML".to_owned())];
    };
    let name = manifest.get("package").and_then(|package| package.get("name")?.as_str());
    let Some(layer) = LAYERS.iter().find(|layer| Some(layer.package) == name) else {
        let advice = "say in xtask/src/tidy/layers.rs and deny.toml what this crate may use";
        return vec![finding("name", advice.to_owned())];
    };
    let mut findings = Vec::new();
    for (key, dependency) in dependencies(&manifest) {
        let package = dependency.get("package").and_then(Value::as_str).unwrap_or(key);
        if let Some(advice) = layer.refuses(package) {
            findings.push(finding(key, advice));
        }
        if package == "tokio" && layer.tokio_sync_only && !is_sync_only(dependency, shared) {
            let advice = format!("{} may use tokio for `sync` alone", layer.package);
            findings.push(finding(key, advice));
        }
    }
    if layer.tokio_sync_only && file.text.contains("\"tokio/") {
        findings.push(finding("[features]", "no feature may give tokio more than `sync`".into()));
    }
    findings
}

impl Layer {
    fn refuses(&self, dependency: &str) -> Option<String> {
        let is_ours = dependency.starts_with("roomcast-");
        if is_ours && !self.below.contains(&dependency) {
            return Some(format!("{} may not know {dependency}: it is not below", self.package));
        }
        let mut patterns = self.never.iter().flat_map(|group| group.iter());
        let pattern = patterns.find(|pattern| matches(pattern, dependency))?;
        Some(format!("{} does without {dependency} (rule `{pattern}`)", self.package))
    }
}

fn matches(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |start| name.starts_with(start))
}

/// Dependencies that are built into the crate, or that build it, on any platform.
fn dependencies(manifest: &Table) -> impl Iterator<Item = (&String, &Value)> {
    let platforms = manifest.get("target").and_then(Value::as_table);
    let platforms = platforms.into_iter().flatten().filter_map(|(_, value)| value.as_table());
    let tables = std::iter::once(manifest).chain(platforms);
    let kinds = tables.flat_map(|t| [t.get("dependencies"), t.get("build-dependencies")]);
    kinds.flatten().filter_map(Value::as_table).flatten()
}

/// Whether tokio comes with `sync` alone, counting what the workspace says of it.
fn is_sync_only(dependency: &Value, shared: Option<&Value>) -> bool {
    let is_shared = dependency.get("workspace").and_then(Value::as_bool) == Some(true);
    let workspace = shared.and_then(|shared| shared.get("tokio")).filter(|_| is_shared);
    let plain = |value: &Value| value.get("default-features") == Some(&Value::Boolean(false));
    let only_sync = |value: &Value| {
        let features = value.get("features").and_then(Value::as_array);
        features.into_iter().flatten().all(|feature| feature.as_str() == Some("sync"))
    };
    workspace.map_or_else(|| plain(dependency), |w| plain(w) && only_sync(w))
        && only_sync(dependency)
}

#[cfg(test)]
mod tests {
    use super::super::tests::says;
    use super::check;

    const WORKSPACE: &str =
        "[workspace.dependencies]\ntokio = { version = \"1\", default-features = false }\n";

    fn said(package: &str, rest: &str) -> Vec<String> {
        let path = format!("crates/{package}/Cargo.toml");
        let text = format!("[package]\nname = \"{package}\"\n{rest}");
        says(check, &[("Cargo.toml", WORKSPACE), (&path, &text)])
    }

    #[test]
    fn a_crate_that_knows_what_is_not_below_it_is_found() {
        let rest = "[dependencies]\nroomcast-fanout.workspace = true\n";
        let expected = "crates/roomcast-transport/Cargo.toml:4: layers: roomcast-transport may not \
                        know roomcast-fanout: it is not below";
        assert_eq!(said("roomcast-transport", rest), [expected]);
        assert_eq!(said("roomcast-server", rest), [""; 0]);
        assert_eq!(said("roomcast-protocol", "[dependencies]\nroomcast-core = \"1\"\n").len(), 1);
    }

    #[test]
    fn a_library_of_another_layer_is_found() {
        let cases = [
            ("roomcast-protocol", "[dependencies]\ntokio = \"1\"\n"),
            ("roomcast-protocol", "[target.'cfg(unix)'.dependencies]\nhyper-util = \"1\"\n"),
            ("roomcast-core", "[dependencies]\nserde = \"1\"\n"),
            ("roomcast-core", "[dependencies]\njson = { package = \"serde_json\" }\n"),
            ("roomcast-core", "[build-dependencies]\nfutures = \"1\"\n"),
            ("roomcast-transport", "[dependencies]\nfred = \"1\"\n"),
            ("roomcast-fanout", "[dependencies]\ntokio-tungstenite = \"1\"\n"),
            ("roomcast-server", "[dependencies]\ntungstenite = \"1\"\n"),
            ("roomcast-load", "[dependencies]\ntokio = \"1\"\n"),
            ("roomcast-load", "[dependencies]\nroomcast-protocol = \"1\"\n"),
        ];
        for (package, rest) in cases {
            assert_eq!(said(package, rest).len(), 1, "{package}: {rest}");
        }
        assert_eq!(said("roomcast-server", "[dev-dependencies]\ntungstenite = \"1\"\n"), [""; 0]);
    }

    #[test]
    fn more_of_tokio_than_sync_is_found_in_core() {
        let core = |dependency: &str| {
            said("roomcast-core", &format!("[dependencies]\ntokio = {dependency}\n")).len()
        };
        assert_eq!(core("{ workspace = true, features = [\"sync\"] }"), 0);
        assert_eq!(core("{ workspace = true, features = [\"sync\", \"rt\"] }"), 1);
        assert_eq!(core("{ version = \"1\", features = [\"sync\"] }"), 1);
        assert_eq!(said("roomcast-core", "[features]\na = [\"tokio/rt\"]\n").len(), 1);
    }

    #[test]
    fn a_crate_without_a_layer_is_found() {
        assert!(said("roomcast-new", "")[0].contains("say in xtask/src/tidy/layers.rs"));
    }
}
