//! Runs other programs, and names the whole command where one fails.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::place::Place;

/// A cargo command at the root of the repository. It uses `Cargo.lock` as it stands.
pub(crate) fn cargo(place: &Place, words: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(words).current_dir(&place.root);
    command
}

/// Runs a command with its output on the terminal; anything but success is an error naming it.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = spell(command);
    println!("    $ {line}");
    let status =
        command.stdin(Stdio::null()).status().with_context(|| format!("cannot start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed: {status}");
    }
    Ok(())
}

/// What a command prints, or nothing if it cannot start or fails.
pub(crate) fn ask(program: &str, words: &[&str]) -> Option<String> {
    let output = Command::new(program).args(words).stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}

/// The command as a person would type it at the root, its variables in front.
fn spell(command: &Command) -> String {
    let variables = command.get_envs().filter_map(|(name, value)| {
        Some(format!("{}={}", name.to_string_lossy(), quote(&value?.to_string_lossy())))
    });
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words = words.map(|word| quote(&word.to_string_lossy()));
    variables.chain(words).collect::<Vec<_>>().join(" ")
}

fn quote(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./=:,@+".contains(c);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{word}'") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_spelled_as_it_is_typed() {
        let mut command = Command::new("cargo");
        command.args(["doc", "--cfg", "a b"]).env("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(spell(&command), "RUSTDOCFLAGS='-D warnings' cargo doc --cfg 'a b'");
    }

    #[test]
    fn a_failing_command_is_named() {
        let error = run(&mut Command::new("false")).unwrap_err().to_string();
        assert!(error.starts_with("`false` failed"), "{error}");
        let error = run(&mut Command::new("no-such-program")).unwrap_err().to_string();
        assert_eq!(error, "cannot start `no-such-program`");
    }
}
