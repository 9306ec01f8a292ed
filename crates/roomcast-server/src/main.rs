//! The program `roomcast`.

use std::process::ExitCode;

/// Gives back what a crowd leaves behind, and costs less than the C library's (decision 15).
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    roomcast_server::cli::run()
}
