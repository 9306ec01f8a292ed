//! The WebSocket protocol by the byte: what a client may send, and how it is sent away if it
//! sends something else. The close frame must arrive: no reset may come before it.

use crate::support::raw::{self, CLOSE, PONG, Raw, frame};
use crate::support::{server, setup};
use serde_json::json;

/// Bits of the first byte.
const FIN: u8 = 0x80;
const TEXT: u8 = raw::TEXT;
const BINARY: u8 = 2;
const PING: u8 = 9;

/// A frame without a mask, as only a server may send it.
fn unmasked(text: &str) -> Vec<u8> {
    let mut frame = vec![FIN | TEXT, text.len() as u8];
    frame.extend(text.as_bytes());
    frame
}

/// The start of a frame that promises so many bytes.
fn promise(first: u8, length: u64) -> Vec<u8> {
    let mut frame = vec![first, FIN | 127];
    frame.extend(length.to_be_bytes());
    frame.extend([1, 2, 3, 4]);
    frame
}

/// Sends the bytes on each endpoint and expects this close; more follows, so that a server that
/// does not read on would reset the connection.
async fn expect_close(bytes: &[u8], code: u16, reason: &str) {
    let server = server().await;
    for path in ["/ws", "/ws/chat/tea", "/v1/ws"] {
        let mut raw = Raw::open(server.addr(), path).await;
        if path == "/v1/ws" {
            assert!(raw.text().await.contains("welcome"));
        }
        let mut sent = bytes.to_vec();
        sent.extend(raw::text(&"x".repeat(40_000)));
        raw.send(&sent).await;
        raw.must_close_with(code, reason).await;
    }
    server.until_metric("roomcast_sockets", 0.0).await;
    let closed = format!("roomcast_connections_closed_total{{reason=\"{reason}\"}}");
    assert_eq!(server.metric(&closed).await, 3.0);
    server.end().await;
}

#[tokio::test]
async fn a_frame_that_is_too_large_closes_with_1009() {
    expect_close(&frame(FIN | TEXT, &vec![b'x'; 65_537]), 1009, "message too big").await;
}

#[tokio::test]
async fn a_frame_that_only_promises_to_be_too_large_closes_with_1009() {
    expect_close(&promise(FIN | TEXT, 65_537), 1009, "message too big").await;
    for most in [i64::MAX as u64, u64::MAX] {
        expect_close(&promise(FIN | BINARY, most), 1009, "message too big").await;
    }
}

#[tokio::test]
async fn fragments_that_are_too_large_together_close_with_1009() {
    let mut bytes = frame(TEXT, &vec![b'x'; 40_000]);
    bytes.extend(frame(FIN, &vec![b'x'; 40_000]));
    expect_close(&bytes, 1009, "message too big").await;
}

#[tokio::test]
async fn a_text_that_is_not_utf8_closes_with_1007() {
    for bad in [&b"\xff"[..], b"a\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"] {
        expect_close(&frame(FIN | TEXT, bad), 1007, "not UTF-8").await;
    }
    let mut cut = frame(TEXT, b"\xe2\x82");
    cut.extend(frame(FIN, b"x"));
    expect_close(&cut, 1007, "not UTF-8").await;
}

#[tokio::test]
async fn what_breaks_the_protocol_closes_with_1002() {
    let mut nested = frame(TEXT, b"a");
    nested.extend(frame(FIN | TEXT, b"b"));
    for bad in [
        unmasked("hello"),
        frame(FIN | 0x40 | TEXT, b"rsv1"),
        frame(FIN | 0x20 | TEXT, b"rsv2"),
        frame(FIN | 0x10 | TEXT, b"rsv3"),
        frame(FIN | 3, b"no such opcode"),
        frame(FIN | 11, b"no such control"),
        frame(PING, b"a fragment"),
        frame(FIN | PING, &[b'x'; 126]),
        frame(FIN, b"continues nothing"),
        nested,
        frame(FIN | CLOSE, &[3]),
    ] {
        expect_close(&bad, 1002, "protocol error").await;
    }
}

