//! `GET /v1/auth/check`: a browser cannot see why an upgrade was refused; this says it as JSON.

use super::{Face, Routes, reply};
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, HeaderValue, ORIGIN, VARY,
};
use hyper::{Method, Request, Response, StatusCode};
use roomcast_core::Identity;
use roomcast_protocol::Timestamp;
use roomcast_transport::Body;
use serde_json::{Map, Value, json};

/// The verdict that the same request would get at `/v1/ws`. Pages of any origin may read it, as
/// programs can, also that their origin is refused; only listed ones with a cookie.
pub(super) fn check<B>(routes: &Routes, face: Face, request: &Request<B>) -> Response<Body> {
    let preflight = request.method() == Method::OPTIONS;
    let mut response = if preflight { reply::no_content() } else { verdict(routes, face, request) };
    let headers = response.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("origin"));
    let Some(origin) = request.headers().get(ORIGIN) else { return response };
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("retry-after"));
    if origin.to_str().is_ok_and(|origin| routes.access.origins.lists(origin)) {
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    if preflight {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("authorization"));
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    }
    response
}

fn verdict<B>(routes: &Routes, face: Face, request: &Request<B>) -> Response<Body> {
    let now = routes.clock.now().wall;
    match routes.access.admit(face, request, now) {
        Err(refused) => {
            let (code, reason) = refused.codes();
            let message = refused.to_string();
            let error = json!({ "code": code, "reason": reason, "message": message });
            reply::json(refused.status(), &json!({ "error": error }))
        }
        Ok(identity) => match routes.sockets.not_now() {
            Some(why) => reply::not_now(why),
            None => reply::json(StatusCode::OK, &admitted(&identity, now)),
        },
    }
}

fn admitted(identity: &Identity, now: Timestamp) -> Value {
    let mut answer = Map::from_iter([("ok".to_owned(), Value::Bool(true))]);
    if let Some(user) = &identity.user {
        let mut shown = Map::new();
        if let Some(id) = &user.id {
            shown.insert("id".into(), id.as_str().into());
        }
        if let Some(name) = &user.name {
            shown.insert("name".into(), (**name).into());
        }
        answer.insert("user".into(), shown.into());
    }
    if let Some(end) = identity.expires_at {
        let left = end.as_millis().saturating_sub(now.as_millis()).max(0);
        answer.insert("expires_in_ms".into(), left.into());
    }
    Value::Object(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{ApiKeys, JwtGatekeeper, Rules};
    use crate::config::Origins;
    use crate::metrics::Metrics;
    use crate::routes::{Access, Backend};
    use roomcast_core::{Config, Grants, Hub, NoTokens};
    use roomcast_transport::Transport;
    use std::sync::Arc;

    fn routes(max_connections: usize) -> Routes {
        let config =
            roomcast_transport::Config { workers: 1, max_connections, ..Default::default() };
        let transport = Transport::embedded(config);
        let (hub, _) = Hub::local(Config::default(), Arc::new(NoTokens), 1, 1);
        let mut origins = Origins::default();
        origins.add("https://app.example").unwrap();
        let access = Access {
            gatekeeper: Arc::new(JwtGatekeeper::default()),
            keys: ApiKeys::default(),
            anonymous: Some(Arc::new(Grants::everything())),
            cookie: None,
            origins,
        };
        let backend = Backend {
            hub: hub.clone(),
            signer: None,
            rules: Rules::default(),
            listen: ([127, 0, 0, 1], 0).into(),
        };
        Routes {
            access,
            backend,
            guide: true,
            metrics: Metrics::new(hub, &transport, None),
            link: None,
            sockets: transport.sockets().clone(),
            clock: transport.clock(),
        }
    }

    fn ask(routes: &Routes, method: Method, origin: &str) -> Response<Body> {
        let request = Request::builder().method(method).header(ORIGIN, origin);
        check(routes, Face::Public, &request.body(()).unwrap())
    }

    #[test]
    fn pages_may_read_the_verdict() {
        let routes = routes(1);
        let listed = ask(&routes, Method::GET, "https://app.example");
        assert_eq!(listed.status(), StatusCode::OK);
        assert_eq!(listed.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], "https://app.example");
        assert_eq!(listed.headers()[ACCESS_CONTROL_ALLOW_CREDENTIALS], "true");
        let other = ask(&routes, Method::GET, "https://evil.example");
        assert_eq!(other.status(), StatusCode::FORBIDDEN);
        assert_eq!(other.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], "https://evil.example");
        assert!(!other.headers().contains_key(ACCESS_CONTROL_ALLOW_CREDENTIALS));
        let asked = ask(&routes, Method::OPTIONS, "https://app.example");
        assert_eq!(asked.status(), StatusCode::NO_CONTENT);
        assert_eq!(asked.headers()[ACCESS_CONTROL_ALLOW_HEADERS], "authorization");
    }

    #[test]
    fn a_full_server_says_so() {
        let full = ask(&routes(0), Method::GET, "https://app.example");
        assert_eq!(full.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(full.headers().contains_key(http::header::RETRY_AFTER));
    }
}
