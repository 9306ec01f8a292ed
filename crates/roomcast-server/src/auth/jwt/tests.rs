//! Each way in which a token is refused, and the ways in which it is not.

use super::super::keygen::KeyPair;
use super::super::keys::Key;
use super::super::mint::Signer;
use super::*;
use jsonwebtoken::{EncodingKey, Header as JwtHeader};
use roomcast_core::Action;
use roomcast_protocol::RoomName;
use serde_json::json;
use std::time::Duration;

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";
const NOW: i64 = 1_763_793_945;

fn ring(keys: impl IntoIterator<Item = Key>) -> Keyring {
    let mut ring = Keyring::default();
    keys.into_iter().for_each(|key| ring.add(key).unwrap());
    ring
}

fn secret_key(kid: Option<&str>, secret: &[u8]) -> Key {
    Key::from_secret(kid.map(str::to_owned), secret).unwrap()
}

fn gatekeeper(rules: Rules) -> JwtGatekeeper {
    JwtGatekeeper::new(ring([secret_key(None, SECRET)]), rules)
}

fn claims() -> Value {
    json!({"sub": "ann", "exp": NOW + 60})
}

/// The claims with some of them replaced.
fn with(changes: &Value) -> Value {
    let mut claims = claims();
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

fn sign(kid: Option<&str>, secret: &[u8], claims: &Value) -> String {
    Signer::from_secret(kid.map(str::to_owned), secret).unwrap().sign(claims).unwrap()
}

fn admit_at(keeper: &JwtGatekeeper, token: &str, millis: i64) -> Result<Identity, Denied> {
    keeper.admit(&Token(token.to_owned()), Timestamp::from_millis(millis))
}

fn admit(keeper: &JwtGatekeeper, token: &str) -> Result<Identity, Denied> {
    admit_at(keeper, token, NOW * 1_000)
}

fn verdict(claims: &Value) -> Result<Identity, Denied> {
    admit(&gatekeeper(Rules::default()), &sign(None, SECRET, claims))
}

/// A token with any header and a HMAC signature by the secret.
fn forge(header: &Value, claims: &Value, secret: &[u8]) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let key = EncodingKey::from_secret(secret);
    let signature =
        jsonwebtoken::crypto::sign(message.as_bytes(), &key, jsonwebtoken::Algorithm::HS256);
    format!("{message}.{}", signature.unwrap())
}

#[test]
fn a_good_token_says_who_and_what() {
    let identity = verdict(&with(&json!({
        "name": "Ann", "iat": NOW, "nbf": NOW - 1, "aud": ["x"], "iss": "y",
        "rooms": {"chat:*": ["join", "publish"]}, "limits": {"burst": 7},
    })))
    .unwrap();
    let user = identity.user.unwrap();
    assert_eq!((user.id.unwrap().as_str(), user.name.as_deref()), ("ann", Some("Ann")));
    assert_eq!(identity.expires_at, Some(Timestamp::from_millis((NOW + 60) * 1_000)));
    let limits = identity.limits.unwrap();
    assert_eq!((limits.burst, limits.rooms), (7, Rules::default().limits.rooms));
    let chat = RoomName::new("chat:a").unwrap();
    assert!(identity.grants.allows(&chat, Action::Publish));
    assert!(!identity.grants.allows(&chat, Action::History));
    assert!(!identity.grants.allows(&RoomName::new("feed").unwrap(), Action::Join));
}

#[test]
fn what_is_no_token() {
    let keeper = gatekeeper(Rules::default());
    assert_eq!(admit(&keeper, "").unwrap_err(), Denied::Missing);
    let good = sign(None, SECRET, &claims());
    let long = sign(None, SECRET, &with(&json!({"pad": "x".repeat(MAX_TOKEN)})));
    let arrays = forge(&json!({"alg": "HS256"}), &json!([]), SECRET);
    let critical = forge(&json!({"alg": "HS256", "crit": ["b64"]}), &claims(), SECRET);
    let number = forge(&json!({"alg": "HS256", "kid": 1}), &claims(), SECRET);
    let four = format!("{good}.{good}");
    for bad in ["a", "a.b", "a.b.c", "..", &four, &long, &arrays, &critical, &number] {
        assert_eq!(admit(&keeper, bad).unwrap_err(), Denied::Malformed, "{bad}");
    }
}

