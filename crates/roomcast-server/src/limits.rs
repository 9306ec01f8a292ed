//! The system's limits: every connection is an open file.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the soft limit of open files to the hard one and logs how many there may be.
pub fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if limit.current != limit.maximum
        && let Err(error) = setrlimit(Resource::Nofile, raised)
    {
        tracing::warn!(%error, "the open-files limit could not be raised");
    }
    // None stands for no limit.
    match getrlimit(Resource::Nofile).current {
        Some(files) => tracing::info!(files, "open files at most"),
        None => tracing::info!("open files without limit"),
    }
}