#[tokio::test]
async fn a_goodbye_is_answered_and_the_stream_ends() {
    let server = server().await;
    for (said, code) in [(&b""[..], None), (b"\x03\xe8bye", Some(1000)), (b"\x0f\xa0", Some(4000))]
    {
        let mut raw = Raw::open(server.addr(), "/ws").await;
        let mut bytes = raw::text("last words");
        bytes.extend(frame(FIN | CLOSE, said));
        bytes.extend(raw::text("not heard any more"));
        raw.send(&bytes).await;
        assert_eq!(raw.text().await, "Echo: last words");
        let (opcode, payload) = raw.frame().await;
        assert_eq!(opcode, CLOSE);
        let heard = payload.first_chunk().map(|code| u16::from_be_bytes(*code));
        assert_eq!(heard, code);
        raw.must_end().await;
    }
    server.until_metric("roomcast_sockets", 0.0).await;
    let gone = r#"roomcast_connections_closed_total{reason="client gone"}"#;
    assert_eq!(server.metric(gone).await, 3.0);
    server.end().await;
}

#[tokio::test]
async fn a_ping_is_answered_with_its_payload_also_inside_a_message() {
    let server = server().await;
    let mut raw = Raw::open(server.addr(), "/ws").await;
    for payload in [&b""[..], b"here", &[0xff; 125]] {
        raw.send(&frame(FIN | PING, payload)).await;
        assert_eq!(raw.frame().await, (PONG, payload.to_vec()));
    }
    raw.send(&frame(FIN | PONG, b"unasked")).await;
    raw.send(&frame(TEXT, b"one \xe2\x82")).await;
    raw.send(&frame(FIN | PING, b"inside")).await;
    assert_eq!(raw.frame().await, (PONG, b"inside".to_vec()));
    raw.send(&frame(0, b"\xac two ")).await;
    raw.send(&frame(0, b"")).await;
    raw.send(&frame(FIN, b"three")).await;
    assert_eq!(raw.text().await, "Echo: one € two three");
    drop(raw);
    server.end().await;
}

#[tokio::test]
async fn it_does_not_matter_how_the_bytes_are_cut() {
    let server = server().await;
    let mut raw = Raw::open(server.addr(), "/ws").await;
    let long = "lang ".repeat(30);
    let mut bytes = raw::text("one");
    bytes.extend(frame(FIN | PING, b"?"));
    bytes.extend(raw::text(&long));
    raw.send_slowly(&bytes).await;
    assert_eq!(raw.text().await, "Echo: one");
    // A pong may come after the answers to what came in the same segment.
    let mut heard = [raw.frame().await, raw.frame().await];
    heard.sort();
    let echo = format!("Echo: {long}").into_bytes();
    assert_eq!(heard, [(TEXT, echo), (PONG, b"?".to_vec())]);
    let many: Vec<u8> = (0..500).flat_map(|n| raw::text(&format!("message {n}"))).collect();
    raw.send(&many).await;
    for n in 0..500 {
        assert_eq!(raw.text().await, format!("Echo: message {n}"));
    }
    raw.send(&raw::text(&"x".repeat(65_536))).await;
    assert_eq!(raw.text().await.len(), 65_536 + 6, "the largest frame is let through");
    drop(raw);
    server.end().await;
}

#[tokio::test]
async fn what_comes_with_the_handshake_is_not_lost() {
    let server = server().await;
    let mut raw = Raw::connect(server.addr()).await;
    let mut early = raw::text("early");
    let late = raw::text("half");
    early.extend(&late[..3]);
    raw.shake_hands("/ws", &early).await;
    assert_eq!(raw.text().await, "Echo: early");
    raw.send(&late[3..]).await;
    assert_eq!(raw.text().await, "Echo: half");
    drop(raw);
    let mut raw = Raw::connect(server.addr()).await;
    let join = json!({"type": "join", "id": 1, "room": "tea"}).to_string();
    let publish = json!({"type": "publish", "room": "tea", "data": "early"}).to_string();
    raw.shake_hands("/v1/ws", &[raw::text(&join), raw::text(&publish)].concat()).await;
    for expected in ["welcome", "joined", "message"] {
        let heard = raw.text().await;
        assert!(heard.starts_with(&format!(r#"{{"type":"{expected}""#)), "{heard}");
    }
    drop(raw);
    server.end().await;
}

#[tokio::test]
async fn a_client_that_is_gone_without_a_word_leaves_nothing_behind() {
    let server = setup("").workers(2).start().await;
    for path in ["/v1/ws", "/ws/chat/tea"] {
        for bytes in [raw::text("{"), frame(TEXT, b"{"), vec![FIN | TEXT], promise(FIN | TEXT, 9)] {
            let mut raw = Raw::open(server.addr(), path).await;
            raw.send(&bytes).await;
        }
    }
    for gauge in ["connections", "sockets", "memberships", "outbox_bytes"] {
        server.until_metric(&format!("roomcast_{gauge}"), 0.0).await;
    }
    server.end().await;
}
