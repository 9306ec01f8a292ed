//! How the program ends, in the numbers of `sysexits.h`.

use std::process::ExitCode;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// All is well.
    Done = 0,
    /// It failed while running.
    Failed = 1,
    /// The arguments make no sense.
    Usage = 2,
    /// What it needs is not to be had: the port is taken.
    Unavailable = 69,
    /// The configuration is wrong.
    Configuration = 78,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
