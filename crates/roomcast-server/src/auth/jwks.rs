//! Reads a JWKS (RFC 7517): public keys of an issuer, and shared secrets.

use super::jwt::decode;
use super::keys::{Algorithm, Key, KeyError};
use jsonwebtoken::DecodingKey;
use serde::Deserialize;

/// Why a text is no JWKS that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JwksError {
    /// It has another shape.
    #[error("this is not a JWKS: it must be JSON with a list `keys`")]
    Shape,
    /// One key is wrong.
    #[error("key {0} of the JWKS: {1}")]
    Key(usize, KeyProblem),
    /// No key is for signatures by an algorithm that is known.
    #[error("the JWKS has no key for HS256, RS256, ES256 or EdDSA signatures")]
    Empty,
}

/// Why a key of a JWKS cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyProblem {
    /// A member is missing or has the wrong form.
    #[error("`{0}` is missing or has the wrong form")]
    Member(&'static str),
    /// The private half is in it.
    #[error("it has the private part `d`: publish only the public parts")]
    Private,
    /// It is no key for its algorithm.
    #[error(transparent)]
    Key(#[from] KeyError),
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<serde_json::Value>,
}

/// The members of one key; all are optional, because which are needed depends on `kty`.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    k: Option<String>,
    d: Option<serde_json::Value>,
}

impl Jwk {
    /// What the key is for, by its kind; a key for encryption or for another algorithm is not
    /// for us, and issuers put such keys into the same set.
    fn algorithm(&self) -> Option<Algorithm> {
        let algorithm = match (self.kty.as_str(), self.crv.as_deref()) {
            ("oct", _) => Algorithm::Hs256,
            ("RSA", _) => Algorithm::Rs256,
            ("EC", Some("P-256")) => Algorithm::Es256,
            ("OKP", Some("Ed25519")) => Algorithm::EdDsa,
            _ => return None,
        };
        let signs = self.usage.as_deref().is_none_or(|usage| usage == "sig");
        let fits = self.alg.as_deref().is_none_or(|alg| {
            alg == algorithm.name() || (alg == "Ed25519" && algorithm == Algorithm::EdDsa)
        });
        (signs && fits).then_some(algorithm)
    }

    fn key(&self, algorithm: Algorithm) -> Result<Key, KeyProblem> {
        if self.d.is_some() {
            return Err(KeyProblem::Private);
        }
        let kid = self.kid.clone();
        let decoding = match algorithm {
            Algorithm::Hs256 => return Ok(Key::from_secret(kid, &bytes("k", &self.k)?)?),
            Algorithm::Rs256 => {
                let (n, e) = (bytes("n", &self.n)?, bytes("e", &self.e)?);
                DecodingKey::from_rsa_raw_components(&n, &e)
            }
            Algorithm::Es256 => {
                let (x, y) = (bytes("x", &self.x)?, bytes("y", &self.y)?);
                // An uncompressed point (SEC 1, section 2.3.3).
                DecodingKey::from_ec_der(&[&[4], &x[..], &y[..]].concat())
            }
            Algorithm::EdDsa => DecodingKey::from_ed_der(&bytes("x", &self.x)?),
        };
        Ok(Key::from_public(kid, algorithm, decoding)?)
    }
}

fn bytes(name: &'static str, member: &Option<String>) -> Result<Vec<u8>, KeyProblem> {
    member.as_deref().and_then(decode).ok_or(KeyProblem::Member(name))
}

/// The keys of a JWKS that are for signatures by a known algorithm; the others are passed over.
///
/// # Errors
/// If the text is no JWKS, one of those keys is wrong, or there is none.
pub fn read(text: &str) -> Result<Vec<Key>, JwksError> {
    let set: Set = serde_json::from_str(text).map_err(|_| JwksError::Shape)?;
    let mut keys = Vec::new();
    for (index, value) in set.keys.into_iter().enumerate() {
        let wrong = |problem| JwksError::Key(index + 1, problem);
        let jwk: Jwk =
            serde_json::from_value(value).map_err(|_| wrong(KeyProblem::Member("kty")))?;
        if let Some(algorithm) = jwk.algorithm() {
            keys.push(jwk.key(algorithm).map_err(wrong)?);
        }
    }
    if keys.is_empty() { Err(JwksError::Empty) } else { Ok(keys) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::keygen::KeyPair;
    use serde_json::json;

    #[test]
    fn keys_of_all_kinds_are_read_and_others_passed_over() {
        let made = [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa];
        let mut keys: Vec<_> =
            made.iter().map(|&algorithm| KeyPair::generate(algorithm).unwrap().jwk).collect();
        keys.push(json!({"kty": "oct", "kid": "h", "k": "A".repeat(43)}));
        keys.push(json!({"kty": "RSA", "use": "enc", "n": "AQAB", "e": "AQAB"}));
        keys.push(json!({"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"}));
        let read = read(&json!({"keys": keys}).to_string()).unwrap();
        let algorithms: Vec<_> = read.iter().map(Key::algorithm).collect();
        assert_eq!(algorithms, [made[0], made[1], made[2], Algorithm::Hs256]);
        assert_eq!(read[3].kid(), Some("h"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let private = {
            let mut jwk = KeyPair::generate(Algorithm::EdDsa).unwrap().jwk;
            jwk["d"] = json!("AAAA");
            jwk
        };
        for (keys, expected) in [
            (json!({}), JwksError::Shape),
            (json!({"keys": []}), JwksError::Empty),
            (json!({"keys": [private]}), JwksError::Key(1, KeyProblem::Private)),
            (
                json!({"keys": [{"kty": "oct", "k": "AAAA"}]}),
                JwksError::Key(1, KeyError::ShortSecret(3).into()),
            ),
            (
                json!({"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]}),
                JwksError::Key(1, KeyError::RsaSize(17).into()),
            ),
            (
                json!({"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}]}),
                JwksError::Key(1, KeyError::OtherKind(Algorithm::Es256).into()),
            ),
            (
                json!({"keys": [{"kty": "OKP", "crv": "Ed25519"}]}),
                JwksError::Key(1, KeyProblem::Member("x")),
            ),
        ] {
            assert_eq!(read(&keys.to_string()).unwrap_err(), expected);
        }
    }
}
