//! Programs and pages of this machine: for whom `dev` is there, and an operators' address that
//! only this machine reaches.

use super::{reply, token::is_own_page};
use crate::config::Origins;
use http::header::{HOST, ORIGIN};
use http::uri::Authority;
use hyper::{Request, Response, StatusCode};
use roomcast_transport::Body;
use std::net::{IpAddr, Ipv4Addr};

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
    let message = "this address is for programs and pages of this machine: call it localhost, or \
                   add the origin with the name that you use to `http.allowed_origins`";
    reply::error(StatusCode::FORBIDDEN, "forbidden", message)
}

/// Whether a page of this origin was loaded from this machine, by this server or another.
pub(super) fn is_local_origin(origin: &str) -> bool {
    let Some((_, authority)) = origin.split_once("://") else { return false };
    let Ok(authority) = authority.parse::<Authority>() else { return false };
    let name = authority.host().trim_start_matches('[').trim_end_matches(']');
    let is_loopback = name.parse().is_ok_and(|address: IpAddr| address.is_loopback());
    is_loopback || name == "localhost" || name.ends_with(".localhost")
}

/// Whether the request comes from a page of this machine or of this server, or from a program.
pub(super) fn is_from_here<B>(request: &Request<B>) -> bool {
    let headers = request.headers();
    let is_ours = |origin: &str| is_local_origin(origin) || is_own_page(origin, headers);
    headers.get(ORIGIN).is_none_or(|origin| origin.to_str().is_ok_and(is_ours))
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

    #[test]
    fn only_pages_of_this_machine_are_local() {
        for origin in
            ["http://localhost:5173", "http://127.0.0.1", "https://[::1]:1", "http://app.localhost"]
        {
            assert!(is_local_origin(origin), "{origin}");
        }
        for origin in [
            "null",
            "https://evil.example",
            "http://10.0.0.1:5173",
            "http://localhost.evil.example",
            "http://127.0.0.1.nip.io",
            "http://localhost@evil.example",
            "localhost",
        ] {
            assert!(!is_local_origin(origin), "{origin}");
        }
    }
}
