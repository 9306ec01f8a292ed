//! What the log says of the link, and when a node without it is of no use.

use super::*;
use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard};
use tracing_subscriber::fmt::MakeWriter;

/// Lines of a log.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap()
    }

    fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.lock())).unwrap()
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lock().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn down(reason: &str) -> Status {
    Status::Down(reason.to_owned())
}

#[tokio::test]
async fn the_log_says_once_that_redis_is_away_and_once_that_it_is_back() {
    let lines = Lines::default();
    let log = tracing_subscriber::fmt().with_writer(lines.clone()).without_time().with_ansi(false);
    let _log = tracing::subscriber::set_default(log.with_target(false).finish());
    let (told, status) = watch::channel(down("not connected yet"));
    let watching = Watching(tokio::spawn(watch(status, Duration::ZERO)));
    let away = |reason| {
        format!(" WARN Redis is away: {reason}; messages cannot be published until it is back\n")
    };
    for (now, says) in [
        (Status::Up, String::new()),
        (down("refused"), away("refused")),
        (down("no route"), String::new()),
        (Status::Up, " INFO Redis is back\n".to_owned()),
        (Status::Up, String::new()),
        (down("timeout"), away("timeout")),
    ] {
        told.send(now.clone()).unwrap();
        for _ in 0..8 {
            tokio::task::yield_now().await;
        }
        assert_eq!(lines.take(), says, "{now:?}");
    }
    drop(watching);
}

#[test]
fn only_a_node_that_needs_redis_is_of_no_use_without() {
    for (now, required, trouble) in [
        (Status::Up, true, None),
        (down("refused"), true, Some("refused".to_owned())),
        (down("refused"), false, None),
    ] {
        let view =
            LinkView { status: watch::channel(now.clone()).1, required, stats: Arc::default() };
        assert_eq!((view.trouble(), view.is_up()), (trouble, now == Status::Up));
    }
}
