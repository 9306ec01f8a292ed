//! A client that does not read is sent away; nobody else waits for it, and nothing of it stays.

use crate::support::raw::{self, Raw};
use crate::support::{Server, setup, within};
use serde_json::json;

const ROOMS: &str = "[limits]\nburst = 1000000\n\
    [connection]\nstall = \"1h\"\nclose_timeout = \"200ms\"\noutbox = \"68KiB\"\n\
    [heartbeat]\ninterval = \"1h\"\ntimeout = \"100ms\"\n\
    [[room]]\npattern = \"skip\"\nslow = \"skip\"\n[[room]]\npattern = \"*\"\n";
const TOO_SLOW: &str = r#"roomcast_connections_closed_total{reason="too slow"}"#;

/// A member of the room that does not read.
async fn stalled(server: &Server, room: &str) -> Raw {
    let mut raw = Raw::connect_narrow(server.addr()).await;
    raw.shake_hands("/v1/ws", &[]).await;
    raw.send(&raw::text(&json!({"type": "join", "room": room}).to_string())).await;
    raw.text().await;
    assert!(raw.text().await.contains("joined"));
    raw
}

/// Publishes, and hears it at the live member, until the metric has this value.
async fn publish_until(server: &Server, room: &str, metric: &str, value: f64) {
    let mut live = server.member_of(room).await;
    let mut count = 0;
    within(async {
        while server.metric(metric).await < value {
            for _ in 0..16 {
                count += 1;
                live.publish(room, json!([count, "x".repeat(16_000)])).await;
                assert_eq!(live.hear_data().await[0], count);
            }
        }
    })
    .await;
    live.must_be_well().await;
    live.leave().await;
}

#[tokio::test]
async fn a_stalled_reader_is_sent_away_and_the_others_hear_everything() {
    let server = setup(&ROOMS.replace("stall = \"1h\"", "stall = \"300ms\"")).start().await;
    let mut slow = stalled(&server, "tea").await;
    publish_until(&server, "tea", TOO_SLOW, 1.0).await;
    // It still does not read, and yet nothing of it stays.
    for gauge in ["connections", "memberships", "sockets", "outbox_bytes"] {
        server.until_metric(&format!("roomcast_{gauge}"), 0.0).await;
    }
    slow.rest().await;
    server.end().await;
}

#[tokio::test]
async fn a_reader_that_was_slow_for_a_moment_still_sees_why_it_was_closed() {
    let server = setup(&ROOMS.replace("200ms", "1h")).start().await;
    let mut slow = stalled(&server, "tea").await;
    let closing = r#"roomcast_memberships"#;
    let mut live = server.member_of("tea").await;
    within(async {
        while server.metric(closing).await == 2.0 {
            live.publish("tea", json!("x".repeat(16_000))).await;
            live.hear_data().await;
        }
    })
    .await;
    let last = within(async {
        loop {
            let (opcode, payload) = slow.frame().await;
            if opcode == raw::CLOSE {
                return payload;
            }
        }
    })
    .await;
    assert_eq!(last, [&4002_u16.to_be_bytes()[..], b"too slow"].concat());
    slow.must_end().await;
    drop(slow);
    live.leave().await;
    server.end().await;
}

#[tokio::test]
async fn who_takes_nothing_for_too_long_is_sent_away_also_where_the_room_skips() {
    let server = setup(&ROOMS.replace("stall = \"1h\"", "stall = \"300ms\"")).start().await;
    let mut slow = stalled(&server, "skip").await;
    publish_until(&server, "skip", TOO_SLOW, 1.0).await;
    for gauge in ["connections", "sockets", "outbox_bytes"] {
        server.until_metric(&format!("roomcast_{gauge}"), 0.0).await;
    }
    slow.rest().await;
    server.end().await;
}

#[tokio::test]
async fn where_the_room_skips_a_slow_member_is_told_of_the_gap() {
    let server = setup(ROOMS).start().await;
    let mut slow = stalled(&server, "skip").await;
    let dropped = r#"roomcast_messages_dropped_total{reason="slow"}"#;
    publish_until(&server, "skip", dropped, 40.0).await;
    let published = server.metric(r#"roomcast_messages_published_total{source="client"}"#).await;
    let mut position = 0;
    let mut gaps = 0;
    within(async {
        while position < published as u64 {
            let heard: serde_json::Value = serde_json::from_str(&slow.text().await).unwrap();
            let number = |key: &str| heard[key].as_u64().unwrap();
            if heard["type"] == "gap" {
                assert_eq!(
                    (&heard["reason"], &heard["repairing"]),
                    (&json!("slow"), &json!(false))
                );
                assert_eq!(number("from"), position + 1);
                position = number("to");
                gaps += 1;
            } else {
                assert_eq!(number("offset"), position + 1);
                position += 1;
            }
        }
    })
    .await;
    assert!(gaps > 0);
    drop(slow);
    server.end().await;
}

#[tokio::test]
async fn who_sends_without_reading_the_answers_is_not_read_any_more() {
    let server = setup(ROOMS).start().await;
    let mut raw = Raw::connect_narrow(server.addr()).await;
    raw.shake_hands("/ws", &[]).await;
    let message = raw::text(&"x".repeat(60_000));
    // The server stops reading, so that at last nothing more can be sent.
    let sent = raw.send_until_full(&message).await;
    let waiting = server.metric("roomcast_outbox_bytes").await;
    assert!(waiting <= 300_000.0, "{waiting} bytes wait after {sent} were sent");
    let mut other = server.connect("/ws").await;
    other.say("hello").await;
    assert_eq!(other.hear().await, "Echo: hello");
    other.leave().await;
    for _ in 0..sent / message.len() {
        assert_eq!(raw.text().await.len(), 60_006);
    }
    drop(raw);
    server.until_metric("roomcast_outbox_bytes", 0.0).await;
    server.end().await;
}
