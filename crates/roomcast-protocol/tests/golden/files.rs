//! The files themselves.

use serde::Deserialize;
use std::path::Path;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Direction {
    Client,
    Server,
}

/// What the server makes of a client's frame.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Means {
    /// A command for the engine, by its name.
    Command(String),
    /// An answer that needs no engine: the name of its golden frame.
    Answer(String),
    /// An error: the name of its golden frame.
    Refused(String),
    /// A sign of life.
    Nothing(bool),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Golden {
    pub(crate) name: String,
    pub(crate) dialect: String,
    pub(crate) endpoint: String,
    pub(crate) direction: Direction,
    pub(crate) about: String,
    pub(crate) frame: String,
    pub(crate) means: Option<Means>,
}

pub(crate) fn all() -> Vec<Golden> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/frames");
    let mut files: Vec<Golden> = Vec::new();
    for entry in std::fs::read_dir(&folder).expect("testdata/frames is there") {
        let path = entry.expect("the folder can be read").path();
        assert_eq!(path.extension(), Some("json".as_ref()), "{} is no frame", path.display());
        let text = std::fs::read_to_string(&path).expect("the file can be read");
        let golden: Golden = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(path.file_stem(), Some(golden.name.as_ref()), "a file is named as its frame");
        files.push(golden);
    }
    assert!(!files.is_empty(), "testdata/frames is empty");
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

pub(crate) fn of(direction: Direction) -> Vec<Golden> {
    all().into_iter().filter(|golden| golden.direction == direction).collect()
}

pub(crate) fn named(name: &str) -> Golden {
    all()
        .into_iter()
        .find(|golden| golden.name == name)
        .unwrap_or_else(|| panic!("testdata/frames/{name}.json is missing"))
}
