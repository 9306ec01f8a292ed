//! The pages, embedded in the binary, under a strict Content-Security-Policy. A debug build reads
//! them from their folder, so that a page that was changed is seen with the next reload.

use super::{Face, reply};
use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_SECURITY_POLICY, ETAG, HeaderName,
    HeaderValue, IF_NONE_MATCH, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Request, Response, StatusCode};
use roomcast_transport::Body;
use rust_embed::{EmbeddedFile, RustEmbed};
use std::borrow::Cow;

#[derive(RustEmbed)]
#[folder = "pages/"]
struct Files;

/// The client for pages of anybody: the only file that `serve` shows to the world.
const CLIENT: &str = "client.js";
/// What belongs to the console, and to pages of every kind.
const OF_OPERATORS: [&str; 4] = ["console/", "common/", "vendor/", "favicon.svg"];

/// Nothing from elsewhere, nothing inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; worker-src 'self'; \
    connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// A file that an address shows.
pub(super) struct Page {
    name: String,
    file: EmbeddedFile,
}

/// The file behind a path, if the address shows it: `/a/b.js`, or `a/index.html` for `/a`.
pub(super) fn find(face: Face, path: &str) -> Option<Page> {
    let path = path.trim_matches('/');
    if path.split('/').any(|part| matches!(part, "." | "..")) {
        return None;
    }
    let index = match (path, face) {
        ("", Face::Admin) => "console/index.html".into(),
        ("", _) => "index.html".into(),
        _ => format!("{path}/index.html"),
    };
    let names = [path.to_owned(), index];
    names.into_iter().filter(|name| shows(face, name)).find_map(|name| {
        let file = Files::get(&name)?;
        Some(Page { name, file })
    })
}

fn shows(face: Face, name: &str) -> bool {
    name == CLIENT
        || match face {
            Face::Everything => true,
            Face::Admin => OF_OPERATORS.iter().any(|prefix| name.starts_with(prefix)),
            Face::Public => false,
        }
}

/// Shows a page. A browser that has it already is told so.
pub(super) fn show<B>(page: Page, request: &Request<B>) -> Response<Body> {
    let tag = tag(&page.file);
    let known = request.headers().get(IF_NONE_MATCH).is_some_and(|known| *known == tag);
    let (status, body) = match page.file.data {
        _ if known => (StatusCode::NOT_MODIFIED, Bytes::new()),
        Cow::Borrowed(body) => (StatusCode::OK, Bytes::from_static(body)),
        Cow::Owned(body) => (StatusCode::OK, body.into()),
    };
    let mut response = reply::with_body(status, content_type(&page.name), body);
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(tag) = tag.parse() {
        headers.insert(ETAG, tag);
    }
    if page.name == CLIENT {
        // A page of any origin may import it, as from a CDN.
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.insert(
            HeaderName::from_static("cross-origin-resource-policy"),
            HeaderValue::from_static("cross-origin"),
        );
    }
    response
}

const HEADERS: [(HeaderName, &str); 4] = [
    (CACHE_CONTROL, "no-cache"),
    (CONTENT_SECURITY_POLICY, POLICY),
    (REFERRER_POLICY, "no-referrer"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// Names this very content.
fn tag(file: &EmbeddedFile) -> String {
    let hash = file.metadata.sha256_hash();
    let start: String = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\"{start}\"")
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_shows_its_own_pages_and_no_others() {
        let shown = |face, path| find(face, path).map(|page| page.name);
        let every =
            |path| [Face::Everything, Face::Admin, Face::Public].map(|face| shown(face, path));
        let name = |name: &str| Some(name.to_owned());
        assert_eq!(every("/client.js"), [name("client.js"), name("client.js"), name("client.js")]);
        assert_eq!(every("/"), [name("index.html"), name("console/index.html"), None]);
        assert_eq!(every("/demo/chat/"), [name("demo/chat/index.html"), None, None]);
        assert_eq!(every("/demo/chat/chat.js"), [name("demo/chat/chat.js"), None, None]);
        let look = name("common/base.css");
        assert_eq!(every("/common/base.css"), [look.clone(), look, None]);
        for none in [
            "/../Cargo.toml",
            "/demo",
            "/common/../index.html",
            "/./index.html",
            "/demo/chat/../../client.js",
            "/nothing.js",
        ] {
            assert_eq!(shown(Face::Public, none), None, "{none}");
            assert_eq!(shown(Face::Admin, none), None, "{none}");
        }
    }

    #[test]
    fn a_browser_that_has_a_page_is_not_sent_it_again() {
        let page = || find(Face::Public, "/client.js").unwrap();
        let first = show(page(), &Request::get("/client.js").body(()).unwrap());
        let tag = first.headers()[ETAG].clone();
        let request = |tag| Request::get("/client.js").header(IF_NONE_MATCH, tag).body(()).unwrap();
        assert_eq!(first.status(), StatusCode::OK);
        assert_eq!(show(page(), &request(tag)).status(), StatusCode::NOT_MODIFIED);
        assert_eq!(show(page(), &request("\"other\"".parse().unwrap())).status(), StatusCode::OK);
    }

    #[test]
    fn every_page_has_a_content_type_of_its_own() {
        for name in Files::iter() {
            assert!(
                name.contains("LICENSES") || !content_type(&name).starts_with("text/plain"),
                "{name}"
            );
        }
    }
}
