//! As much of Rust's grammar as the rules need: words, where a block ends, functions, and the
//! code that only tests see.

use std::ops::Range;

use super::lexer::{Part, next};

/// A Rust file with its parts told apart. Both texts have the length of the file, so that an
/// offset is the same place in each.
pub(super) struct Rust {
    /// Code alone: comments and literals are blank.
    pub(super) code: String,
    /// Code and comments: literals are blank.
    pub(super) prose: String,
}

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Function {
    pub(super) name: String,
    /// The line of its `fn`, from 1.
    pub(super) line: usize,
    /// Lines from there to the closing brace, both counted.
    pub(super) lines: usize,
}

impl Rust {
    pub(super) fn read(text: &str) -> Self {
        let mut parts = Vec::with_capacity(text.len());
        while parts.len() < text.len() {
            let (part, length) = next(&text.as_bytes()[parts.len()..]);
            parts.resize((parts.len() + length).min(text.len()), part);
        }
        let keep = |kept: &[Part]| {
            let keep = |(byte, part)| {
                if kept.contains(part) || byte == b'\n' { byte } else { b' ' }
            };
            let bytes = text.bytes().zip(&parts).map(keep).collect();
            String::from_utf8(bytes).expect("a part ends between characters")
        };
        Self { code: keep(&[Part::Code]), prose: keep(&[Part::Code, Part::Comment]) }
    }

    /// Every function with a body, nested ones too.
    pub(super) fn functions(&self) -> Vec<Function> {
        let code = &self.code;
        let starts = words(code).filter(|(_, word)| *word == "fn").map(|(at, _)| at);
        let function = |start: usize| {
            let (_, name) = words(&code[start + 2..]).next()?;
            let is_named = code[start + 2..].trim_start_matches([' ', '\n', '$']).starts_with(name);
            let end = block_end(code, start).filter(|_| is_named)?;
            let lines = 1 + code[start..end].matches('\n').count();
            Some(Function { name: name.to_owned(), line: line_of(code, start), lines })
        };
        starts.filter_map(function).collect()
    }

    /// The code that is compiled for tests only.
    pub(super) fn tests(&self) -> Vec<Range<usize>> {
        let starts = ["#[cfg(test)]", "#[cfg(all(test"].map(|cfg| self.code.match_indices(cfg));
        let range = |(start, _)| Some(start..block_end(&self.code, start)?);
        starts.into_iter().flatten().filter_map(range).collect()
    }
}

/// Each word of a text and where it begins.
pub(super) fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let begin = text.as_ptr() as usize;
    let words = text.split(|c: char| !is_word(c)).filter(|word| !word.is_empty());
    words.map(move |word| (word.as_ptr() as usize - begin, word))
}

/// The line an offset is on, from 1.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
    1 + text[..offset].matches('\n').count()
}

pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The end of the first block after an offset in code, unless the item ends without one.
fn block_end(code: &str, start: usize) -> Option<usize> {
    let mut brackets = 0_i32;
    let mut braces = 0_i32;
    for (at, c) in code[start..].char_indices() {
        match c {
            '(' | '[' => brackets += 1,
            ')' | ']' => brackets -= 1,
            ';' if braces == 0 && brackets == 0 => return None,
            '{' if braces > 0 || brackets == 0 => braces += 1,
            '}' if braces > 0 => {
                braces -= 1;
                if braces == 0 {
                    return Some(start + at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<(String, usize, usize)> {
        let functions = Rust::read(text).functions();
        functions.into_iter().map(|f| (f.name, f.line, f.lines)).collect()
    }

    #[test]
    fn functions_are_counted_from_fn_to_the_closing_brace() {
        let text =
            "//! x\nfn one() {}\n\nfn two(a: [u8; 2],\n) -> u8 {\n    fn in_it() {\n    }\n}\n";
        let expected = [("one", 2, 1), ("two", 4, 5), ("in_it", 6, 2)];
        assert_eq!(lines(text), expected.map(|(name, at, n)| (name.to_owned(), at, n)));
    }

    #[test]
    fn what_has_no_body_or_no_name_is_no_function() {
        assert_eq!(lines("trait T { fn a(&self); }\ntype F = fn(u8) -> u8;\n"), []);
    }

    #[test]
    fn braces_in_literals_and_comments_do_not_count() {
        let text = "fn a() {\n    let x = \"}\"; // }\n    '}'; /* } */ r#\"}\"#;\n}\n";
        assert_eq!(lines(text), [("a".to_owned(), 1, 4)]);
    }

    #[test]
    fn code_for_tests_is_found() {
        let rust = Rust::read("fn a() {}\n#[cfg(test)]\nmod tests {\n  fn b() {}\n}\nfn c() {}\n");
        let ranges = rust.tests();
        assert_eq!(ranges.len(), 1);
        assert!(rust.code[ranges[0].clone()].contains("fn b"));
        assert!(!rust.code[ranges[0].clone()].contains("fn c"));
    }

    #[test]
    fn words_know_where_they_begin() {
        assert_eq!(words("a.bc( d_1)").collect::<Vec<_>>(), [(0, "a"), (2, "bc"), (6, "d_1")]);
        assert_eq!(line_of("a\nb\nc", 4), 3);
    }
}
