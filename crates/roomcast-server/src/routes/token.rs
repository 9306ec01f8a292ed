//! Who comes in: the token's places in a request, and the verdict before the upgrade.

use http::HeaderMap;
use http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN, SEC_WEBSOCKET_PROTOCOL};
use hyper::{Request, StatusCode};
use percent_encoding::percent_decode_str;
use roomcast_core::{Denied, Gatekeeper, Grants, Identity};
use roomcast_protocol::Timestamp;
use roomcast_protocol::command::Token;
use std::fmt;
use std::sync::Arc;

use super::{Face, local};
use crate::auth::ApiKeys;
use crate::config::Origins;

/// The prefix of a subprotocol that carries a token.
const TOKEN_PROTOCOL: &str = "roomcast.token.";

/// Who may come in.
pub(crate) struct Access {
    pub(crate) gatekeeper: Arc<dyn Gatekeeper>,
    /// The backends' keys, which also let operators look in.
    pub(crate) keys: ApiKeys,
    /// What clients without a token may do; none: a token is needed.
    pub(crate) anonymous: Option<Arc<Grants>>,
    /// The cookie that may carry a token.
    pub(crate) cookie: Option<String>,
    pub(crate) origins: Origins,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").field("origins", &self.origins).finish_non_exhaustive()
    }
}

/// Why a request does not come in.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    #[error("this page's origin may not connect: add it to `origins`")]
    Origin,
    #[error("only operators come in here, with an API key in the place of a token")]
    Key,
    #[error(transparent)]
    Token(#[from] Denied),
}

impl Refused {
    pub(super) const fn status(&self) -> StatusCode {
        match self {
            Self::Origin => StatusCode::FORBIDDEN,
            Self::Key | Self::Token(_) => StatusCode::UNAUTHORIZED,
        }
    }

    /// The code for programs, and the exact reason.
    pub(super) const fn codes(&self) -> (&'static str, &'static str) {
        match self {
            Self::Origin => ("forbidden", "origin"),
            Self::Key => ("unauthorized", Denied::UnknownKey.slug()),
            Self::Token(Denied::Expired) => ("token_expired", Denied::Expired.slug()),
            Self::Token(denied) => ("unauthorized", denied.slug()),
        }
    }
}

impl Access {
    /// Who sends the request: by its token, or nobody in particular where that is allowed. Where
    /// operators connect, an API key in the place of a token lets them look in.
    pub(super) fn admit<B>(
        &self,
        face: Face,
        request: &Request<B>,
        now: Timestamp,
    ) -> Result<Identity, Refused> {
        let token = self.token(face, request)?;
        let is_key = |token: &Token| face != Face::Public && self.keys.backend(&token.0).is_some();
        if token.as_ref().is_some_and(is_key) {
            return Ok(Identity::observer());
        }
        if face == Face::Admin {
            return Err(Refused::Key);
        }
        self.client(token, now)
    }

    /// Who sends the request, where there is nothing to look into.
    pub(super) fn admit_client<B>(
        &self,
        face: Face,
        request: &Request<B>,
        now: Timestamp,
    ) -> Result<Identity, Refused> {
        let token = self.token(face, request)?;
        self.client(token, now)
    }

    fn client(&self, token: Option<Token>, now: Timestamp) -> Result<Identity, Refused> {
        let anonymous = || self.anonymous.clone().map(Identity::anonymous).ok_or(Denied::Missing);
        Ok(match token {
            Some(token) => self.gatekeeper.admit(&token, now)?,
            None => anonymous()?,
        })
    }

    /// Who sends the request, by its token alone.
    pub(super) fn admit_with_token<B>(
        &self,
        face: Face,
        request: &Request<B>,
        now: Timestamp,
    ) -> Result<Identity, Refused> {
        let token = self.token(face, request)?.ok_or(Denied::Missing)?;
        Ok(self.gatekeeper.admit(&token, now)?)
    }

    /// Whether a page of the origin, or a program without one, may ask here. Pages of elsewhere
    /// have no business with operators' keys, nor with a server that lets anyone do anything on
    /// this machine: a page that is being written here has.
    fn may_ask(&self, face: Face, origin: Option<&str>, headers: &HeaderMap) -> bool {
        let Some(origin) = origin else { return true };
        match face {
            Face::Public => self.origins.allows(Some(origin)),
            Face::Everything => {
                self.origins.lists(origin)
                    || local::is_local_origin(origin)
                    || is_own_page(origin, headers)
            }
            Face::Admin => self.origins.lists(origin) || is_own_page(origin, headers),
        }
    }

    /// The request's token: the first place that has one counts.
    fn token<B>(&self, face: Face, request: &Request<B>) -> Result<Option<Token>, Refused> {
        let headers = request.headers();
        let origin = headers.get(ORIGIN).map(|origin| origin.to_str().unwrap_or("null"));
        if !self.may_ask(face, origin, headers) {
            return Err(Refused::Origin);
        }
        if let Some(token) = in_authorization(headers)? {
            return Ok(Some(Token(token)));
        }
        // A browser sends cookies for any page: only a listed page may use them.
        let listed = origin.is_some_and(|origin| self.origins.lists(origin));
        let cookie = self.cookie.as_deref().filter(|_| listed);
        let token = in_protocols(headers)
            .or_else(|| in_cookies(headers, cookie?))
            .or_else(|| in_query(request.uri().query()?));
        Ok(token.map(Token))
    }
}

