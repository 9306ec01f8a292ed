//! How many files this process may have open: each connection is one.

use crate::error::BenchError;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that the generator needs beside its connections.
const OTHERS: u64 = 64;

/// Raises the limit as far as it goes, and says if that is not enough.
pub(crate) fn allow(connections: u64) -> Result<(), BenchError> {
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.unwrap_or(u64::MAX);
    let needed = connections + OTHERS;
    if most < needed {
        return Err(BenchError::Files { wanted: connections, needed, limit: most });
    }
    if limit.current.is_some_and(|current| current < needed) {
        let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
        setrlimit(Resource::Nofile, raised).map_err(std::io::Error::from)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_connections_are_told_with_the_number() {
        allow(10).unwrap();
        let error = allow(u64::MAX / 2).unwrap_err().to_string();
        assert!(error.contains("ulimit -n"), "{error}");
    }
}
