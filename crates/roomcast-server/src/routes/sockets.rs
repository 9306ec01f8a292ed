//! The WebSocket endpoints: everything is judged before the upgrade is accepted.

use super::token::Refused;
use super::{Face, Routes, reply};
use hyper::{Request, Response, StatusCode};
use roomcast_core::{Action, Identity, SessionSpec};
use roomcast_protocol::RoomName;
use roomcast_protocol::dialect::guide::Guide;
use roomcast_protocol::dialect::native::{NATIVE, SUBPROTOCOL};
use roomcast_transport::{Body, Handshake, HandshakeError};
use std::sync::Arc;

/// `/v1/ws`.
pub(super) fn native<B>(routes: &Routes, face: Face, request: Request<B>) -> Response<Body> {
    let handshake = match Handshake::read(&request) {
        Ok(handshake) => handshake,
        Err(error) => return no_handshake(error),
    };
    let identity = match routes.access.admit(face, &request, routes.clock.now().wall) {
        Ok(identity) => identity,
        Err(refused) => return no_entry(routes, &refused),
    };
    let protocol = match protocol(&handshake) {
        Ok(protocol) => protocol,
        Err(refusal) => return *refusal,
    };
    let spec = SessionSpec { dialect: &NATIVE, identity: Arc::new(identity), join: None };
    accept(routes, request, handshake, protocol, spec)
}

/// The endpoints of the guide.
pub(super) fn guide<B>(
    routes: &Routes,
    face: Face,
    guide: Guide,
    room: Option<&str>,
    request: Request<B>,
) -> Response<Body> {
    let handshake = match Handshake::read(&request) {
        Ok(handshake) => handshake,
        Err(error) => return no_handshake(error),
    };
    let now = routes.clock.now().wall;
    let admitted = match guide {
        Guide::Secure => routes.access.admit_with_token(face, &request, now),
        // Operators look in natively: the guide knows nothing of them.
        _ => routes.access.admit_client(face, &request, now),
    };
    let identity = match admitted {
        Ok(identity) => identity,
        Err(refused) => return no_entry(routes, &refused),
    };
    let join = match room.map(|room| room_to_join(room, &identity)).transpose() {
        Ok(join) => join,
        Err(refusal) => return *refusal,
    };
    let spec = SessionSpec { dialect: endpoint(guide), identity: Arc::new(identity), join };
    accept(routes, request, handshake, None, spec)
}

fn endpoint(guide: Guide) -> &'static Guide {
    use roomcast_protocol::dialect::guide::{CHAT, ECHO, RELIABLE, SECURE};
    match guide {
        Guide::Echo => &ECHO,
        Guide::Chat => &CHAT,
        Guide::Secure => &SECURE,
        Guide::Reliable => &RELIABLE,
    }
}

/// The room of a path, unescaped, if it may be joined.
fn room_to_join(room: &str, identity: &Identity) -> Result<RoomName, Box<Response<Body>>> {
    let bad =
        |message: &str| Box::new(reply::error(StatusCode::BAD_REQUEST, "bad_request", message));
    let room = percent_encoding::percent_decode_str(room)
        .decode_utf8()
        .map_err(|_| bad("the room name is not UTF-8"))?;
    let room = RoomName::new(&room).map_err(|error| bad(&error.to_string()))?;
    if identity.grants.allows(&room, Action::Join) {
        return Ok(room);
    }
    let message = "the token does not grant `join` in this room";
    Err(Box::new(reply::error(StatusCode::FORBIDDEN, "forbidden", message)))
}

/// The subprotocol to answer with: none was asked for, or ours is among them.
fn protocol(handshake: &Handshake) -> Result<Option<&'static str>, Box<Response<Body>>> {
    match &handshake.protocols[..] {
        [] => Ok(None),
        protocols if protocols.iter().any(|protocol| protocol == SUBPROTOCOL) => {
            Ok(Some(SUBPROTOCOL))
        }
        _ => {
            let message = format!("ask for the subprotocol `{SUBPROTOCOL}`, or for none");
            Err(Box::new(reply::error(StatusCode::BAD_REQUEST, "bad_request", &message)))
        }
    }
}

fn accept<B>(
    routes: &Routes,
    request: Request<B>,
    handshake: Handshake,
    protocol: Option<&'static str>,
    spec: SessionSpec,
) -> Response<Body> {
    routes.sockets.accept(request, handshake, protocol, spec).unwrap_or_else(reply::not_now)
}

fn no_handshake(error: HandshakeError) -> Response<Body> {
    let mut response = reply::error(error.status(), "bad_request", &error.to_string());
    response.headers_mut().extend(error.headers());
    response
}

fn no_entry(routes: &Routes, refused: &Refused) -> Response<Body> {
    let (code, reason) = refused.codes();
    routes.metrics.count_refused(reason);
    tracing::debug!(reason, "a connection was refused");
    reply::error(refused.status(), code, &refused.to_string())
}
