//! `docs/protocol.md` shows every golden frame as it is, and no frame of its own making.

use crate::files;
use roomcast_protocol::{CloseCode, ErrorCode};
use std::collections::BTreeSet;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/protocol.md");

fn page() -> String {
    std::fs::read_to_string(PAGE).expect("docs/protocol.md is there")
}

/// The lines of the fenced blocks marked `frames`, beside the language they are coloured as.
fn examples(page: &str) -> BTreeSet<&str> {
    let mut lines = BTreeSet::new();
    let mut inside = false;
    for line in page.lines() {
        if line.starts_with("```") {
            inside = line.ends_with(" frames");
        } else if inside {
            lines.insert(line);
        }
    }
    lines
}

#[test]
fn every_golden_frame_stands_in_the_docs() {
    let page = page();
    let examples = examples(&page);
    let files = files::all();
    for golden in &files {
        let (name, frame) = (&golden.name, golden.frame.as_str());
        assert!(examples.contains(frame), "docs/protocol.md does not show {name}: {frame}");
    }
    let frames: BTreeSet<&str> = files.iter().map(|golden| golden.frame.as_str()).collect();
    let invented: Vec<_> = examples.difference(&frames).collect();
    assert!(invented.is_empty(), "frames without a file in docs/protocol.md: {invented:#?}");
}

fn assert_rows(page: &str, rows: &[String]) {
    for row in rows {
        let found = page.lines().filter(|line| line.starts_with(row.as_str())).count();
        assert_eq!(found, 1, "docs/protocol.md has one line that begins with: {row}");
    }
}

#[test]
fn every_close_code_and_error_stands_once_in_the_docs() {
    let closes = CloseCode::ALL.iter().map(|close| {
        let comes_back = if close.comes_back() { "yes" } else { "no" };
        format!("| {} | {} | {comes_back} |", close.code(), close.reason())
    });
    let errors = ErrorCode::ALL.iter().map(|code| {
        let retry = if code.retry() { "yes" } else { "no" };
        format!("| `{}` | {retry} |", code.slug())
    });
    assert_rows(&page(), &closes.chain(errors).collect::<Vec<_>>());
}