#[test]
fn none_does_not_exist() {
    for alg in ["none", "None", "NONE", "HS384", "hs256", ""] {
        let forged = forge(&json!({"alg": alg}), &claims(), SECRET);
        let (message, _) = forged.rsplit_once('.').unwrap();
        for token in [forged.clone(), format!("{message}.")] {
            let denied = admit(&gatekeeper(Rules::default()), &token).unwrap_err();
            assert_eq!(denied, Denied::Algorithm, "{alg}");
        }
    }
}

#[test]
fn another_key_or_a_changed_token_is_seen() {
    let keeper = gatekeeper(Rules::default());
    let other = sign(None, &[7; 32], &claims());
    assert_eq!(admit(&keeper, &other).unwrap_err(), Denied::Signature);
    let good = sign(None, SECRET, &claims());
    let parts: Vec<_> = good.split('.').collect();
    let payload = URL_SAFE_NO_PAD.encode(with(&json!({"sub": "eve"})).to_string());
    let changed = format!("{}.{payload}.{}", parts[0], parts[2]);
    assert_eq!(admit(&keeper, &changed).unwrap_err(), Denied::Signature);
    let unsigned = format!("{}.{}.", parts[0], parts[1]);
    assert_eq!(admit(&keeper, &unsigned).unwrap_err(), Denied::Signature);
    let empty = JwtGatekeeper::default();
    assert_eq!(admit(&empty, &good).unwrap_err(), Denied::UnknownKey);
}

#[test]
fn a_public_key_is_no_hmac_secret_and_the_reverse() {
    let pair = KeyPair::generate(Algorithm::Rs256).unwrap();
    let public = Key::from_public_pem(None, Algorithm::Rs256, &pair.public_pem).unwrap();
    let keeper = JwtGatekeeper::new(ring([public]), Rules::default());
    let confused = forge(&json!({"alg": "HS256"}), &claims(), pair.public_pem.as_bytes());
    assert_eq!(admit(&keeper, &confused).unwrap_err(), Denied::Algorithm);
    let disguised = forge(&json!({"alg": "RS256"}), &claims(), pair.public_pem.as_bytes());
    assert_eq!(admit(&keeper, &disguised).unwrap_err(), Denied::Signature);

    let signer = Signer::from_private_pem(None, Algorithm::Rs256, &pair.private_pem).unwrap();
    let real = signer.sign(&claims()).unwrap();
    assert!(admit(&keeper, &real).is_ok());
    assert_eq!(admit(&gatekeeper(Rules::default()), &real).unwrap_err(), Denied::Algorithm);
}

#[test]
fn each_algorithm_admits_its_own_tokens_only() {
    let made = [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa];
    let pairs: Vec<_> = made.iter().map(|&made| KeyPair::generate(made).unwrap()).collect();
    for (verifying, pair) in made.iter().zip(&pairs) {
        let public = Key::from_public_pem(None, *verifying, &pair.public_pem).unwrap();
        let keeper = JwtGatekeeper::new(ring([public]), Rules::default());
        for (signing, pair) in made.iter().zip(&pairs) {
            let signer = Signer::from_private_pem(None, *signing, &pair.private_pem).unwrap();
            let verdict = admit(&keeper, &signer.sign(&claims()).unwrap());
            assert_eq!(verdict.is_ok(), signing == verifying, "{signing} by {verifying}");
        }
        let second = KeyPair::generate(*verifying).unwrap();
        let signer = Signer::from_private_pem(None, *verifying, &second.private_pem).unwrap();
        let denied = admit(&keeper, &signer.sign(&claims()).unwrap()).unwrap_err();
        assert_eq!(denied, Denied::Signature, "{verifying}");
    }
}

