//! The end of the server: every client is told, served until its moment, and sent away.

use crate::support::client::Client;
use crate::support::process::Program;
use crate::support::raw::{Raw, handshake};
use crate::support::{http, setup, token, within};
use rustix::process::Signal;
use serde_json::json;
use std::net::SocketAddr;

/// Where clients go so slowly that there is time to look at the drain.
const SLOWLY: &str = "[drain]\nrate = 1\ntimeout = \"1h\"\n";

async fn natives(addr: SocketAddr, count: usize) -> Vec<Client> {
    let bearer = format!("Bearer {}", token::of("ann", "Ann"));
    let mut clients = Vec::new();
    for _ in 0..count {
        let mut client = Client::open(addr, "/v1/ws", &[("authorization", &bearer)]).await;
        client.hear_type("welcome").await;
        client.join("tea").await;
        clients.push(client);
    }
    clients
}

async fn hear_reconnect(client: &mut Client) -> u64 {
    let frame = client.hear_type("reconnect").await;
    assert_eq!(frame["reason"], "drain");
    frame["after_ms"].as_u64().unwrap()
}

async fn must_be_sent_away(mut native: Vec<Client>, mut guide: Client) {
    for client in &mut native {
        hear_reconnect(client).await;
        assert_eq!(client.hear_close().await, (4001, "drain".into()));
    }
    assert_eq!(guide.hear_close().await, (4001, "drain".into()), "a guide client is told nothing");
}

#[tokio::test]
async fn serve_sends_everyone_away_and_ends_well() {
    let (program, addr, admin) = Program::serve("", &[]).await;
    let native = natives(addr, 20).await;
    let path = format!("/ws/secure?token={}", token::of("bob", "Bob"));
    let guide = Client::open(addr, &path, &[]).await;
    assert_eq!(http::get(admin, "/ready", &[]).await.status, 200);
    program.signal(Signal::TERM);
    must_be_sent_away(native, guide).await;
    let ended = program.end().await;
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    assert!(ended.said.contains(r#""message":"gone""#) && !ended.said.contains("cut at the end"));
}

#[tokio::test]
async fn dev_ends_well_at_ctrl_c() {
    let (program, addr) = Program::dev("", &[]).await;
    let native = natives(addr, 3).await;
    let guide = Client::open(addr, "/ws/chat/milk", &[]).await;
    program.signal(Signal::INT);
    must_be_sent_away(native, guide).await;
    assert_eq!(program.end().await.code, Some(0));
}

#[tokio::test]
async fn while_it_drains_it_is_not_ready_and_serves_on() {
    let (program, addr, admin) = Program::serve(SLOWLY, &[]).await;
    let mut clients = natives(addr, 30).await;
    let mut kept = Raw::connect(addr).await;
    kept.send(b"GET /ready HTTP/1.1\r\nHost: here\r\n\r\n").await;
    assert_eq!(http::answer(&mut kept).await.status, 200);
    program.signal(Signal::TERM);
    let mut moments = Vec::new();
    for client in &mut clients {
        moments.push(hear_reconnect(client).await);
    }
    assert!(moments.iter().all(|moment| *moment < 31_000), "{moments:?}");
    assert!(moments.iter().any(|moment| *moment != moments[0]), "all at once: {moments:?}");
    let answer = http::get(admin, "/ready", &[]).await;
    assert_eq!(answer.error(), (503, "unavailable".into()));
    assert!((1..=3).contains(&answer.retry_after()), "another node answers");
    assert_eq!(http::get(admin, "/health", &[]).await.status, 200);
    for request in [handshake("/v1/ws"), "GET /ready HTTP/1.1\r\nHost: here\r\n\r\n".to_owned()] {
        let bearer = format!("\r\nAuthorization: Bearer {}\r\n\r\n", token::of("ann", "Ann"));
        kept.send(request.replacen("\r\n\r\n", &bearer, 1).as_bytes()).await;
        let answer = http::answer(&mut kept).await;
        assert_eq!(answer.status, 503, "{request}");
        assert!((1..=3).contains(&answer.retry_after()), "{request}");
    }
    let last = (0..30).max_by_key(|who| moments[*who]).unwrap();
    clients[last].publish("tea", json!("still served")).await;
    assert_eq!(clients[last].hear_data().await, "still served");
    drop((clients, kept));
    assert_eq!(program.end().await.code, Some(0), "it waits for nobody who has gone");
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let (program, addr, _) = Program::serve(SLOWLY, &[]).await;
    let mut clients = natives(addr, 30).await;
    program.signal(Signal::TERM);
    for client in &mut clients {
        hear_reconnect(client).await;
    }
    program.signal(Signal::TERM);
    let ended = program.end().await;
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    drop(clients);
}

#[tokio::test]
async fn what_does_not_go_is_cut_at_the_end_of_the_drain() {
    let server = setup("[drain]\ntimeout = \"300ms\"\n[connection]\nclose_timeout = \"1h\"\n");
    let server = server.start().await;
    let mut raw = Raw::open(server.addr(), "/v1/ws").await;
    raw.text().await;
    // It hears the close frame, and does not close.
    assert_eq!(server.drain().await, 1);
    assert!(raw.text().await.contains("reconnect"));
    assert_eq!(&raw.frame().await.1[2..], b"drain");
}

#[tokio::test]
async fn a_port_that_is_taken_is_said_in_one_line() {
    let server = setup("").start().await;
    let taken = server.addr().to_string();
    for command in ["serve", "dev"] {
        let ended = Program::run(&format!("{command} --listen {taken}"), "", &[]).end().await;
        assert_eq!(ended.code, Some(69), "{}", ended.said);
        let errors: Vec<_> = ended.said.lines().filter(|line| line.contains("error")).collect();
        assert!(matches!(errors[..], [one] if one.contains(&taken)), "{}", ended.said);
    }
    let admin = [("ROOMCAST_ADMIN_LISTEN", taken.as_str())];
    let ended = Program::run("serve --listen 127.0.0.1:0", "", &admin).end().await;
    assert_eq!(ended.code, Some(69), "{}", ended.said);
    assert!(ended.said.contains(&taken), "{}", ended.said);
    server.end().await;
}

#[tokio::test]
async fn an_application_ends_its_listeners_with_itself() {
    let server = setup("").serve().await;
    let (public, admin) = (server.addr(), server.admin());
    assert_eq!(http::get(admin, "/health", &[]).await.status, 200);
    server.end().await;
    for addr in [public, admin] {
        // A process that another test is just starting may hold the socket until it is another.
        within(async {
            while tokio::net::TcpStream::connect(addr).await.is_ok() {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}
