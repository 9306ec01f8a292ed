//! A node whose Redis is away.

use crate::support::process::{Program, between};
use crate::support::{http, setup};
use rustix::process::Signal;
use std::net::SocketAddr;
use tokio::net::TcpSocket;

const HELP: &str = "  help: see that it runs, that this machine may reach it, and that \
    `redis.url` is right: user, password, `rediss://` only where it speaks TLS, `redis-cluster://` \
    only for a cluster; with `redis.required = false` the server starts without it";

/// An address that is taken and where nobody answers.
pub(crate) struct Away(TcpSocket);

impl Away {
    pub(crate) fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        Self(socket)
    }

    fn addr(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }

    /// The configuration of a node that starts without it.
    pub(crate) fn not_required(&self) -> String {
        format!("[redis]\nurl = \"redis://{}\"\nrequired = false\n", self.addr())
    }
}

#[tokio::test]
async fn a_node_that_needs_redis_does_not_start_without_and_shows_no_password() {
    let away = Away::new();
    let url = format!("redis://usersecret:passsecret@{}/0?x=querysecret", away.addr());
    for command in ["serve", "dev"] {
        let command = format!("{command} --listen 127.0.0.1:0 --workers 1");
        let config = "[redis]\nwait = \"200ms\"\ntimeout = \"100ms\"\n";
        let program = Program::run(&command, config, &[("REDIS_URL", &url), ("RUST_LOG", "trace")]);
        let ended = program.end().await;
        assert_eq!(ended.code, Some(69), "{}", ended.said);
        let (addr, said) = (away.addr(), &ended.said);
        let error = format!("error: Redis at redis://{addr}/0 could not be reached within 200ms: ");
        assert!(said.contains(&error) && said.contains(HELP), "{said}");
        assert!(!said.contains("secret"), "{said}");
    }
}

#[tokio::test]
async fn while_a_node_waits_for_redis_operators_can_look_in_and_end_it() {
    let away = Away::new();
    let url = format!("redis://{}", away.addr());
    let config = "[redis]\nwait = \"1h\"\n";
    let vars = [("REDIS_URL", url.as_str())];
    let mut program = Program::run("serve --listen 127.0.0.1:0 --workers 1", config, &vars);
    let line = program.line_with(r#""message":"connecting to Redis""#).await;
    let admin = between(&line, r#""admin":""#, "\"");
    assert_eq!(http::get(admin, "/health", &[]).await.status, 200);
    let ready = http::get(admin, "/ready", &[]).await;
    assert_eq!(ready.error(), (503, "unavailable".into()));
    assert!((1..=3).contains(&ready.retry_after()));
    let page = http::get(admin, "/metrics", &[]).await.body;
    assert!(page.contains("\nroomcast_broker_up 0\n"), "{page}");
    program.signal(Signal::TERM);
    let ended = program.end().await;
    assert_eq!(ended.code, Some(0), "{}", ended.said);
}

#[tokio::test]
async fn a_node_that_can_do_without_redis_is_ready_and_says_that_it_is_away() {
    let away = Away::new();
    let server = setup(&away.not_required()).serve().await;
    for addr in [server.addr(), server.admin()] {
        for path in ["/health", "/ready"] {
            assert_eq!(http::get(addr, path, &[]).await.status, 200, "{path}");
        }
    }
    assert_eq!(server.metric("roomcast_broker_up").await, 0.0);
    server.end().await;
}

#[tokio::test]
async fn a_node_that_is_alone_has_no_metrics_of_a_broker() {
    let server = setup("").start().await;
    let page = http::get(server.addr(), "/metrics", &[]).await.body;
    assert!(!page.contains("roomcast_broker"), "{page}");
    server.end().await;
}
