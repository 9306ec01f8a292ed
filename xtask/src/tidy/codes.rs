//! Every code a client may meet stands in the protocol's documentation, as `` `code` ``.

use super::Finding;
use super::tree::Tree;

const DOCUMENT: &str = "docs/protocol.md";
const REFUSALS: &str = "crates/roomcast-protocol/src/refusal.rs";
const CLOSES: &str = "crates/roomcast-protocol/src/close.rs";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let text = tree.get(DOCUMENT).map(|file| file.text.as_str());
    if text.is_none() {
        findings.push(Finding::new(DOCUMENT, 1, "codes", "write the protocol down here"));
    }
    for (path, list) in [(REFUSALS, "error_codes! {"), (CLOSES, "close_codes! {")] {
        let codes = codes(tree.get(path).map_or("", |file| &file.text), list);
        if codes.is_empty() {
            findings.push(Finding::new(path, 1, "codes", format!("no code found in `{list}`")));
        }
        let missing = codes.into_iter().filter(|(_, code)| text.is_some_and(|t| !names(t, code)));
        findings.extend(missing.map(|(line, code)| {
            Finding::new(path, line, "codes", format!("describe `{code}` in {DOCUMENT}"))
        }));
    }
    findings
}

/// The value after `=` of each line in a macro's list, without quotes, and its line.
fn codes<'a>(text: &'a str, list: &str) -> Vec<(usize, &'a str)> {
    let lines = text.lines().enumerate().skip_while(|(_, line)| *line != list);
    let entries = lines.take_while(|(_, line)| *line != "}").filter(|(_, line)| !is_comment(line));
    let code = |(index, line): (usize, &'a str)| {
        let value = line.split_once(" = ")?.1.split(',').next()?;
        Some((index + 1, value.trim_matches('"')))
    };
    entries.filter_map(code).collect()
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

/// Whether a document names a code: alone between backticks, or in a table's cell.
fn names(document: &str, code: &str) -> bool {
    [format!("`{code}`"), format!("| {code} |")].iter().any(|form| document.contains(form))
}

#[cfg(test)]
mod tests {
    use super::super::tests::says;
    use super::*;

    const WORDS: &str =
        "//! A.\nerror_codes! {\n    /// B = c.\n    Limit = \"limit\", false;\n}\n";
    const NUMBERS: &str = "//! A.\nclose_codes! {\n    Drain = 4001, \"drain\";\n}\n";

    fn said(document: &str) -> Vec<String> {
        says(check, &[(DOCUMENT, document), (REFUSALS, WORDS), (CLOSES, NUMBERS)])
    }

    #[test]
    fn a_code_missing_from_the_document_is_found() {
        assert_eq!(said("`limit` and `4001`"), [""; 0]);
        assert_eq!(said("| limit | no |\n| 4001 | yes |"), [""; 0]);
        assert_eq!(
            said("`4001`, the limit"),
            [format!("{REFUSALS}:4: codes: describe `limit` in {DOCUMENT}")]
        );
        assert_eq!(
            said("`limit`, 40012"),
            [format!("{CLOSES}:3: codes: describe `4001` in {DOCUMENT}")]
        );
    }

    #[test]
    fn lists_that_moved_and_a_missing_document_are_found() {
        assert_eq!(says(check, &[(DOCUMENT, ""), (REFUSALS, "//! A.\n")]).len(), 2);
        let said = says(check, &[(REFUSALS, WORDS), (CLOSES, NUMBERS)]);
        assert_eq!(said, [format!("{DOCUMENT}:1: codes: write the protocol down here")]);
    }
}