#[test]
fn keys_rotate_by_kid() {
    let (old, new, bare) = ([1; 32], [2; 32], [3; 32]);
    let keys = [secret_key(Some("old"), &old), secret_key(Some("new"), &new)];
    let both = JwtGatekeeper::new(ring(keys.clone()), Rules::default());
    let token = |kid, secret: &[u8]| sign(kid, secret, &claims());
    assert!(admit(&both, &token(Some("old"), &old)).is_ok());
    assert!(admit(&both, &token(Some("new"), &new)).is_ok());
    for (kid, secret, denied) in [
        (Some("old"), new, Denied::Signature),
        (Some("other"), new, Denied::UnknownKey),
        (None, new, Denied::UnknownKey),
    ] {
        assert_eq!(admit(&both, &token(kid, &secret)).unwrap_err(), denied);
    }
    let mixed = JwtGatekeeper::new(
        ring(keys.into_iter().chain([secret_key(None, &bare)])),
        Rules::default(),
    );
    assert!(admit(&mixed, &token(None, &bare)).is_ok());
    assert_eq!(admit(&mixed, &token(None, &new)).unwrap_err(), Denied::Signature);
    let only = JwtGatekeeper::new(ring([secret_key(Some("new"), &new)]), Rules::default());
    assert!(admit(&only, &token(None, &new)).is_ok());
    assert!(ring([secret_key(Some("a"), &old)]).add(secret_key(Some("a"), &new)).is_err());
    let bare_only = gatekeeper(Rules::default());
    assert_eq!(admit(&bare_only, &token(Some("x"), SECRET)).unwrap_err(), Denied::UnknownKey);
}

#[test]
fn keys_of_a_jwks_admit() {
    let pair = KeyPair::generate(Algorithm::Es256).unwrap();
    let set = json!({"keys": [pair.jwk]}).to_string();
    let keeper =
        JwtGatekeeper::new(ring(super::super::jwks::read(&set).unwrap()), Rules::default());
    let signer = |kid: &str| {
        Signer::from_private_pem(Some(kid.into()), Algorithm::Es256, &pair.private_pem).unwrap()
    };
    assert!(admit(&keeper, &signer(&pair.kid).sign(&claims()).unwrap()).is_ok());
    let denied = admit(&keeper, &signer("other").sign(&claims()).unwrap()).unwrap_err();
    assert_eq!(denied, Denied::UnknownKey);
}

#[test]
fn times_are_held_against_the_given_clock_to_the_millisecond() {
    let keeper = gatekeeper(Rules::default());
    let ends = (NOW + 60 + 5) * 1_000;
    let token = sign(None, SECRET, &claims());
    assert!(admit_at(&keeper, &token, ends - 1).is_ok());
    assert_eq!(admit_at(&keeper, &token, ends).unwrap_err(), Denied::Expired);
    assert!(admit_at(&keeper, &token, i64::MIN).is_ok());
    assert_eq!(admit_at(&keeper, &token, i64::MAX).unwrap_err(), Denied::Expired);

    let token = sign(None, SECRET, &with(&json!({"nbf": NOW})));
    let begins = (NOW - 5) * 1_000;
    assert!(admit_at(&keeper, &token, begins).is_ok());
    assert_eq!(admit_at(&keeper, &token, begins - 1).unwrap_err(), Denied::NotYetValid);

    let exact = gatekeeper(Rules { leeway: Duration::ZERO, ..Rules::default() });
    let token = sign(None, SECRET, &with(&json!({"exp": NOW as f64 + 0.5})));
    assert!(admit_at(&exact, &token, NOW * 1_000 + 499).is_ok());
    assert_eq!(admit_at(&exact, &token, NOW * 1_000 + 500).unwrap_err(), Denied::Expired);
}

#[test]
fn odd_times_stop_at_the_ends_of_the_range() {
    for far in [json!(u64::MAX), json!(i64::MAX), json!(1e300)] {
        let identity = verdict(&with(&json!({"exp": far}))).unwrap();
        assert_eq!(identity.expires_at, Some(Timestamp::from_millis(i64::MAX)));
    }
    for past in [json!(0), json!(-1), json!(i64::MIN), json!(-1e300)] {
        assert_eq!(verdict(&with(&json!({"exp": past}))).unwrap_err(), Denied::Expired);
    }
}

