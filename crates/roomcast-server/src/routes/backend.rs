//! The backend's interface: what an application's own server asks, with an API key.
//!
//! Read in this order: this file (which calls there are, and who may make them), `ask` and `body`
//! (what a request says), `trouble` (why it is refused), and one file for each group of calls.

mod ask;
pub(super) mod body;
pub(super) mod grants;
mod info;
mod messages;
mod rooms;
mod sessions;
pub(super) mod tokens;
pub(super) mod trouble;

use super::token::in_authorization;
use super::{Face, Routes};
use crate::auth::{ApiKeys, Rules, Signer};
use crate::config::Settings;
use ask::Ask;
use http::HeaderMap;
use hyper::body::Incoming;
use hyper::{Method, Request, Response};
use roomcast_core::Hub;
use roomcast_transport::Body;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use trouble::Trouble;

/// How long an answer may take.
const LONGEST: Duration = Duration::from_secs(20);

/// What the calls need.
#[derive(Debug)]
pub(crate) struct Backend {
    pub(crate) hub: Hub,
    /// Signs tokens, if the configuration holds a key that can.
    pub(crate) signer: Option<Signer>,
    pub(crate) rules: Rules,
    /// Where clients connect.
    pub(crate) listen: SocketAddr,
}

impl Backend {
    /// What the calls need of a server that listens there.
    pub(crate) fn new(hub: &Hub, settings: &Settings, listen: SocketAddr) -> Self {
        Self {
            hub: hub.clone(),
            signer: settings.signers.first().cloned(),
            rules: settings.gatekeeper.rules().clone(),
            listen,
        }
    }
}

/// What a backend can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    RoomMessages,
    UserMessages,
    Disconnect,
    Rooms,
    Room,
    Members,
    Sessions,
    Info,
    Tokens,
}

const CALLS: [(&str, Call); 9] = [
    ("/v1/rooms", Call::Rooms),
    ("/v1/rooms/{room}", Call::Room),
    ("/v1/rooms/{room}/members", Call::Members),
    ("/v1/rooms/{room}/messages", Call::RoomMessages),
    ("/v1/users/{user}/messages", Call::UserMessages),
    ("/v1/users/{user}/disconnect", Call::Disconnect),
    ("/v1/sessions", Call::Sessions),
    ("/v1/info", Call::Info),
    ("/v1/tokens", Call::Tokens),
];

/// The calls that an address takes, and their paths. Where clients connect no tokens are made.
pub(super) fn calls(face: Face) -> impl Iterator<Item = (&'static str, Call)> {
    CALLS.into_iter().filter(move |(_, call)| face != Face::Public || *call != Call::Tokens)
}

impl Call {
    /// The methods that it takes, as in an `Allow` header.
    pub(super) const fn methods(self) -> &'static str {
        match self {
            Self::RoomMessages => "GET, HEAD, POST",
            Self::UserMessages | Self::Disconnect | Self::Tokens => "POST",
            _ => "GET, HEAD",
        }
    }
}

/// An answer, or why there is none.
pub(super) type Answered = Result<Response<Body>, Trouble>;

/// Answers a call; `name` is the part of the path that names a room or a user.
pub(super) async fn answer(
    routes: Arc<Routes>,
    face: Face,
    call: Call,
    name: Option<String>,
    request: Request<Incoming>,
) -> Response<Body> {
    let caller = match caller(&routes.access.keys, request.headers()) {
        Ok(caller) => caller.to_owned(),
        Err(trouble) => return trouble.into(),
    };
    let ask = Ask { routes, face, caller, name: name.unwrap_or_default(), request };
    let answered = timeout(LONGEST, perform(call, ask));
    answered.await.unwrap_or_else(|_| Err(Trouble::late())).unwrap_or_else(Trouble::into)
}

async fn perform(call: Call, ask: Ask) -> Answered {
    match call {
        Call::RoomMessages if ask.request.method() == Method::POST => messages::to_room(ask).await,
        Call::RoomMessages => messages::history(&ask).await,
        Call::UserMessages => messages::to_user(ask).await,
        Call::Disconnect => sessions::disconnect(ask).await,
        Call::Rooms => rooms::list(&ask).await,
        Call::Room => rooms::one(&ask).await,
        Call::Members => rooms::members(&ask).await,
        Call::Sessions => sessions::list(&ask).await,
        Call::Info => info::info(&ask),
        Call::Tokens => tokens::make(ask).await,
    }
}

/// The name of the backend whose key the request shows.
fn caller<'a>(keys: &'a ApiKeys, headers: &HeaderMap) -> Result<&'a str, Trouble> {
    let key = in_authorization(headers).map_err(|_| Trouble::unauthorized(NO_BEARER))?;
    let missing = if keys.is_empty() { NO_KEYS } else { NO_KEY };
    let key = key.ok_or_else(|| Trouble::unauthorized(missing))?;
    keys.backend(&key).ok_or_else(|| Trouble::unauthorized(UNKNOWN))
}

const NO_KEYS: &str = "no API key is configured: `roomcast keygen --api-key` makes one";
const NO_KEY: &str = "send an API key as `Authorization: Bearer <key>`";
const NO_BEARER: &str = "`Authorization` must be `Bearer <key>`, once";
const UNKNOWN: &str = "no backend has this API key";
