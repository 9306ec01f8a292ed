//! What commands write: results to standard output, the rest to standard error.

use std::fmt::Display;
use std::io::{Write, stderr, stdout};

/// Writes a line of the result. A reader that went away is no mistake of ours.
pub(crate) fn result(text: impl Display) {
    let _ = writeln!(stdout(), "{text}");
}

/// Writes what is beside the result.
pub(crate) fn note(text: impl Display) {
    let _ = writeln!(stderr(), "{text}");
}

/// Writes an error and what mends it.
pub(crate) fn error(text: impl Display, help: impl Display) {
    note(format_args!("error: {text}\n  help: {help}"));
}

/// The text as one word of a shell command.
pub(crate) fn shell_word(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+:@%".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_names_are_quoted_for_the_shell() {
        assert_eq!(shell_word("/etc/roomcast.toml"), "/etc/roomcast.toml");
        assert_eq!(shell_word("my file"), "'my file'");
        assert_eq!(shell_word("it's"), r"'it'\''s'");
    }
}
