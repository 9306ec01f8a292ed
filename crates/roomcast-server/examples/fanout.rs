//! A first rough measurement: starts the server on one worker, and prints its CPU time for a
//! delivery to the members of one room and its memory for an idle connection.
//!
//! `cargo build --release && cargo run --release --example fanout`

use anyhow::{Context as _, Result};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::sync::watch;

const MEMBERS: usize = 1_000;
const IDLE: usize = 10_000;
/// Bytes of a published text.
const TEXT: usize = 128;

#[tokio::main(flavor = "current_thread")]
#[allow(clippy::print_stdout, reason = "a program that prints figures")]
async fn main() -> Result<()> {
    println!("{MEMBERS} members, texts of {TEXT} bytes, one worker");
    for (name, in_flight, messages) in [("one at a time", 1, 2_000), ("32 in flight", 32, 10_000)] {
        let cpu = delivery(in_flight, messages).await?;
        println!("{name}: {cpu:.2} µs of server CPU a delivery");
    }
    println!("{} bytes of memory an idle connection in one room", idle().await?);
    Ok(())
}

/// Microseconds of server CPU for one delivery.
async fn delivery(in_flight: u64, messages: u64) -> Result<f64> {
    let server = Server::start().await?;
    let (count, mut counted) = watch::channel(0u64);
    let mut sockets = Vec::new();
    for _ in 0..MEMBERS {
        sockets.push(server.join().await?);
    }
    let mut publisher = server.join().await?;
    let text = "x".repeat(TEXT);
    let frame = masked(&format!(r#"{{"type":"publish","room":"r","echo":false,"data":"{text}"}}"#));
    // Every member hears the same bytes: the last one's tell how far all are, near enough.
    for (index, socket) in sockets.into_iter().enumerate() {
        let count = (index + 1 == MEMBERS).then(|| count.clone());
        tokio::spawn(hear(socket, count));
    }
    let before = server.cpu()?;
    for sent in 0..messages {
        publisher.write_all(&frame).await?;
        counted.wait_for(|heard| sent + 1 < heard + in_flight).await?;
    }
    counted.wait_for(|heard| *heard >= messages).await?;
    Ok((server.cpu()? - before) * 1e6 / (messages * MEMBERS as u64) as f64)
}

/// Bytes of resident memory for one idle connection.
async fn idle() -> Result<u64> {
    let server = Server::start().await?;
    let before = server.resident()?;
    let mut sockets = Vec::new();
    for _ in 0..IDLE {
        sockets.push(server.join().await?);
    }
    Ok((server.resident()? - before) / IDLE as u64)
}

/// Counts messages by their beginning, `{"type":"message"`, across reads.
async fn hear(mut socket: TcpStream, count: Option<watch::Sender<u64>>) -> Result<()> {
    let (mut buffer, mut kept) = (vec![0; 64 * 1024], Vec::new());
    loop {
        let read = socket.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        let Some(count) = &count else { continue };
        kept.extend_from_slice(&buffer[..read]);
        let needle = br#"{"type":"message""#;
        let mut heard = 0;
        while let Some(at) = kept.windows(needle.len()).position(|window| window == needle) {
            kept.drain(..at + needle.len());
            heard += 1;
        }
        count.send_modify(|total| *total += heard);
    }
}

/// A client's text frame; a mask of zeros leaves the payload as it is.
fn masked(text: &str) -> Vec<u8> {
    let length = text.len() as u16;
    let mut frame = vec![0x81, 0x80 | 126];
    frame.extend(length.to_be_bytes());
    frame.extend([0; 4]);
    frame.extend(text.as_bytes());
    frame
}

struct Server {
    process: Child,
    addr: String,
}

impl Server {
    async fn start() -> Result<Self> {
        let program = std::env::current_exe()?.with_file_name("../roomcast");
        let mut process = Command::new(&program)
            .args(["dev", "--listen", "127.0.0.1:0", "--workers", "1"])
            .env("ROOMCAST_LIMITS_COMMANDS_PER_SECOND", "1000000")
            .env("ROOMCAST_LIMITS_BURST", "1000000")
            .env("RUST_LOG", "warn")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} is missing: cargo build --release", program.display()))?;
        let out = process.stdout.take().context("the server has no output")?;
        let mut lines = BufReader::new(out).lines();
        while let Some(line) = lines.next_line().await? {
            if let Some((_, rest)) = line.split_once("http://") {
                let addr = rest.split('/').next().unwrap_or_default().to_owned();
                tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                return Ok(Self { process, addr });
            }
        }
        anyhow::bail!("the server printed no address")
    }

    /// A connection that is in the room.
    async fn join(&self) -> Result<TcpStream> {
        let mut socket = TcpStream::connect(&self.addr).await?;
        socket.set_nodelay(true)?;
        let request = format!(
            "GET /v1/ws HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            self.addr
        );
        socket.write_all(request.as_bytes()).await?;
        socket
            .write_all(&masked(&format!(
                r#"{{"type":"join","room":"r","t":"{}"}}"#,
                "x".repeat(100)
            )))
            .await?;
        let (mut heard, mut buffer) = (Vec::new(), [0; 4096]);
        while !heard.windows(8).any(|window| window == br#""joined""#) {
            let read = socket.read(&mut buffer).await?;
            anyhow::ensure!(read > 0, "the server closed: {}", String::from_utf8_lossy(&heard));
            heard.extend_from_slice(&buffer[..read]);
        }
        Ok(socket)
    }

    fn stat(&self, file: &str) -> Result<String> {
        let pid = self.process.id().context("the server has ended")?;
        Ok(std::fs::read_to_string(format!("/proc/{pid}/{file}"))?)
    }

    /// Seconds of CPU time so far.
    fn cpu(&self) -> Result<f64> {
        let stat = self.stat("stat")?;
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split(' ').collect();
        let ticks: f64 = fields[12].parse::<f64>()? + fields[13].parse::<f64>()?;
        Ok(ticks / 100.0)
    }

    /// Bytes of anonymous resident memory.
    fn resident(&self) -> Result<u64> {
        let status = self.stat("status")?;
        let line = status.lines().find(|line| line.starts_with("RssAnon:"));
        let kilobytes =
            line.and_then(|line| line.split_whitespace().nth(1)).context("no RssAnon")?;
        Ok(kilobytes.parse::<u64>()? * 1024)
    }
}
