//! The golden frames in `testdata/frames` are what this crate reads and writes, to the byte, and
//! what `docs/protocol.md` shows.
//!
//! A new frame: write its file, add its values to [`server`] or [`client`], quote it in the docs.

/// Names the variants of an enum. A new variant does not compile here until it has a name, and
/// then a test asks for its file.
macro_rules! variants {
    ($name:ident, $all:ident, $enum:ty, $($pattern:pat => $word:literal,)*) => {
        fn $name(value: &$enum) -> &'static str {
            match value { $($pattern => $word,)* }
        }
        const $all: &[&str] = &[$($word,)*];
    };
}

mod client;
mod docs;
mod files;
mod server;

use files::{Direction, Golden};
use std::collections::BTreeSet;

#[test]
fn every_file_says_what_it_is() {
    for golden in files::all() {
        let Golden { name, dialect, endpoint, about, frame, direction, .. } = &golden;
        let prefix = match dialect.as_str() {
            "roomcast.v1.json" => "native-",
            "guide" => "guide-",
            other => panic!("{name}: no dialect {other}"),
        };
        assert!(name.starts_with(prefix), "{name} is of {dialect}");
        let native = dialect == "roomcast.v1.json";
        assert_eq!(native, endpoint == "/v1/ws", "{name}: {endpoint}");
        assert!(about.ends_with('.') && !frame.is_empty(), "{name}");
        let is_client = *direction == Direction::Client;
        assert_eq!(is_client, golden.means.is_some(), "{name}: client frames say what they mean");
    }
}

#[test]
fn every_file_is_used() {
    let mut unused: BTreeSet<String> = files::all().into_iter().map(|file| file.name).collect();
    let clients = files::all().into_iter().filter(|file| file.direction == Direction::Client);
    for golden in clients {
        unused.remove(&golden.name);
        // What a test decodes it also compares with the answer that the file names.
        if let Some(files::Means::Answer(answer)) = golden.means {
            unused.remove(&answer);
        }
    }
    for (name, ..) in server::all() {
        assert!(unused.remove(name), "{name} has no file, or two values");
    }
    assert!(unused.is_empty(), "files without a test: {unused:?}");
}
