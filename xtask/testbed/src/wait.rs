//! Waiting in real time for what wakes this thread.

use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Instant;

use crate::until::PATIENCE;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Looks whether it is so, again whenever the waker it is given is woken. Whether it ever was,
/// within 20 s.
pub fn wait(is_so: &mut dyn FnMut(&mut Context<'_>) -> bool) -> bool {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let end = Instant::now() + PATIENCE;
    loop {
        if is_so(&mut Context::from_waker(&waker)) {
            return true;
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        thread::park_timeout(left);
    }
}
