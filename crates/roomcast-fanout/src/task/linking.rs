//! The life of the link: made, watched, lost, made again.

use super::{NewsChunks, Task};
use crate::bus::{Bus, Connecting, Incoming, Link, News};
use crate::fanout::Status;
use crate::request::Done;
use futures::future::FutureExt;
use futures::stream::StreamExt;
use roomcast_core::Event;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep};

/// How long Redis may be away before anyone is told.
const GRACE: Duration = Duration::from_secs(1);
/// How long to wait before the link is made anew: the first time, and at most.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

/// How many of the news are taken at once.
const NEWS: usize = 512;

/// What there is of a link.
pub(super) enum Connection {
    Connecting(Connecting),
    Waiting(std::pin::Pin<Box<Sleep>>),
    Up(Arc<dyn Link>, NewsChunks),
}

/// What happens with it.
pub(super) enum Happening {
    Connected(Arc<dyn Link>, Incoming),
    Failed(String),
    Waited,
    News(Vec<News>),
    Ended,
}

impl Connection {
    pub(super) fn connecting(bus: &dyn Bus) -> Self {
        Self::Connecting(bus.connect())
    }

    pub(super) fn link(&self) -> Option<&Arc<dyn Link>> {
        if let Self::Up(link, _) = self { Some(link) } else { None }
    }

    /// What happens next.
    pub(super) async fn next(&mut self) -> Happening {
        match self {
            Self::Connecting(connecting) => match connecting.await {
                Ok((link, incoming)) => Happening::Connected(link, incoming),
                Err(error) => Happening::Failed(error.to_string()),
            },
            Self::Waiting(sleep) => sleep.as_mut().map(|()| Happening::Waited).await,
            Self::Up(_, news) => match news.next().await {
                Some(news) => Happening::News(news),
                None => Happening::Ended,
            },
        }
    }
}

impl Task {
    pub(super) fn connection_event(&mut self, happening: Happening) {
        match happening {
            Happening::Connected(link, incoming) => self.connected(link, incoming),
            Happening::Failed(why) => self.wait_again(why),
            Happening::Waited => self.connection = Connection::connecting(&*self.bus),
            Happening::News(news) => self.news(news),
            Happening::Ended => self.lost("the connection was closed"),
        }
    }

    fn connected(&mut self, link: Arc<dyn Link>, incoming: Incoming) {
        self.connection = Connection::Up(link, incoming.ready_chunks(NEWS));
        self.life += 1;
        self.next_ping = Some(Instant::now());
        self.shared.stats.links.add(1);
        self.rooms.want_all();
        self.presence.link_up();
        self.down_since = None;
        self.shared.is_away.store(false, Ordering::Relaxed);
        _ = self.status.send(Status::Up);
    }

    /// The link is over. Every room may miss something from here on.
    pub(super) fn lost(&mut self, why: &str) {
        if self.connection.link().is_none() {
            return;
        }
        self.shared.stats.links_lost.add(1);
        self.presence.link_down();
        self.down_since = Some(Instant::now());
        self.wait_again(why.to_owned());
    }

    fn wait_again(&mut self, why: String) {
        let (first, most) = BACKOFF;
        let wait = first.saturating_mul(1 << self.failures.min(8)).min(most);
        self.failures = self.failures.saturating_add(1);
        self.connection = Connection::Waiting(Box::pin(sleep(wait)));
        self.next_ping = None;
        let status = Status::Down(why);
        self.status.send_if_modified(|old| {
            let is_news = *old != status;
            *old = status.clone();
            is_news
        });
    }

    pub(super) fn ping_if_due(&mut self, now: Instant) {
        let Some(link) = self.connection.link() else { return };
        if self.next_ping.is_some_and(|at| at <= now) {
            self.next_ping = None;
            let answer = link.ping();
            self.doing(async move { Done::Ping(answer.await) });
        }
    }

    /// Members are told once that Redis is away, and once that everything works again.
    pub(super) fn notice_away(&mut self, now: Instant) {
        let is_away = self.down_since.is_some_and(|since| since + GRACE <= now);
        if is_away {
            self.shared.is_away.store(true, Ordering::Relaxed);
            self.refuse_outgoing();
        }
        let is_well = self.down_since.is_none() && self.rooms.are_well();
        // What never worked yet is not degraded.
        if is_away && self.life > 0 && !self.told_degraded {
            self.told_degraded = true;
            self.tell_all("degraded", "Messages cannot be published for the moment.");
        } else if is_well && self.told_degraded {
            self.told_degraded = false;
            self.tell_all("restored", "Messages can be published again.");
        }
    }

    fn tell_all(&self, event: &'static str, text: &'static str) {
        for inbox in &self.shared.inboxes {
            inbox.push(Event::System { event, text });
        }
    }
}
