//! `roomcast check`: everything that is wrong with a configuration, at once.

use super::exit::Exit;
use super::out;
use crate::config::{Report, Sources, load};
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Configuration file [default: ./roomcast.toml, else /etc/roomcast/roomcast.toml, if there]
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Take warnings for errors
    #[arg(long)]
    strict: bool,
}

pub(super) fn run(args: CheckArgs) -> Exit {
    let (file, mut report) = match load(&Sources::of_process(args.config)) {
        Ok(loaded) => (loaded.file, loaded.report),
        Err(report) => (None, report),
    };
    if args.strict {
        report.be_strict();
    }
    if !report.problems().is_empty() {
        out::note(report.to_string().trim_end());
    }
    if report.errors() > 0 {
        out::note(summary(&report));
        return Exit::Configuration;
    }
    match file {
        Some(file) => out::result(format_args!("{}: ok", file.display())),
        None => out::result("ok: no configuration file, only defaults and the environment"),
    }
    Exit::Done
}

fn summary(report: &Report) -> String {
    match report.errors() {
        1 => "1 error".to_owned(),
        errors => format!("{errors} errors"),
    }
}
