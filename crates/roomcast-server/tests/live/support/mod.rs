//! A server for each test, in this process, and the clients that talk to it.

pub(crate) mod backend;
pub(crate) mod client;
pub(crate) mod http;
pub(crate) mod process;
pub(crate) mod raw;
pub(crate) mod token;

use client::Client;
use roomcast_server::App;
use roomcast_server::config::{Sources, load};
use std::future::{Future, pending, ready};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Far more than anything takes, also on a busy machine.
const DEADLINE: Duration = Duration::from_secs(30);

/// Waits, but not for ever.
#[track_caller]
pub(crate) fn within<T>(what: impl Future<Output = T>) -> impl Future<Output = T> {
    let caller = std::panic::Location::caller();
    async move {
        match tokio::time::timeout(DEADLINE, what).await {
            Ok(done) => done,
            Err(_) => panic!("waited in vain at {caller}"),
        }
    }
}

/// A file that goes when the test ends.
pub(crate) struct File(pub(crate) PathBuf);

impl File {
    pub(crate) fn new(text: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("roomcast-live-{}-{count}.toml", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// How a server is started.
pub(crate) struct Setup {
    text: String,
    workers: usize,
    anonymous: bool,
    secret: Option<&'static str>,
}

/// A server with this configuration, where anyone may do anything unless told otherwise.
pub(crate) fn setup(text: &str) -> Setup {
    Setup { text: text.to_owned(), workers: 1, anonymous: true, secret: Some(token::SECRET) }
}

impl Setup {
    pub(crate) fn workers(self, workers: usize) -> Self {
        Self { workers, ..self }
    }

    /// Who comes in needs a token, unless the configuration itself says otherwise.
    pub(crate) fn with_tokens_only(self) -> Self {
        Self { anonymous: false, ..self }
    }

    /// The server knows no secret that could sign a token.
    pub(crate) fn without_secret(self) -> Self {
        Self { secret: None, ..self }
    }

    fn settings(&self) -> roomcast_server::config::Settings {
        let file = File::new(&self.text);
        let mut vars = vec![("ROOMCAST_ADMIN_LISTEN", "127.0.0.1:0")];
        vars.extend(self.secret.map(|secret| ("ROOMCAST_AUTH_SECRET", secret)));
        if self.anonymous {
            let all = r#"{ "*" = ["join", "publish", "presence", "history"] }"#;
            vars.push(("ROOMCAST_AUTH_ANONYMOUS", all));
        }
        let sources = Sources {
            file: Some(file.0.clone()),
            vars: vars.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
            listen: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
            workers: Some(self.workers),
            loopback: true,
        };
        load(&sources).unwrap_or_else(|report| panic!("{report}")).settings
    }

    /// As `roomcast dev` runs it: everything on one address.
    pub(crate) async fn start(self) -> Server {
        Server(App::dev(self.settings()).await.unwrap())
    }

    /// As `roomcast serve` runs it: operators have an address of their own.
    pub(crate) async fn serve(self) -> Server {
        Server(App::serve(self.settings()).await.unwrap())
    }
}

/// A server as it is configured by default.
pub(crate) async fn server() -> Server {
    setup("").start().await
}

/// A running server.
pub(crate) struct Server(App);

impl Server {
    pub(crate) fn addr(&self) -> SocketAddr {
        self.0.addr()
    }

    pub(crate) fn admin(&self) -> SocketAddr {
        self.0.admin().unwrap()
    }

    /// A client at this path, without a token unless the path has one.
    pub(crate) async fn connect(&self, path: &str) -> Client {
        Client::open(self.addr(), path, &[]).await
    }

    /// An anonymous native client that has heard `welcome`.
    pub(crate) async fn native(&self) -> Client {
        let mut client = self.connect("/v1/ws").await;
        client.hear_type("welcome").await;
        client
    }

    /// A native client with this token that has heard `welcome`.
    pub(crate) async fn native_as(&self, token: &str) -> Client {
        let bearer = format!("Bearer {token}");
        let mut client = Client::open(self.addr(), "/v1/ws", &[("authorization", &bearer)]).await;
        client.hear_type("welcome").await;
        client
    }

    /// An anonymous native client that is in this room.
    pub(crate) async fn member_of(&self, room: &str) -> Client {
        let mut client = self.native().await;
        client.join(room).await;
        client
    }

    /// How many workers have members of some room.
    pub(crate) fn workers_with_rooms(&self) -> usize {
        self.0.hub().stats().iter().filter(|worker| worker.rooms.get() > 0).count()
    }

    /// The value of a metric.
    pub(crate) async fn metric(&self, sample: &str) -> f64 {
        let addr = self.0.admin().unwrap_or(self.addr());
        let page = http::get(addr, "/metrics", &[]).await.body;
        let line = page.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {sample} in\n{page}")).parse().unwrap()
    }

    /// Asks for a metric until it has this value.
    pub(crate) async fn until_metric(&self, sample: &str, value: f64) {
        within(async {
            while self.metric(sample).await != value {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    /// Ends the server kindly: nobody needs to be cut.
    pub(crate) async fn end(self) {
        assert_eq!(within(self.0.run(ready(()), pending())).await, 0, "connections were cut");
    }

    /// Lets the server go away while clients are there; how many it had to cut.
    pub(crate) async fn drain(self) -> usize {
        within(self.0.run(ready(()), pending())).await
    }
}
