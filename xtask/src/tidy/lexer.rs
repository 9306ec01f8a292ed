//! Tells code, comments and literals of Rust apart.

/// What a stretch of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Code,
    Comment,
    Literal,
}

/// What a text begins with, and for how many bytes. An unfinished part may claim more than there is.
pub(super) fn next(text: &[u8]) -> (Part, usize) {
    match text {
        [b'/', b'/', ..] => (Part::Comment, find(text, b"\n", 0).unwrap_or(text.len())),
        [b'/', b'*', ..] => (Part::Comment, block_comment(text)),
        [b'"', ..] => (Part::Literal, quoted(text)),
        [b'\'', ..] => character(text).map_or((Part::Code, 1), |length| (Part::Literal, length)),
        [byte, ..] if is_word(*byte) => match raw_string(text) {
            Some(length) => (Part::Literal, length),
            None => (Part::Code, text.iter().take_while(|byte| is_word(**byte)).count()),
        },
        _ => (Part::Code, 1),
    }
}

/// Letters, digits, `_`, and every byte of a character beyond ASCII.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

fn find(text: &[u8], what: &[u8], from: usize) -> Option<usize> {
    text.get(from..)?.windows(what.len()).position(|window| window == what).map(|at| from + at)
}

/// Block comments may stand in block comments.
fn block_comment(text: &[u8]) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < text.len() {
        match &text[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] if depth == 1 => return at + 2,
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    at
}

fn quoted(text: &[u8]) -> usize {
    let mut at = 1;
    while at < text.len() {
        match text[at] {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    at
}

/// A character; a lifetime and a label, which begin alike, are none.
fn character(text: &[u8]) -> Option<usize> {
    if text.get(1) == Some(&b'\\') {
        return Some(find(text, b"'", 3)? + 1);
    }
    let width = match text.get(1)? {
        0..0x80 => 1,
        0x80..0xe0 => 2,
        0xe0..0xf0 => 3,
        _ => 4,
    };
    (text.get(1 + width) == Some(&b'\'')).then_some(width + 2)
}

/// `r"…"`, `br#"…"#` and their like.
fn raw_string(text: &[u8]) -> Option<usize> {
    let prefix = match text {
        [b'r', ..] => 1,
        [b'b' | b'c', b'r', ..] => 2,
        _ => return None,
    };
    let hashes = text[prefix..].iter().take_while(|byte| **byte == b'#').count();
    let open = prefix + hashes;
    if text.get(open) != Some(&b'"') {
        return None;
    }
    let close = [b"\"", "#".repeat(hashes).as_bytes()].concat();
    Some(find(text, &close, open + 1).map_or(text.len(), |at| at + close.len()))
}

#[cfg(test)]
mod tests {
    use super::{Part, next};

    #[test]
    fn each_part_ends_where_it_should() {
        let cases = [
            ("// a\nb", Part::Comment, 4),
            ("/* a /* b */ c */ d", Part::Comment, 17),
            (r#""a\"b" c"#, Part::Literal, 6),
            (r"'a' b", Part::Literal, 3),
            (r"'\'' b", Part::Literal, 4),
            (r"'\u{e9}' b", Part::Literal, 8),
            ("'é' b", Part::Literal, 4),
            ("'a, b", Part::Code, 1),
            ("'static", Part::Code, 1),
            (r##"r#"a"b"# c"##, Part::Literal, 8),
            (r#"br"a\" c"#, Part::Literal, 6),
            ("r#type x", Part::Code, 1),
            ("for x", Part::Code, 3),
            ("b\"x\"", Part::Code, 1),
        ];
        for (text, part, length) in cases {
            assert_eq!(next(text.as_bytes()), (part, length), "{text}");
        }
    }

    #[test]
    fn an_unfinished_part_ends_with_the_text() {
        for text in ["\"a", "/* a", "r#\"a", "'\\", "\"a\\"] {
            assert!(next(text.as_bytes()).1 >= 1, "{text}");
        }
    }
}
