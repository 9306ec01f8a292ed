//! Plain HTTP, one request on a connection.

use super::raw::Raw;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// By their names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    /// The code in the one shape of all errors.
    pub(crate) fn error(&self) -> (u16, String) {
        let json = self.json();
        let error = &json["error"];
        assert!(error["message"].is_string(), "{json}");
        (self.status, error["code"].as_str().unwrap().to_owned())
    }

    /// Seconds of `Retry-After`; not the same for all.
    pub(crate) fn retry_after(&self) -> u64 {
        self.header("retry-after").parse().unwrap_or_else(|_| panic!("{self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

pub(crate) async fn get(addr: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Answer {
    ask(addr, &head("GET", path, headers, "Connection: close\r\n")).await
}

/// What a browser asks before it lets a page of another origin ask.
pub(crate) async fn preflight(addr: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Answer {
    ask(addr, &head("OPTIONS", path, headers, "Connection: close\r\n")).await
}

pub(crate) async fn post(
    addr: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let more = format!("Connection: close\r\nContent-Length: {}\r\n", body.len());
    ask(addr, &(head("POST", path, headers, &more) + body)).await
}

fn head(method: &str, path: &str, headers: &[(&str, &str)], more: &str) -> String {
    let headers: String =
        headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let host = if headers.to_ascii_lowercase().contains("host: ") { "" } else { "Host: here\r\n" };
    format!("{method} {path} HTTP/1.1\r\n{host}{headers}{more}\r\n")
}

/// Sends these bytes and reads the answer.
pub(crate) async fn ask(addr: SocketAddr, request: &str) -> Answer {
    let mut raw = Raw::connect(addr).await;
    raw.send(request.as_bytes()).await;
    answer(&mut raw).await
}

/// Reads the answer of a connection.
pub(crate) async fn answer(raw: &mut Raw) -> Answer {
    let head = raw.head().await;
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: BTreeMap<_, _> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let body = String::from_utf8(raw.take(length).await).unwrap();
    Answer { status, headers, body }
}
