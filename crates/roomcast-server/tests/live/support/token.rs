//! Tokens, good and bad.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use roomcast_server::auth::Signer;
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

/// The secret of the servers here.
pub(crate) const SECRET: &str = "not much of a secret, but long enough";

/// Seconds since 1970.
pub(crate) fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}

/// A token with these claims, for an hour unless they say otherwise.
pub(crate) fn token(claims: Value) -> String {
    signed(SECRET, claims)
}

/// The same, with a secret that the server may not know.
pub(crate) fn signed(secret: &str, mut claims: Value) -> String {
    let claims_object = claims.as_object_mut().unwrap();
    claims_object.entry("exp").or_insert(json!(now() + 3600.0));
    Signer::from_secret(None, secret.as_bytes()).unwrap().sign(&claims).unwrap()
}

/// A token that may do everything everywhere.
pub(crate) fn of(user: &str, name: &str) -> String {
    token(json!({"sub": user, "name": name, "rooms": everything()}))
}

/// Every grant in every room.
pub(crate) fn everything() -> Value {
    json!({"*": ["join", "publish", "presence", "history"]})
}

/// A token with this header and signature, whatever they are worth.
pub(crate) fn forged(header: &Value, claims: &Value, signature: &[u8]) -> String {
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let (header, claims) = (header.to_string(), claims.to_string());
    format!("{}.{}.{}", part(header.as_bytes()), part(claims.as_bytes()), part(signature))
}

/// Tokens that are refused by a server with audience `rooms` and issuer `us`, and why.
pub(crate) fn refused() -> Vec<(&'static str, String)> {
    let good = || json!({"sub": "ann", "name": "Ann", "aud": "rooms", "iss": "us"});
    let with = |name: &str, value: Value| {
        let mut claims = good();
        claims[name] = value;
        claims
    };
    let mut claims = with("exp", json!(now() + 3600.0));
    claims["rooms"] = everything();
    let whole = token(good());
    let (message, signature) = whole.rsplit_once('.').unwrap();
    let other = token(with("sub", json!("bob")));
    let none = json!({"alg": "none", "typ": "JWT"});
    let public = json!({"alg": "RS256", "typ": "JWT"});
    vec![
        ("malformed", "not-a-token".to_owned()),
        ("malformed", format!("{whole}.more")),
        ("malformed", format!("%{whole}")),
        ("malformed", forged(&json!({"alg": "HS256", "crit": ["b64"]}), &claims, b"x")),
        ("expired", token(with("exp", json!(now() - 60.0)))),
        ("not_yet_valid", token(with("nbf", json!(now() + 60.0)))),
        ("signature", signed("another secret, which is long enough too", good())),
        ("signature", format!("{}.{signature}", other.rsplit_once('.').unwrap().0)),
        ("signature", format!("{message}.")),
        ("audience", token(with("aud", json!("others")))),
        ("issuer", token(with("iss", json!("them")))),
        ("algorithm", forged(&none, &claims, b"")),
        ("algorithm", forged(&none, &claims, b"x")),
        ("algorithm", forged(&public, &claims, b"x")),
        ("claim", token(with("sub", json!(7)))),
        ("claim", token(with("exp", json!("tomorrow")))),
        ("claim", token(with("rooms", json!({"*": ["fly"]})))),
    ]
}
