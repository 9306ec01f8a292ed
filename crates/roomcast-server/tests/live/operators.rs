//! What operators, load balancers and people who try things ask over HTTP.

use crate::support::{http, server, setup};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

#[tokio::test]
async fn health_and_ready_answer() {
    let server = server().await;
    let health = http::get(server.addr(), "/health", &[]).await;
    assert_eq!((health.status, health.json()), (200, json!({"status": "ok"})));
    let ready = http::get(server.addr(), "/ready", &[]).await;
    assert_eq!((ready.status, ready.json()), (200, json!({"status": "ready"})));
    server.end().await;
}

#[tokio::test]
async fn in_serve_clients_see_no_metrics_no_pages_and_no_tokens() {
    let server = setup("").serve().await;
    let (public, admin) = (server.addr(), server.admin());
    for path in ["/metrics", "/", "/demo/chat", "/console", "/common/base.css", "/vendor/uplot.js"]
    {
        assert_eq!(http::get(public, path, &[]).await.error(), (404, "not_found".into()), "{path}");
    }
    let answer = http::post(public, "/dev/token", &[], r#"{"name":"Ann"}"#).await;
    assert_eq!(answer.error(), (404, "not_found".into()));
    for path in ["/health", "/ready"] {
        for addr in [public, admin] {
            assert_eq!(http::get(addr, path, &[]).await.status, 200, "{path}");
        }
    }
    assert_eq!(http::get(admin, "/metrics", &[]).await.status, 200);
    for path in ["/ws", "/ws/chat/tea", "/demo/chat", "/dev/token"] {
        assert_eq!(http::get(admin, path, &[]).await.error(), (404, "not_found".into()), "{path}");
    }
    for path in ["/", "/console", "/console/console.js", "/common/base.css", "/client.js"] {
        assert_eq!(http::get(admin, path, &[]).await.status, 200, "{path}");
    }
    let client = http::get(public, "/client.js", &[]).await;
    assert_eq!((client.status, client.header("access-control-allow-origin")), (200, "*"));
    server.end().await;
}

/// The samples of a page in the format of OpenMetrics; panics where it is not in it.
fn samples(page: &str) -> BTreeMap<String, f64> {
    let mut samples = BTreeMap::new();
    let (mut family, mut kind) = (String::new(), String::new());
    let mut seen = BTreeSet::new();
    let mut lines = page.lines();
    assert_eq!(lines.next_back(), Some("# EOF"));
    for line in lines {
        if let Some(meta) = line.strip_prefix("# ") {
            let [word, name, rest] = meta.splitn(3, ' ').collect::<Vec<_>>()[..] else {
                panic!("{line}")
            };
            match word {
                "HELP" => {
                    assert!(!rest.is_empty(), "{line}");
                    assert!(seen.insert(name.to_owned()), "{name} stands twice");
                    name.clone_into(&mut family);
                }
                "TYPE" => {
                    assert_eq!(name, family);
                    rest.clone_into(&mut kind);
                }
                _ => panic!("{line}"),
            }
            continue;
        }
        let (sample, value) = line.rsplit_once(' ').unwrap();
        let name = sample.split('{').next().unwrap();
        let suffix = name.strip_prefix(family.as_str()).unwrap_or_else(|| panic!("{line}"));
        let allowed: &[&str] = match kind.as_str() {
            "counter" => &["_total"],
            "gauge" => &[""],
            "histogram" => &["_bucket", "_sum", "_count"],
            _ => panic!("{kind}"),
        };
        assert!(allowed.contains(&suffix), "{line}");
        let value: f64 = value.parse().unwrap();
        assert!(value >= 0.0 && samples.insert(sample.to_owned(), value).is_none(), "{line}");
    }
    samples
}

/// The buckets of each histogram grow, and the last one holds everything.
fn check_histograms(samples: &[(String, f64)]) {
    let mut buckets: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
    for (sample, value) in samples {
        let Some((name, label)) = sample.split_once("_bucket{le=\"") else { continue };
        let bound = label.strip_suffix("\"}").unwrap().parse().unwrap();
        buckets.entry(name).or_default().push((bound, *value));
    }
    assert!(!buckets.is_empty());
    for (name, mut buckets) in buckets {
        buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert!(buckets.is_sorted_by(|a, b| a.1 <= b.1), "{name}: {buckets:?}");
        let (last, all) = *buckets.last().unwrap();
        let count =
            samples.iter().find(|(sample, _)| *sample == format!("{name}_count")).unwrap().1;
        assert_eq!((last, all), (f64::INFINITY, count), "{name}");
    }
}

/// How far the metrics move while two members hear one message.
const MOVES: [(&str, f64); 11] = [
    ("roomcast_connections", 2.0),
    ("roomcast_sockets", 2.0),
    ("roomcast_connections_opened_total", 2.0),
    ("roomcast_rooms", 1.0),
    ("roomcast_memberships", 2.0),
    ("roomcast_joins_total", 2.0),
    (r#"roomcast_messages_published_total{source="client"}"#, 1.0),
    ("roomcast_messages_delivered_total", 2.0),
    ("roomcast_commands_total", 3.0),
    ("roomcast_commands_refused_total", 1.0),
    (r#"roomcast_auth_failures_total{reason="missing"}"#, 1.0),
];

#[tokio::test]
async fn every_metric_stands_in_the_operators_page() {
    let away = crate::redis::Away::new();
    let server = setup(&away.not_required()).start().await;
    let page = http::get(server.addr(), "/metrics", &[]).await.body;
    let docs = include_str!("../../../../docs/operations.md");
    for line in page.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let (name, kind) = line.split_once(' ').unwrap();
        let sample = if kind == "counter" { format!("{name}_total") } else { name.to_owned() };
        assert!(docs.contains(&format!("`{sample}")), "docs/operations.md lacks {sample}");
    }
    server.end().await;
}

#[tokio::test]
async fn metrics_are_openmetrics_and_move() {
    let server = server().await;
    let page = http::get(server.addr(), "/metrics", &[]).await;
    let content = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(page.header("content-type"), content);
    let before = samples(&page.body);
    let mut ann = server.member_of("secret-room").await;
    let mut bob = server.connect("/ws/chat/secret-room").await;
    ann.publish("secret-room", json!("hello")).await;
    ann.hear_data().await;
    bob.hear().await;
    ann.ask(json!({"type": "leave", "room": "nowhere"})).await;
    http::get(server.addr(), "/v1/auth/check?token=x", &[]).await;
    crate::support::client::refused(server.addr(), "/ws/secure", &[]).await;
    let page = http::get(server.addr(), "/metrics", &[]).await.body;
    let after = samples(&page);
    check_histograms(&after.clone().into_iter().collect::<Vec<_>>());
    for (sample, by) in MOVES {
        let before = before.get(sample).copied().unwrap_or_default();
        assert_eq!(after[sample] - before, by, "{sample}");
    }
    assert!(after["roomcast_sent_bytes_total"] > 0.0);
    assert!(after["roomcast_received_bytes_total"] > 0.0);
    assert!(after["process_start_time_seconds"] > 1.6e9);
    assert!(!page.contains("secret-room"), "a room is no label");
    ann.leave().await;
    bob.leave().await;
    server.until_metric("roomcast_connections", 0.0).await;
    let gone = r#"roomcast_connections_closed_total{reason="client gone"}"#;
    assert_eq!(server.metric(gone).await, 2.0);
    server.end().await;
}

#[tokio::test]
async fn pages_come_under_a_strict_policy() {
    let server = server().await;
    for (path, content) in [
        ("/", "text/html; charset=utf-8"),
        ("/demo/chat", "text/html; charset=utf-8"),
        ("/demo/chat/chat.css", "text/css; charset=utf-8"),
        ("/demo/chat/chat.js", "text/javascript; charset=utf-8"),
        ("/client.js", "text/javascript; charset=utf-8"),
        ("/favicon.svg", "image/svg+xml"),
    ] {
        let page = http::get(server.addr(), path, &[]).await;
        assert_eq!((page.status, page.header("content-type")), (200, content));
        assert!(!page.body.is_empty());
        let policy = page.header("content-security-policy");
        for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        // What the policy forbids would not work.
        for inline in ["<script>", "<style", " style=", " onclick=", "javascript:"] {
            assert!(!page.body.contains(inline), "{path} has {inline}");
        }
    }
    server.end().await;
}

#[tokio::test]
async fn dev_gives_a_token_to_its_own_pages_and_to_programs() {
    let server = setup("[auth]\nissuer = \"us\"\naudience = \"rooms\"\n").start().await;
    let own = format!("http://{}", server.addr());
    let host = server.addr().to_string();
    let page = |origin| [("Host", host.as_str()), ("Origin", origin)];
    for headers in [&[][..], &page(own.as_str()), &page("http://localhost:5173")] {
        let answer = http::post(server.addr(), "/dev/token", headers, r#"{"name":"Ann"}"#).await;
        let json = answer.json();
        assert_eq!((answer.status, &json["expires_in_ms"]), (200, &json!(600_000)));
        let path = format!("/ws/secure?token={}", json["token"].as_str().unwrap());
        let mut client = server.connect(&path).await;
        client.say("hello").await;
        assert_eq!(client.hear().await, "Hello Ann: hello");
    }
    let mine = [("Host", host.as_str()), ("Origin", "http://localhost:5173")];
    let asked = http::preflight(server.addr(), "/dev/token", &mine).await;
    assert_eq!((asked.status, asked.header("access-control-allow-headers")), (204, "content-type"));
    assert_eq!(asked.header("access-control-allow-origin"), "http://localhost:5173");
    for origin in ["https://evil.example", "null", "http://localhost.evil.example", &host, ""] {
        let headers = [("Host", host.as_str()), ("Origin", origin)];
        let answer = http::post(server.addr(), "/dev/token", &headers, r#"{"name":"Ann"}"#).await;
        assert_eq!(answer.error(), (403, "forbidden".into()), "{origin}");
    }
    for path in ["/dev/token", "/dev/notify"] {
        let evil = [("Host", host.as_str()), ("Origin", "https://evil.example")];
        assert_eq!(http::post(server.addr(), path, &evil, "{}").await.error().0, 403, "{path}");
    }
    let answer = http::get(server.addr(), "/dev/token", &[]).await;
    assert_eq!(answer.error(), (405, "method_not_allowed".into()));
    assert_eq!(answer.header("allow"), "POST, OPTIONS");
    server.end().await;
}

#[tokio::test]
async fn dev_gives_no_token_that_it_would_refuse() {
    let server = server().await;
    let long = json!({"name": "x".repeat(201)}).to_string();
    for body in [
        "",
        "x",
        "{}",
        "[]",
        r#"["Ann"]"#,
        r#"{"name":7}"#,
        r#"{"name":null}"#,
        r#"{"name":""}"#,
        r#"{"name":" Ann"}"#,
        r#"{"name":"a\nb"}"#,
        r#"{"name":"Ann","user":""}"#,
        r#"{"name":"Ann","admin":true}"#,
        &long,
    ] {
        let answer = http::post(server.addr(), "/dev/token", &[], body).await;
        assert_eq!(answer.error(), (400, "bad_request".into()), "{body}");
    }
    let huge = json!({"name": "x".repeat(5_000)}).to_string();
    let answer = http::post(server.addr(), "/dev/token", &[], &huge).await;
    assert_eq!(answer.error(), (413, "too_large".into()));
    let good = json!({"name": "Ann Ö", "user": "u 1"}).to_string();
    let answer = http::post(server.addr(), "/dev/token", &[], &good).await.json();
    let token = answer["token"].as_str().unwrap();
    let mut ann = server.connect(&format!("/v1/ws?token={token}")).await;
    let user = ann.hear_type("welcome").await["user"].take();
    assert_eq!(user, json!({"id": "u 1", "name": "Ann Ö"}));
    drop(ann);
    server.end().await;
}

#[tokio::test]
async fn dev_gives_a_token_for_no_more_than_was_asked_for() {
    let server = server().await;
    let wanted = json!({"name": "Ann", "rooms": {"tea:*": ["join"]}, "ttl_ms": 5_000});
    let answer = http::post(server.addr(), "/dev/token", &[], &wanted.to_string()).await.json();
    assert_eq!(answer["expires_in_ms"], 5_000);
    let mut ann = server.native_as(answer["token"].as_str().unwrap()).await;
    ann.join("tea:green").await;
    for (kind, room) in [("join", "coffee"), ("publish", "tea:green")] {
        let refused = ann.ask(json!({"type": kind, "id": 1, "room": room, "data": 1})).await;
        assert_eq!(refused["code"], "forbidden", "{kind}");
    }
    drop(ann);
    for rooms in [json!({"a": ["fly"]}), json!({"a": "join"}), json!({"": ["join"]}), json!([])] {
        let body = json!({"name": "Ann", "rooms": rooms}).to_string();
        let answer = http::post(server.addr(), "/dev/token", &[], &body).await;
        assert_eq!(answer.error(), (400, "bad_request".into()), "{body}");
    }
    server.end().await;
}

#[tokio::test]
async fn dev_tells_one_user_something_as_a_backend_does() {
    let server = server().await;
    let mut ann = server.member_of("user:ann").await;
    let mut bob = server.member_of("user:bob").await;
    let notice = json!({"user": "ann", "text": "Your tea is ready"}).to_string();
    let answer = http::post(server.addr(), "/dev/notify", &[], &notice).await;
    assert_eq!(answer.status, 200);
    let told = ann.hear_type("message").await;
    assert_eq!(told["event"], "notification");
    assert_eq!(told["data"], json!({"text": "Your tea is ready"}));
    assert_eq!(told["user"], serde_json::Value::Null);
    bob.must_be_well().await;
    for body in [
        "",
        "{}",
        r#"["ann","x"]"#,
        r#"{"user":"a\nb","text":"x"}"#,
        r#"{"user":"a*","text":"x"}"#,
        r#"{"user":"ann","text":1}"#,
    ] {
        let answer = http::post(server.addr(), "/dev/notify", &[], body).await;
        assert_eq!(answer.error(), (400, "bad_request".into()), "{body}");
    }
    let huge = json!({"user": "ann", "text": "x".repeat(5_000)}).to_string();
    let answer = http::post(server.addr(), "/dev/notify", &[], &huge).await;
    assert_eq!(answer.error(), (413, "too_large".into()));
    drop((ann, bob));
    server.end().await;
    let server = setup("[[room]]\npattern = \"user:*\"\npublish = \"none\"\n").start().await;
    let answer = http::post(server.addr(), "/dev/notify", &[], &notice).await;
    assert_eq!(answer.error(), (403, "forbidden".into()));
    server.end().await;
}
