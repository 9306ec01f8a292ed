//! The WebSocket handshake (RFC 6455, section 4.2) on hyper: checked by us, since tungstenite's
//! server does not see it.

use crate::http::Body;
use crate::http_socket::HttpSocket;
use crate::sockets::{Arrival, ArrivingStream, NotNow, Own, Sockets};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{
    CONNECTION, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT,
    SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING, UPGRADE,
};
use hyper::upgrade::{OnUpgrade, Parts, Upgraded};
use hyper::{Method, Request, Response, StatusCode, Version};
use hyper_util::rt::TokioIo;
use roomcast_core::SessionSpec;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// A request that asks for a WebSocket as it should.
#[derive(Debug)]
pub struct Handshake {
    accept: HeaderValue,
    /// The subprotocols that the client asks for, in its order.
    pub protocols: Vec<String>,
}

/// Why a request is no WebSocket handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// It does not ask for an upgrade: 426.
    #[error("this endpoint is a WebSocket: connect with `Upgrade: websocket`")]
    NotAnUpgrade,
    /// It asks for another version of the protocol: 426.
    #[error("only version 13 of the WebSocket protocol is spoken here")]
    Version,
    /// Its `Sec-WebSocket-Key` is not 16 bytes in base64: 400.
    #[error("`Sec-WebSocket-Key` must be 16 bytes in base64")]
    Key,
    /// It is malformed in another way: 400.
    #[error("a WebSocket handshake is a GET of HTTP/1.1 without a body")]
    Malformed,
}

impl HandshakeError {
    /// The HTTP status of the refusal. With 426 goes [`HandshakeError::headers`].
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::NotAnUpgrade | Self::Version => StatusCode::UPGRADE_REQUIRED,
            Self::Key | Self::Malformed => StatusCode::BAD_REQUEST,
        }
    }

    /// What a refusal must say so that the client can do better (RFC 6455, section 4.2.2).
    #[must_use]
    pub fn headers(self) -> Vec<(HeaderName, HeaderValue)> {
        match self {
            Self::NotAnUpgrade | Self::Version => vec![
                (UPGRADE, HeaderValue::from_static("websocket")),
                (CONNECTION, HeaderValue::from_static("upgrade")),
                (SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13")),
            ],
            Self::Key | Self::Malformed => Vec::new(),
        }
    }
}

impl Handshake {
    /// Reads the handshake.
    ///
    /// # Errors
    /// [`HandshakeError`] says what is wrong and with which status to answer.
    pub fn read<B>(request: &Request<B>) -> Result<Self, HandshakeError> {
        let headers = request.headers();
        if !has_token(headers, &CONNECTION, "upgrade") || !has_token(headers, &UPGRADE, "websocket")
        {
            return Err(HandshakeError::NotAnUpgrade);
        }
        let plain = request.method() == Method::GET && request.version() == Version::HTTP_11;
        if !plain || has_body(headers) {
            return Err(HandshakeError::Malformed);
        }
        if headers.get(SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
            return Err(HandshakeError::Version);
        }
        let key = headers.get(SEC_WEBSOCKET_KEY).ok_or(HandshakeError::Key)?.as_bytes();
        if key.len() != 24 || STANDARD.decode(key).is_ok_and(|bytes| bytes.len() != 16) {
            return Err(HandshakeError::Key);
        }
        STANDARD.decode(key).map_err(|_| HandshakeError::Key)?;
        let accept = derive_accept_key(key).parse().map_err(|_| HandshakeError::Key)?;
        let protocols = tokens(headers, &SEC_WEBSOCKET_PROTOCOL).map(str::to_owned).collect();
        Ok(Self { accept, protocols })
    }
}

impl Sockets {
    /// Accepts the handshake: the answer is 101, and the session begins with it.
    ///
    /// `protocol` is the subprotocol chosen from the client's, if any.
    ///
    /// # Errors
    /// [`NotNow`] when the server is full or going away: answer 503 with `Retry-After`.
    pub fn accept<B>(
        &self,
        mut request: Request<B>,
        handshake: Handshake,
        protocol: Option<&'static str>,
        spec: SessionSpec,
    ) -> Result<Response<Body>, NotNow> {
        let permit = self.permit()?;
        let own = request.extensions().get::<Own>().map(|Own(worker, greeting)| {
            greeting.follows();
            *worker
        });
        let upgrade = hyper::upgrade::on(&mut request);
        let sockets = self.clone();
        tokio::spawn(async move {
            if let Some((stream, early)) = upgraded(upgrade, own.is_some()).await {
                sockets.bring(Arrival { stream, early, spec, permit }, own);
            }
        });
        Ok(switching(handshake, protocol))
    }
}