#[test]
fn issuer_and_audience_must_be_there_where_they_are_set() {
    let keeper = gatekeeper(Rules {
        issuer: Some("us".into()),
        audience: vec!["rooms".into(), "old-rooms".into()],
        ..Rules::default()
    });
    for (changes, denied) in [
        (json!({"iss": "us", "aud": "rooms"}), None),
        (json!({"iss": "us", "aud": ["else", "old-rooms"]}), None),
        (json!({"aud": "rooms"}), Some(Denied::Issuer)),
        (json!({"iss": "them", "aud": "rooms"}), Some(Denied::Issuer)),
        (json!({"iss": "us"}), Some(Denied::Audience)),
        (json!({"iss": "us", "aud": []}), Some(Denied::Audience)),
        (json!({"iss": "us", "aud": "else"}), Some(Denied::Audience)),
    ] {
        let verdict = admit(&keeper, &sign(None, SECRET, &with(&changes)));
        assert_eq!(verdict.err(), denied, "{changes}");
    }
}

#[test]
fn a_claim_of_a_wrong_type_refuses_the_token() {
    for changes in [
        json!({"exp": (NOW + 60).to_string()}),
        json!({"exp": null}),
        json!({"nbf": "0"}),
        json!({"nbf": null}),
        json!({"iat": "now"}),
        json!({"iss": ["us"]}),
        json!({"aud": 1}),
        json!({"aud": ["rooms", 1]}),
        json!({"aud": {"rooms": true}}),
        json!({"sub": 7}),
        json!({"sub": null}),
        json!({"sub": ""}),
        json!({"sub": "a\nb"}),
        json!({"sub": "x".repeat(196)}),
        json!({"sub": "ann*"}),
        json!({"name": 7}),
        json!({"name": null}),
        json!({"name": ""}),
        json!({"name": "x".repeat(201)}),
        json!({"rooms": ["chat:*"]}),
        json!({"rooms": null}),
        json!({"rooms": {"chat:*": "join"}}),
        json!({"rooms": {"chat:*": [1]}}),
        json!({"rooms": {"chat:*": ["join", "fly"]}}),
        json!({"rooms": {"": ["join"]}}),
        json!({"limits": 7}),
        json!({"limits": {"burst": "7"}}),
        json!({"limits": {"burst": 0}}),
        json!({"limits": {"burst": -1}}),
        json!({"limits": {"burst": 1.5}}),
        json!({"limits": {"burst": 4_294_967_296_u64}}),
        json!({"limits": {"brust": 7}}),
    ] {
        let denied = verdict(&with(&changes)).unwrap_err();
        assert!(matches!(denied, Denied::Claim(_)), "{changes}: {denied}");
    }
}

#[test]
fn a_missing_claim_refuses_the_token() {
    for (claims, text) in [
        (json!({"sub": "ann"}), "the token's claim `exp` is missing"),
        (json!({"exp": NOW + 60}), "the token's claim `sub` is missing"),
    ] {
        assert_eq!(verdict(&claims).unwrap_err().to_string(), text);
    }
    assert!(!verdict(&claims()).unwrap().grants.allows(&RoomName::new("a").unwrap(), Action::Join));
}

#[test]
fn no_refusal_shows_any_of_the_token() {
    for changes in [
        json!({"sub": "hush\n"}),
        json!({"rooms": {"hush": ["hush"]}}),
        json!({"limits": {"hush": 1}}),
        json!({"exp": "hush"}),
        json!({"name": ["hush"]}),
    ] {
        assert!(!verdict(&with(&changes)).unwrap_err().to_string().contains("hush"));
    }
}

#[test]
fn a_header_cannot_bring_its_own_key() {
    let eve = KeyPair::generate(Algorithm::Es256).unwrap();
    let key = EncodingKey::from_ec_pem(eve.private_pem.as_bytes()).unwrap();
    let mut header = JwtHeader::new(jsonwebtoken::Algorithm::ES256);
    header.jwk = serde_json::from_value(eve.jwk).unwrap();
    let token = jsonwebtoken::encode(&header, &claims(), &key).unwrap();
    let ours = KeyPair::generate(Algorithm::Es256).unwrap();
    let public = Key::from_public_pem(None, Algorithm::Es256, &ours.public_pem).unwrap();
    let keeper = JwtGatekeeper::new(ring([public]), Rules::default());
    assert_eq!(admit(&keeper, &token).unwrap_err(), Denied::Signature);
}
