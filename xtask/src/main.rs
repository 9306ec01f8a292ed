//! The programs that keep this repository in order, run as `cargo xtask COMMAND`.
//!
//! ```text
//!   main ──► ci ──► step      the gate: steps in order, each timed
//!        │    └───► setup ──► tool    what the steps need, installed when missing
//!        ├─► tidy ──► one file for each rule
//!        ├─► chaos ──► the program in `xtask/chaos`, and the server it hurts
//!        └─► bench ──► the program in `xtask/bench`, and the server it measures; the fan-out's
//!                      own measurement stands among the examples of roomcast-fanout
//! ```
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for a terminal: it prints"
)]

mod apt;
mod bench;
mod chaos;
mod ci;
mod place;
mod run;
mod setup;
mod step;
mod tidy;
mod tool;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::place::Place;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match obey(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn obey(words: &[String]) -> Result<()> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["help" | "--help" | "-h"] => {
            print!("{}", help());
            Ok(())
        }
        ["ci", steps @ ..] => ci::run(&Place::find()?, steps),
        ["chaos", words @ ..] => chaos::run_with(&Place::find()?, words),
        ["bench", "redis", words @ ..] => bench::redis(&Place::find()?, words),
        ["bench", words @ ..] => bench::run_with(&Place::find()?, words),
        ["setup"] => setup::run(&Place::find()?, tool::ALL),
        ["tidy"] => tidy::run(&Place::find()?),
        [] => bail!("no command given\n\n{}", help()),
        _ => bail!("`{}` is no command\n\n{}", words.join(" "), help()),
    }
}

fn help() -> String {
    let mut text = String::from(
        "cargo xtask ci [STEP...]  the gate: every step in order, or only those named\n\
         cargo xtask chaos [OPTION...]\n\
         \x20                         hurt nodes and Redis at random, and judge what clients saw;\n\
         \x20                         --seconds N or --minutes N, --seed S, --clients N, --nodes N,\n\
         \x20                         --without-redis, --server PATH, or --debug for a debug build\n\
         cargo xtask bench [OPTION...] [ROW...]\n\
         \x20                         measure the server beside the floor that no server can beat,\n\
         \x20                         with figures of this machine; --rounds N, --seconds S,\n\
         \x20                         --quick, --json FILE, --server PATH, --against PATH (another\n\
         \x20                         build), --write-docs; `bench list` names the rows\n\
         cargo xtask bench growth [OPTION...] [SERIES...]\n\
         \x20                         how the cost grows, with plots\n\
         cargo xtask bench peers [OPTION...] [PEER...]\n\
         \x20                         the programs of xtask/peers beside the server\n\
         cargo xtask bench redis [OPTION...] [PART...]\n\
         \x20                         measure a node's way through Redis beside its floors, with\n\
         \x20                         figures of this machine; --rounds N, --json FILE, and parts\n\
         \x20                         floor, path, quiet, healing, crowd\n\
         cargo xtask setup         install what the gate needs, or say what to install\n\
         cargo xtask tidy          the rules of docs/style.md that a program can check\n\
         cargo xtask help          this text\n\
         \n\
         Steps:\n",
    );
    for step in step::ALL {
        let by_name_only = if step.in_gate { "" } else { " (only when named)" };
        text.push_str(&format!("  {:<11} {}{by_name_only}\n", step.name, step.about));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{help, obey};

    #[test]
    fn help_names_every_step() {
        for step in crate::step::ALL {
            assert!(help().contains(step.name), "{}", step.name);
        }
    }

    #[test]
    fn an_unknown_command_is_an_error_that_shows_the_known_ones() {
        let error = obey(&["sing".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("`sing` is no command") && error.contains("cargo xtask setup"));
    }
}
