//! Makes tokens, for `roomcast token new` and `roomcast dev`.

use super::keys::{Algorithm, KeyError, check_secret};
use jsonwebtoken::{EncodingKey, Header};
use roomcast_core::Action;
use roomcast_protocol::Timestamp;
use serde_json::{Map, Value, json};
use std::fmt;
use std::time::Duration;

/// A key that signs.
#[derive(Clone)]
pub struct Signer {
    kid: Option<String>,
    algorithm: Algorithm,
    encoding: EncodingKey,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({}, kid {:?})", self.algorithm, self.kid)
    }
}

/// Why a token could not be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The key is no private key of the algorithm.
    #[error("this is not a private key for {0} in PKCS#8 PEM (`-----BEGIN PRIVATE KEY-----`)")]
    Key(Algorithm),
    /// The secret cannot be used.
    #[error(transparent)]
    Secret(#[from] KeyError),
}

/// What a new token shall say.
#[derive(Debug, Clone)]
pub struct TokenPlan {
    /// The user's id, `sub`.
    pub user: String,
    /// A name for people.
    pub name: Option<String>,
    /// What each pattern of rooms allows.
    pub rooms: Vec<(String, Vec<Action>)>,
    /// When it is made.
    pub now: Timestamp,
    /// How long it is valid.
    pub ttl: Duration,
    /// The `iss`.
    pub issuer: Option<String>,
    /// The `aud`.
    pub audience: Option<String>,
}

impl Signer {
    /// Signs with a shared secret.
    ///
    /// # Errors
    /// If the secret cannot be one.
    pub fn from_secret(kid: Option<String>, secret: &[u8]) -> Result<Self, SignError> {
        check_secret(secret)?;
        Ok(Self { kid, algorithm: Algorithm::Hs256, encoding: EncodingKey::from_secret(secret) })
    }

    /// Signs with a private key in PKCS#8 PEM.
    ///
    /// # Errors
    /// If the key is not one for the algorithm.
    pub fn from_private_pem(
        kid: Option<String>,
        algorithm: Algorithm,
        pem: &str,
    ) -> Result<Self, SignError> {
        let wrong = SignError::Key(algorithm);
        let encoding = match algorithm {
            _ if !pem.contains("PRIVATE KEY-----") => return Err(wrong),
            Algorithm::Hs256 => return Err(wrong),
            Algorithm::Rs256 => EncodingKey::from_rsa_pem(pem.as_bytes()),
            Algorithm::Es256 => EncodingKey::from_ec_pem(pem.as_bytes()),
            Algorithm::EdDsa => EncodingKey::from_ed_pem(pem.as_bytes()),
        };
        Ok(Self { kid, algorithm, encoding: encoding.map_err(|_| wrong)? })
    }

    /// The name of the key.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// A token with these claims.
    ///
    /// # Errors
    /// If the key turns out not to be one for its algorithm.
    pub fn sign(&self, claims: &Value) -> Result<String, SignError> {
        let mut header = Header::new(self.algorithm.jwt());
        header.kid.clone_from(&self.kid);
        jsonwebtoken::encode(&header, claims, &self.encoding)
            .map_err(|_| SignError::Key(self.algorithm))
    }
}

impl TokenPlan {
    /// The claims.
    #[must_use]
    pub fn claims(&self) -> Value {
        let issued = self.now.as_millis().div_euclid(1_000);
        let ttl = i64::try_from(self.ttl.as_secs()).unwrap_or(i64::MAX);
        let mut claims = Map::new();
        claims.insert("sub".into(), json!(self.user));
        claims.insert("iat".into(), json!(issued));
        claims.insert("exp".into(), json!(issued.saturating_add(ttl)));
        let optional = [("name", &self.name), ("iss", &self.issuer), ("aud", &self.audience)];
        for (claim, value) in optional {
            if let Some(value) = value {
                claims.insert(claim.into(), json!(value));
            }
        }
        if !self.rooms.is_empty() {
            claims.insert("rooms".into(), self.grants());
        }
        claims.into()
    }

    /// A pattern that is named twice allows what both say.
    fn grants(&self) -> Value {
        let mut grants: Map<String, Value> = Map::new();
        for (pattern, actions) in &self.rooms {
            let list = grants.entry(pattern).or_insert_with(|| json!([]));
            if let Value::Array(list) = list {
                list.extend(actions.iter().map(|action| json!(action.name())));
            }
        }
        grants.into()
    }
}
