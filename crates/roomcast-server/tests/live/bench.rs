//! `roomcast bench` against the real program: what it counts, and how it ends.

use crate::support::process::Program;
use crate::support::within;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::process::Stdio;
use tokio::process::Command;

/// Lifts what a session may send, as a load test wants.
const LIFTED: &[(&str, &str)] =
    &[("ROOMCAST_LIMITS_COMMANDS_PER_SECOND", "1000000"), ("ROOMCAST_LIMITS_BURST", "1000000")];

/// How a run ended.
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Ended {
    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|_| panic!("{}\n{}", self.stdout, self.stderr))
    }
}

async fn bench(arguments: &str) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_roomcast"));
    command.arg("bench").args(arguments.split(' ')).env_clear();
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = within(command.output()).await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn native(address: SocketAddr) -> String {
    format!("ws://{address}/v1/ws --for 300ms --warm-up 100ms --json")
}

#[tokio::test]
async fn one_room_is_counted_to_the_last_delivery() {
    let (_server, address) = Program::dev("", LIFTED).await;
    let ended = bench(&format!("room {} --members 20 --rate 200", native(address))).await;
    let report = ended.json();
    assert_eq!((ended.code, &report["passed"]), (Some(0), &json!(true)), "{report}");
    assert_eq!((&report["published"], &report["delivered"]), (&json!(60), &json!(1_200)));
    for wrong in ["lost", "duplicated", "reordered", "closed", "failed", "refused"] {
        assert_eq!(report[wrong], 0, "{wrong}: {report}");
    }
    assert_eq!(report["handshakes"]["count"], 20);
    assert!(report["latency_us"]["p99"].as_u64() >= report["latency_us"]["p50"].as_u64());
    assert!(report["server"].is_null() && report["generator"]["reads"].as_u64() > Some(0));
}

#[tokio::test]
async fn every_scenario_and_dialect_holds() {
    let (_server, address) = Program::dev("", LIFTED).await;
    let native = native(address);
    let guide = native.replace("/v1/ws", "/ws/chat/{room}");
    let echo = native.replace("/v1/ws", "/ws");
    for (arguments, delivered) in [
        (format!("rooms {native} --rooms 4 --members 5 --rate 50"), Some(300)),
        (format!("rooms {guide} --rooms 4 --members 5 --rate 50"), Some(300)),
        (format!("echo {native} --connections 5 --rate 100"), Some(150)),
        (format!("echo {echo} --connections 5 --rate 100"), Some(150)),
        (format!("room {native} --members 5 --publishers 2 --in-flight 4 --stalled 1"), None),
        (format!("room {native} --members 5 --rate 100 --beside 2"), Some(150)),
        (format!("idle {native} --connections 20 --exchange 20000"), None),
        (format!("churn {native} --connections 10"), None),
        (format!("storm {native} --members 20 --rooms 4 --rate 100"), Some(720)),
    ] {
        let ended = bench(&arguments).await;
        let report = ended.json();
        assert_eq!((ended.code, &report["passed"]), (Some(0), &json!(true)), "{report}");
        if let Some(delivered) = delivered {
            assert_eq!(report["delivered"], delivered, "{report}");
        }
        if let Some(storm) = report["storm"].as_object() {
            assert_eq!((&storm["away"], &storm["back"]), (&json!(20), &json!(20)), "{report}");
        }
    }
}

#[tokio::test]
async fn a_mark_that_is_missed_and_a_refusal_fail() {
    let (_server, address) = Program::dev("", LIFTED).await;
    let room = format!("room {} --members 3 --rate 100", native(address));
    let ended = bench(&format!("{room} --p99 1us")).await;
    assert_eq!((ended.code, &ended.json()["lost"]), (Some(1), &json!(0)));
    assert!(ended.stderr.contains("note: the p99 must not exceed 1µs"), "{}", ended.stderr);
    // Without the limits lifted a session may send 200 commands at once, and 100 a second.
    let (_server, address) = Program::dev("", &[]).await;
    let room = format!("room {} --members 3 --rate 2000", native(address));
    let ended = bench(&room).await;
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("rate_limited"), "{}", ended.stderr);
    assert!(ended.json()["refused"].as_u64() > Some(0));
}

#[tokio::test]
async fn what_cannot_be_begins_nothing() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let room = format!("room {} --members 3 --rate 100", native(free));
    let ended = bench(&room).await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(69), ""));
    assert!(ended.stderr.contains("nobody listens at 127.0.0.1:"), "{}", ended.stderr);
    for (arguments, part) in [
        ("room wss://127.0.0.1/ --members 3 --rate 1", "`wss://` is not spoken"),
        ("room --members 3", "--rate"),
        ("room --members 3 --rate 1 --in-flight 1", "cannot be used with"),
        ("room --members 0 --rate 1", "at least one connection"),
        ("room --members 3 --rate 1 --size 3", "at least 16 bytes"),
        ("echo --connections 3 --rate 1 --dialect native --answer a=b", "--dialect plain"),
        ("room --members 3 --rate 1 --dialect odd", "native, guide and plain"),
    ] {
        let ended = bench(arguments).await;
        assert_eq!(ended.code, Some(2), "{arguments}: {}", ended.stderr);
        assert!(ended.stderr.contains(part), "{arguments}: {}", ended.stderr);
    }
}
