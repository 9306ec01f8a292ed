//! The HTTP handshake of a WebSocket (RFC 6455, section 4.2), as short as it can be.

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

/// What the key is signed with, from the RFC.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A request to upgrade.
pub(super) struct Request {
    /// Bytes of its head.
    pub(super) length: usize,
    /// Where to, without the query.
    pub(super) path: String,
    /// What is answered as `Sec-WebSocket-Accept`.
    pub(super) accept: String,
}

/// Reads a head; nothing while it is not whole.
pub(super) fn read(bytes: &[u8]) -> Result<Option<Request>> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut request = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(length) = request.parse(bytes)? else { return Ok(None) };
    let target = request.path.unwrap_or("/");
    let path = target.split('?').next().unwrap_or(target).to_owned();
    let mut headers = request.headers.iter();
    let key = headers.find(|header| header.name.eq_ignore_ascii_case("sec-websocket-key"));
    let key = key.context("this is no WebSocket")?.value;
    let digest = Sha1::new().chain_update(key).chain_update(GUID).finalize();
    Ok(Some(Request { length, path, accept: STANDARD.encode(digest) }))
}

/// The answer that opens the socket.
pub(super) fn answer(accept: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    )
    .into_bytes()
}
