//! The program `roomcast`.

use std::process::ExitCode;

fn main() -> ExitCode {
    roomcast_server::cli::run()
}
