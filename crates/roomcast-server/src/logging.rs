//! Log lines: for people on a terminal, JSON otherwise, always on standard error.

use crate::config::LogFormat;
use std::io::{IsTerminal, stderr};
use tracing_subscriber::EnvFilter;

/// Starts the log. `RUST_LOG` says what is written; without it everything from `info` up.
/// A second start changes nothing.
pub fn init(format: LogFormat) {
    let terminal = stderr().is_terminal();
    let pretty = match format {
        LogFormat::Auto => terminal,
        LogFormat::Pretty => true,
        LogFormat::Json => false,
    };
    let asked = std::env::var("RUST_LOG").unwrap_or_default();
    let filter = EnvFilter::try_new(if asked.is_empty() { "info" } else { &asked });
    let refused = filter.is_err();
    let filter = filter.unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    // That a log runs already, as in a test, is no reason not to start.
    let _ = if pretty {
        builder.with_target(false).with_ansi(terminal).compact().try_init()
    } else {
        builder.json().flatten_event(true).try_init()
    };
    if refused {
        tracing::warn!("RUST_LOG cannot be read as a filter; using `info`");
    }
}

/// Writes panics to the log, where operators look, in one line each.
pub fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let text = panic.payload().downcast_ref::<&str>().copied();
        let text = text.or_else(|| panic.payload().downcast_ref::<String>().map(String::as_str));
        tracing::error!(text, place, "a panic: this is a defect, please report it");
    }));
}
