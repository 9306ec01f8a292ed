//! `POST /v1/tokens`: a token for a user, where the configuration holds a key that signs.

use super::Answered;
use super::ask::Ask;
use super::body::object;
use super::grants::Grants;
use super::sessions::millis;
use super::trouble::Trouble;
use crate::auth::{Signer, TokenPlan};
use crate::config::value::Span;
use crate::routes::{Routes, reply};
use hyper::StatusCode;
use roomcast_protocol::command::Token;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

/// Longest body in bytes.
const MAX_BODY: usize = 64 * 1024;
/// How long a token lasts unless told otherwise.
const TTL: Duration = Duration::from_secs(600);
/// The shortest and the longest life of a token. A longer one is a key and should be made as one.
const TTLS: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(1)..=Duration::from_secs(30 * 86_400);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    user: String,
    name: Option<String>,
    rooms: Grants,
    ttl: Option<Value>,
}

/// Makes the token that the body describes.
pub(super) async fn make(ask: Ask) -> Answered {
    ask.query(&[])?;
    let (routes, caller) = (ask.routes.clone(), ask.caller.clone());
    let body = ask.body(MAX_BODY).await?;
    let wanted: Wanted = object(&body)?;
    let signer = routes.backend.signer.as_ref().ok_or_else(elsewhere)?;
    let ttl = ttl(wanted.ttl.as_ref())?;
    let answer = sign(&routes, signer, wanted.user, wanted.name, wanted.rooms, ttl)?;
    tracing::info!(backend = %caller, "a token was made");
    Ok(answer)
}

/// Answers with a token that this server takes, or with what no token may say: told here, and not
/// later at every door.
pub(in crate::routes) fn sign(
    routes: &Routes,
    signer: &Signer,
    user: String,
    name: Option<String>,
    Grants(rooms): Grants,
    ttl: Duration,
) -> Answered {
    let rules = &routes.backend.rules;
    let plan = TokenPlan {
        user,
        name,
        rooms,
        now: routes.clock.now().wall,
        ttl,
        issuer: rules.issuer.clone(),
        audience: rules.audience.first().cloned(),
    };
    let token = signer.sign(&plan.claims()).map_err(|error| {
        Trouble::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", error.to_string())
    })?;
    let admitted = routes.access.gatekeeper.admit(&Token(token.clone()), plan.now);
    admitted.map_err(|denied| Trouble::bad(denied.to_string()))?;
    Ok(reply::json(StatusCode::OK, &json!({ "token": token, "expires_in_ms": millis(ttl) })))
}

fn elsewhere() -> Trouble {
    let message = "this server holds only public keys: tokens are made where the private key is, \
                   by your backend or with `roomcast token new --key-file FILE`";
    Trouble::new(StatusCode::CONFLICT, "unavailable", message)
}

/// A number of seconds, or a text such as `10m`.
fn ttl(wanted: Option<&Value>) -> Result<Duration, Trouble> {
    let ttl = match wanted {
        None => Some(TTL),
        Some(Value::String(text)) => text.parse().ok().map(|Span(ttl)| ttl),
        Some(other) => other.as_u64().map(Duration::from_secs),
    };
    // A token counts in whole seconds.
    let ttl = ttl.map(|ttl| Duration::from_secs(ttl.as_secs())).filter(|ttl| TTLS.contains(ttl));
    ttl.ok_or_else(|| {
        Trouble::bad("`ttl` must be from \"1s\" to \"30d\", or a whole number of seconds")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ttl_is_a_text_or_a_number_of_seconds() {
        let seconds = |value: Value| ttl(Some(&value)).ok().map(|ttl| ttl.as_secs());
        assert_eq!(seconds(json!("10m")), Some(600));
        assert_eq!(seconds(json!("1500ms")), Some(1));
        assert_eq!(seconds(json!(90)), Some(90));
        for bad in [json!(0), json!("999ms"), json!("31d"), json!(-1), json!(1.5), json!("soon")] {
            assert_eq!(seconds(bad.clone()), None, "{bad}");
        }
    }
}