fn switching(handshake: Handshake, protocol: Option<&'static str>) -> Response<Body> {
    let mut response = Response::new(Body::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, handshake.accept);
    if let Some(protocol) = protocol {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocol));
    }
    response
}

/// The stream after the handshake, and what the client has sent already.
async fn upgraded(upgrade: OnUpgrade, own: bool) -> Option<(ArrivingStream, Bytes)> {
    let upgraded = match upgrade.await {
        Ok(upgraded) => upgraded,
        Err(error) => {
            tracing::trace!(%error, "a client left during its handshake");
            return None;
        }
    };
    match socket_of(upgraded) {
        Ok((socket, early)) if own => Some((ArrivingStream::Own(socket), early)),
        Ok((socket, early)) => match socket.into_std() {
            Ok(socket) => Some((ArrivingStream::Foreign(socket), early)),
            Err(error) => {
                tracing::debug!(%error, "a socket could not leave its runtime");
                None
            }
        },
        Err(other) => Some((ArrivingStream::Other(Box::new(TokioIo::new(other))), Bytes::new())),
    }
}

/// The plain TCP socket under an upgraded connection: of our server, of hyper's, of hyper-util's
/// `auto` (and so axum's); anything else comes back as it is.
fn socket_of(upgraded: Upgraded) -> Result<(TcpStream, Bytes), Upgraded> {
    let upgraded = match upgraded.downcast::<TokioIo<HttpSocket>>() {
        Ok(Parts { io, read_buf, .. }) => return Ok((io.into_inner().into_inner(), read_buf)),
        Err(upgraded) => upgraded,
    };
    let upgraded = match upgraded.downcast::<TokioIo<TcpStream>>() {
        Ok(Parts { io, read_buf, .. }) => return Ok((io.into_inner(), read_buf)),
        Err(upgraded) => upgraded,
    };
    let parts = hyper_util::server::conn::auto::upgrade::downcast::<TokioIo<TcpStream>>(upgraded)?;
    Ok((parts.io.into_inner(), parts.read_buf))
}

/// Whether a body is announced: its bytes would be taken for frames.
fn has_body(headers: &HeaderMap) -> bool {
    headers.contains_key(TRANSFER_ENCODING)
        || headers.get_all(CONTENT_LENGTH).iter().any(|length| length != "0")
}

fn has_token(headers: &HeaderMap, name: &HeaderName, wanted: &str) -> bool {
    tokens(headers, name).any(|token| token.eq_ignore_ascii_case(wanted))
}

/// The comma-separated tokens of a header, which may come in several lines.
fn tokens<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim).filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(change: impl FnOnce(&mut HeaderMap)) -> Request<()> {
        let mut request = Request::get("/v1/ws").body(()).unwrap();
        let headers = request.headers_mut();
        for (name, value) in [
            (CONNECTION, "keep-alive"),
            (CONNECTION, "Upgrade"),
            (UPGRADE, "WebSocket"),
            (SEC_WEBSOCKET_VERSION, "13"),
            (SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ=="),
        ] {
            headers.append(name, HeaderValue::from_static(value));
        }
        change(headers);
        request
    }

    #[test]
    fn the_example_of_the_rfc_is_accepted() {
        let handshake = Handshake::read(&request(|headers| {
            headers.append(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static("a, b"));
            headers.append(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static("c"));
        }))
        .unwrap();
        assert_eq!(handshake.accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!(handshake.protocols, ["a", "b", "c"]);
    }

    #[test]
    fn what_is_no_handshake_is_refused() {
        let set = |name: HeaderName, value: &'static str| {
            Handshake::read(&request(|headers| {
                headers.insert(name, HeaderValue::from_static(value));
            }))
            .unwrap_err()
        };
        assert_eq!(set(CONNECTION, "close"), HandshakeError::NotAnUpgrade);
        assert_eq!(set(UPGRADE, "h2c"), HandshakeError::NotAnUpgrade);
        assert_eq!(set(SEC_WEBSOCKET_VERSION, "8"), HandshakeError::Version);
        for key in [
            "",
            "short",
            "dGhlIHNhbXBsZSBub25jZQ",
            "!!!!!!!!!!!!!!!!!!!!!!==",
            "dGhlIHNhbXBsZSBub25jZWFi",
        ] {
            assert_eq!(set(SEC_WEBSOCKET_KEY, key), HandshakeError::Key, "{key}");
        }
        let mut post = request(|_| {});
        *post.method_mut() = Method::POST;
        assert_eq!(Handshake::read(&post).unwrap_err(), HandshakeError::Malformed);
    }
}
