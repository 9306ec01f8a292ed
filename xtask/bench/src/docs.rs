//! The tables of `docs/performance.md`: each stands between two marks, and only what is between
//! them is rewritten.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

/// The document, from the root.
const FILE: &str = "docs/performance.md";
/// What ends a table.
const END: &str = "<!-- end -->";

/// Puts what was measured into the document, by the names of its places.
pub(crate) fn write(root: &Path, measured: &[(&str, String)]) -> Result<()> {
    let path = root.join(FILE);
    let mut text = fs::read_to_string(&path).with_context(|| format!("read {FILE}"))?;
    for (name, body) in measured {
        text = put(&text, name, body).with_context(|| FILE.to_owned())?;
    }
    fs::write(&path, text).with_context(|| format!("write {FILE}"))
}

/// The text with this body in the place of this name.
fn put(text: &str, name: &str, body: &str) -> Result<String> {
    let mark = format!("<!-- measured: {name} -->");
    let mut places = text.match_indices(&mark);
    let (at, _) = places.next().with_context(|| format!("there is no `{mark}`"))?;
    ensure!(places.next().is_none(), "`{mark}` is there twice");
    let start = at + mark.len();
    let length = text[start..].find(END);
    let length = length.with_context(|| format!("no `{END}` ends `{mark}`"))?;
    let inside = &text[start..start + length];
    ensure!(!inside.contains("<!-- measured:"), "no `{END}` ends `{mark}` before the next one");
    Ok(format!("{}\n{}\n{}", &text[..start], body.trim_end(), &text[start + length..]))
}

#[cfg(test)]
mod tests {
    use super::put;

    const TEXT: &str = "# Speed\n\nProse.\n\n<!-- measured: rows -->\nold\n<!-- end -->\n\n\
                        More.\n\n<!-- measured: peers -->\n<!-- end -->\nEnd.\n";

    #[test]
    fn only_what_is_between_the_marks_is_rewritten() {
        let text = put(TEXT, "rows", "| a |\n| --- |\n").unwrap();
        let text = put(&text, "peers", "one\n\ntwo").unwrap();
        let golden = "# Speed\n\nProse.\n\n<!-- measured: rows -->\n| a |\n| --- |\n<!-- end -->\n\n\
                      More.\n\n<!-- measured: peers -->\none\n\ntwo\n<!-- end -->\nEnd.\n";
        assert_eq!(text, golden);
        assert_eq!(put(&text, "rows", "| a |\n| --- |").unwrap(), golden, "twice is once");
    }

    #[test]
    fn a_place_that_is_not_there_is_an_error() {
        let said = |text: &str, name| put(text, name, "x").unwrap_err().to_string();
        assert_eq!(said(TEXT, "rooms"), "there is no `<!-- measured: rooms -->`");
        let open = TEXT.replacen("<!-- end -->", "", 1);
        assert!(said(&open, "rows").starts_with("no `<!-- end -->` ends"));
        assert!(said(&TEXT.replace("peers", "rows"), "rows").ends_with("is there twice"));
    }
}
