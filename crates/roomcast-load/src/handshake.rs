//! The client's side of the opening handshake (RFC 6455, section 4).

use crate::dialect::Script;
use crate::error::{Trouble, cut};
use crate::target::Target;

/// Key and answer of the RFC's own example: what a server computes is the same for every key, and
/// so is what it costs.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &[u8] = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const MOST: usize = 64 * 1024;

/// The request that opens a connection for a room.
pub(crate) fn request(
    target: &Target,
    script: &Script,
    token: Option<&str>,
    room: &str,
) -> Vec<u8> {
    let mut text = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n",
        target.path(room),
        target.authority(),
    );
    if let Some(subprotocol) = script.subprotocol {
        text.push_str(&format!("Sec-WebSocket-Protocol: {subprotocol}\r\n"));
    }
    if let Some(token) = token {
        text.push_str(&format!("Authorization: Bearer {token}\r\n"));
    }
    text.push_str("\r\n");
    text.into_bytes()
}

/// How many bytes the answer takes that opens the WebSocket, or nothing while some are missing.
/// `ended` says that no more will come.
pub(crate) fn answer(bytes: &[u8], ended: bool) -> Result<Option<usize>, Trouble> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    let wrong = |text: String| Trouble::Handshake(text);
    let head = match response.parse(bytes) {
        Ok(httparse::Status::Complete(head)) => head,
        Ok(httparse::Status::Partial) if ended => return Err(Trouble::Cut),
        Ok(httparse::Status::Partial) if bytes.len() > MOST => {
            return Err(wrong("its head has no end".into()));
        }
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return Err(wrong(format!("{error}: {}", cut(bytes)))),
    };
    let status = response.code.unwrap_or(0);
    let header = |name: &str| {
        let found = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
        found.map(|header| header.value)
    };
    if status == 101 {
        let accept = header("Sec-WebSocket-Accept").map(<[u8]>::trim_ascii);
        return match accept {
            Some(ACCEPT) if header("Sec-WebSocket-Extensions").is_none() => Ok(Some(head)),
            Some(ACCEPT) => Err(wrong("it names an extension that was not asked for".into())),
            _ => Err(wrong("its Sec-WebSocket-Accept is not the key's".into())),
        };
    }
    let length = header("Content-Length").and_then(|value| std::str::from_utf8(value).ok());
    let length: Option<usize> = length.and_then(|text| text.trim().parse().ok());
    let body = &bytes[head..];
    let is_whole = ended || length.is_some_and(|length| body.len() >= length.min(MOST));
    if is_whole || body.len() >= MOST {
        return Err(Trouble::Refused { status, body: cut(body) });
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Dialect;

    const GOOD: &str = "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: \
                        s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

    fn said(bytes: &str, ended: bool) -> String {
        match answer(bytes.as_bytes(), ended) {
            Ok(taken) => format!("{taken:?}"),
            Err(trouble) => trouble.to_string(),
        }
    }

    #[test]
    fn an_answer_is_waited_for_and_what_follows_is_left() {
        assert_eq!(said(&GOOD[..40], false), "None");
        assert_eq!(said(&format!("{GOOD}\u{1}"), false), format!("Some({})", GOOD.len()));
    }

    #[test]
    fn a_refusal_shows_its_status_and_body() {
        let refusal = "HTTP/1.1 403 Forbidden\r\nContent-Length: 7\r\n\r\nnot you";
        assert_eq!(said(refusal, false), "the server answered 403: not you");
        assert_eq!(said(&refusal[..refusal.len() - 1], false), "None");
        let endless = "HTTP/1.1 503 Busy\r\n\r\n";
        assert_eq!(said(endless, false), "None");
        assert_eq!(said(endless, true), "the server answered 503");
    }

    #[test]
    fn what_is_no_answer_is_told() {
        assert!(said("SSH-2.0-x\r\n\r\n", false).contains("SSH-2.0-x"));
        assert!(said("HTTP/1.1 101 Yes\r\n\r\n", false).contains("Sec-WebSocket-Accept"));
        let deflate = GOOD.replacen("\r\n", "\r\nSec-WebSocket-Extensions: x\r\n", 1);
        assert!(said(&deflate, false).contains("extension"));
        assert!(said("HTTP/1.1 1", true).contains("cut"));
    }

    #[test]
    fn a_request_names_the_room_and_brings_the_token() {
        let target = Target::parse("ws://a:1/v1/{room}").unwrap();
        let script = Script::preset(Dialect::Native, &target);
        let text = String::from_utf8(request(&target, &script, Some("t"), "tea")).unwrap();
        assert!(text.starts_with("GET /v1/tea HTTP/1.1\r\nHost: a:1\r\n"), "{text}");
        assert!(text.contains("Authorization: Bearer t\r\n") && text.ends_with("\r\n\r\n"));
        assert!(text.contains("Sec-WebSocket-Protocol: roomcast.v1.json\r\n"));
    }
}
