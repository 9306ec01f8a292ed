//! Waiting for what other processes do, which nothing tells: by asking again and again, bounded.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// How long a part may take to start, to answer or to end.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(10);

/// Asks until there is an answer or an error. Beyond the time, the error says what was awaited.
pub(crate) fn until<T>(
    what: &str,
    time: Duration,
    mut ask: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask()? {
            return Ok(answer);
        }
        if start.elapsed() > time {
            bail!("{what}: not within {} s", time.as_secs_f32());
        }
        thread::sleep(PAUSE);
    }
}
