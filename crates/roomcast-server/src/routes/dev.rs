//! In `dev`, anyone on this machine gets a token for the name they give (`POST /dev/token`), and
//! nobody else anything.

use super::{Routes, reply};
use crate::auth::{Signer, TokenPlan};
use crate::config::Origins;
use http::header::{HOST, ORIGIN};
use http::uri::Authority;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use roomcast_core::Action;
use roomcast_protocol::command::Token;
use roomcast_transport::Body;
use serde::Deserialize;
use serde_json::json;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

/// Longest request in bytes.
const MAX_BODY: usize = 4 * 1024;
/// How long a token lasts: short enough that a page left open shows a refresh.
const TTL: Duration = Duration::from_secs(600);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    name: String,
    user: Option<String>,
}

/// A token for all rooms.
pub(super) async fn token(routes: Arc<Routes>, request: Request<Incoming>) -> Response<Body> {
    if !is_same_origin(&request) {
        return reply::error(
            StatusCode::FORBIDDEN,
            "forbidden",
            "only this server's own pages may ask",
        );
    }
    let Some((signer, rules)) = &routes.signer else { return reply::not_found() };
    let Ok(body) = Limited::new(request.into_body(), MAX_BODY).collect().await else {
        return reply::error(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "send at most 4 KiB");
    };
    let wanted: Wanted = match serde_json::from_slice(&body.to_bytes()) {
        Ok(wanted) => wanted,
        Err(error) => {
            let message = format!("send {{\"name\": string, \"user\"?: string}}: {error}");
            return reply::error(StatusCode::BAD_REQUEST, "bad_request", &message);
        }
    };
    let plan = TokenPlan {
        user: wanted.user.unwrap_or_else(|| wanted.name.clone()),
        name: Some(wanted.name),
        rooms: vec![("*".into(), Action::ALL.to_vec())],
        now: routes.clock.now().wall,
        ttl: TTL,
        issuer: rules.issuer.clone(),
        audience: rules.audience.first().cloned(),
    };
    grant(&routes, signer, &plan)
}

/// The token of the plan, if it is one that this server takes.
fn grant(routes: &Routes, signer: &Signer, plan: &TokenPlan) -> Response<Body> {
    let token = match signer.sign(&plan.claims()) {
        Ok(token) => token,
        Err(error) => {
            let message = error.to_string();
            return reply::error(StatusCode::INTERNAL_SERVER_ERROR, "internal", &message);
        }
    };
    // A name that no token may have is told here, and not later at every door.
    if let Err(denied) = routes.access.gatekeeper.admit(&Token(token.clone()), plan.now) {
        return reply::error(StatusCode::BAD_REQUEST, "bad_request", &denied.to_string());
    }
    let ttl = u64::try_from(TTL.as_millis()).unwrap_or(u64::MAX);
    reply::json(StatusCode::OK, &json!({ "token": token, "expires_in_ms": ttl }))
}

/// Whether the request names this server as programs and pages of this machine do: by an address,
/// `localhost`, a name without a dot, or the host of a listed origin. A page of elsewhere whose
/// name was made to lead here (DNS rebinding) cannot.
pub(super) fn is_local_name<B>(request: &Request<B>, origins: &Origins) -> bool {
    request.headers().get_all(HOST).into_iter().all(|host| {
        let Ok(host) = host.to_str() else { return false };
        let authority: Option<Authority> = host.parse().ok();
        let name = authority.as_ref().map_or(host, |authority| authority.host());
        let is_address = name.starts_with('[') || name.parse::<Ipv4Addr>().is_ok();
        let is_near = !name.contains('.') || name.ends_with(".localhost");
        is_address || is_near || origins.lists_host(host)
    })
}

pub(super) fn foreign_name() -> Response<Body> {
    let message = "`roomcast dev` is for this machine only: call it localhost, or add the origin \
                   with the name that you use to `origins`";
    reply::error(StatusCode::FORBIDDEN, "forbidden", message)
}

/// Whether the request comes from this server's own page, or from a program.
fn is_same_origin<B>(request: &Request<B>) -> bool {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let Some(origin) = header(ORIGIN) else { return true };
    let host = origin.split_once("://").map(|(_, host)| host);
    host.is_some() && host == header(HOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_answered_to() {
        let mut origins = Origins::default();
        origins.add("http://app.test:7666").unwrap();
        let is_local = |host: &str| {
            is_local_name(&Request::get("/").header(HOST, host).body(()).unwrap(), &origins)
        };
        for host in [
            "127.0.0.1:7666",
            "[::1]:7666",
            "localhost",
            "a.localhost:1",
            "box:80",
            "app.test:7666",
        ] {
            assert!(is_local(host), "{host}");
        }
        for host in [
            "evil.example:7666",
            "127.0.0.1.nip.io",
            "localhost.",
            "app.test",
            "a@b.c",
            "1.2.3.4.5",
        ] {
            assert!(!is_local(host), "{host}");
        }
        assert!(is_local_name(&Request::get("/").body(()).unwrap(), &origins), "a program");
    }
}
