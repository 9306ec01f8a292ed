//! The commands of `roomcast`.

mod bench;
mod check;
pub(crate) mod exit;
mod keygen;
pub(crate) mod out;
pub(crate) mod token;
mod version;

use clap::{Args, Parser, Subcommand};
use exit::Exit;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

/// A real-time rooms server.
#[derive(Debug, Parser)]
#[command(name = "roomcast", version, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Try it: on this machine only, anyone may do anything.
    Dev(RunArgs),
    /// Run it in production: refuses to be reached from other machines without keys.
    Serve(RunArgs),
    /// Check a configuration and say everything that is wrong with it.
    Check(check::CheckArgs),
    /// Make a token, or say why one is refused.
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Make a key for tokens, or a key for a backend.
    Keygen(keygen::KeygenArgs),
    /// Load a server and say how fast it is and whether all held.
    #[command(subcommand)]
    Bench(bench::BenchCommand),
    /// Say which version this is.
    Version,
}

/// What `dev` and `serve` take.
#[derive(Debug, Clone, Args)]
pub(crate) struct RunArgs {
    /// Configuration file [default: ./roomcast.toml, else /etc/roomcast/roomcast.toml, if there]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Where clients connect; port 0 takes a free one
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// Worker threads; 0 is one per core
    #[arg(long, value_name = "N")]
    pub(crate) workers: Option<usize>,
}

/// Runs the command that the arguments of this process name.
#[must_use]
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Nobody reads it if the terminal is gone.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() };
        }
    };
    match cli.command {
        Command::Dev(args) => crate::run::dev(&args),
        Command::Serve(args) => crate::run::serve(&args),
        Command::Check(args) => check::run(args).into(),
        Command::Token(command) => token::run(command).into(),
        Command::Keygen(args) => keygen::run(&args).into(),
        Command::Bench(command) => bench::run(&command).into(),
        Command::Version => version::run().into(),
    }
}