/// Whether the page was loaded from the address that it asks.
pub(super) fn is_own_page(origin: &str, headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    host.is_some() && origin.split_once("://").map(|(_, host)| host) == host
}

/// Two headers are refused: which of them counts, a proxy may see otherwise.
pub(super) fn in_authorization(headers: &HeaderMap) -> Result<Option<String>, Denied> {
    let mut values = headers.get_all(AUTHORIZATION).into_iter();
    let Some(value) = values.next() else { return Ok(None) };
    let value = value.to_str().map_err(|_| Denied::Malformed)?;
    let (scheme, token) = value.split_once(' ').ok_or(Denied::Malformed)?;
    if !scheme.eq_ignore_ascii_case("bearer") || values.next().is_some() {
        return Err(Denied::Malformed);
    }
    Ok(Some(token.trim().to_owned()))
}

fn in_protocols(headers: &HeaderMap) -> Option<String> {
    let lines = headers.get_all(SEC_WEBSOCKET_PROTOCOL).into_iter();
    let mut protocols =
        lines.filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
    protocols.find_map(|protocol| protocol.trim().strip_prefix(TOKEN_PROTOCOL)).map(str::to_owned)
}

fn in_cookies(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut cookies =
        lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    let (_, token) = cookies.find(|(key, _)| key.trim() == name)?;
    let token = token.trim();
    // RFC 6265, section 4.1.1: a value may stand in quotes.
    let quoted = token.strip_prefix('"').and_then(|token| token.strip_suffix('"'));
    Some(quoted.unwrap_or(token).to_owned())
}

/// A JWT needs no escaping in a query, but there are clients that escape everything.
fn in_query(query: &str) -> Option<String> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let (_, token) = pairs.find(|(key, _)| *key == "token")?;
    Some(percent_decode_str(token).decode_utf8_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use roomcast_core::testing::NameGatekeeper;

    fn access() -> Access {
        let mut origins = Origins::default();
        origins.add("https://app.example").unwrap();
        Access {
            gatekeeper: Arc::new(NameGatekeeper),
            keys: ApiKeys::default(),
            anonymous: None,
            cookie: Some("session".into()),
            origins,
        }
    }

    fn who(headers: &[(&str, &str)], uri: &str) -> Result<String, Refused> {
        let request = headers
            .iter()
            .fold(Request::get(uri), |request, (name, value)| request.header(*name, *value));
        let identity =
            access().admit(Face::Public, &request.body(()).unwrap(), Timestamp::from_millis(0))?;
        Ok(identity.user.unwrap().display_name().to_owned())
    }

    #[test]
    fn a_token_is_looked_for_in_its_places_in_order() {
        let ann = Ok("ann".to_owned());
        let origin = ("origin", "https://app.example");
        let bearer = ("authorization", "Bearer ann");
        let protocol = ("sec-websocket-protocol", "roomcast.v1.json, roomcast.token.ann");
        let cookie = ("cookie", "a=b; session=ann");
        assert_eq!(who(&[bearer, ("sec-websocket-protocol", "roomcast.token.bob")], "/"), ann);
        assert_eq!(who(&[protocol, origin, ("cookie", "session=bob")], "/?token=bob"), ann);
        assert_eq!(who(&[cookie, origin], "/?token=bob"), ann);
        assert_eq!(who(&[("cookie", "session=\"ann\""), origin], "/"), ann);
        assert_eq!(who(&[], "/?x=y&token=ann"), ann);
        assert_eq!(who(&[], "/?token=%61nn"), ann);
        assert_eq!(who(&[], "/"), Err(Denied::Missing.into()));
        assert_eq!(who(&[("authorization", "Basic ann")], "/"), Err(Denied::Malformed.into()));
    }

    #[test]
    fn a_place_that_is_filled_wrongly_is_no_empty_one() {
        let malformed = Err(Denied::Malformed.into());
        let query = "/?token=ann";
        for value in ["Bearer", "Bearer\t", "Basic ann", "ann", "Bearer \u{e9}"] {
            assert_eq!(who(&[("authorization", value)], query), malformed, "{value}");
        }
        let twice = [("authorization", "Bearer ann"), ("authorization", "Bearer bob")];
        assert_eq!(who(&twice, query), malformed);
    }

    #[test]
    fn a_cookie_counts_only_from_a_listed_page() {
        assert_eq!(who(&[("cookie", "session=ann")], "/"), Err(Denied::Missing.into()));
        let other = [("cookie", "session=ann"), ("origin", "https://evil.example")];
        assert_eq!(who(&other, "/"), Err(Refused::Origin));
    }
}
