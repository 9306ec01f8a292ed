//! The gatekeeper that reads JWTs (RFC 7519, RFC 8725).

use super::claims::Rules;
use super::keys::{Algorithm, Keyring};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use roomcast_core::{Denied, Gatekeeper, Identity};
use roomcast_protocol::Timestamp;
use roomcast_protocol::command::Token;
use serde_json::{Map, Value};

/// The longest token, in bytes; bounds the work before a signature is known to be good.
pub const MAX_TOKEN: usize = 8 * 1024;

/// Bytes in URL-safe base64 without padding, as all parts of a JWT are written.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Reads JWTs and holds them against the configured keys and rules.
#[derive(Debug, Clone, Default)]
pub struct JwtGatekeeper {
    keys: Keyring,
    rules: Rules,
}

/// What a token's header says and we look at.
struct Header {
    algorithm: Option<Algorithm>,
    kid: Option<String>,
}

impl JwtGatekeeper {
    /// A gatekeeper with these keys and rules. Without a key every token is refused.
    #[must_use]
    pub fn new(keys: Keyring, rules: Rules) -> Self {
        Self { keys, rules }
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> &Keyring {
        &self.keys
    }

    /// The keys, to add to.
    pub fn keys_mut(&mut self) -> &mut Keyring {
        &mut self.keys
    }

    /// What claims are held against.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Sees that a key which fits the header signed the message.
    fn check_signature(
        &self,
        header: &Header,
        message: &str,
        signature: &str,
    ) -> Result<(), Denied> {
        let mut refusal = Denied::UnknownKey;
        for key in self.keys.candidates(header.kid.as_deref()) {
            if header.algorithm != Some(key.algorithm()) {
                // Another key without a `kid` may still fit.
                if refusal == Denied::UnknownKey {
                    refusal = Denied::Algorithm;
                }
            } else if key.verifies(message, signature) {
                return Ok(());
            } else {
                refusal = Denied::Signature;
            }
        }
        Err(refusal)
    }
}

impl Gatekeeper for JwtGatekeeper {
    fn admit(&self, token: &Token, now: Timestamp) -> Result<Identity, Denied> {
        let token = token.0.as_str();
        if token.is_empty() {
            return Err(Denied::Missing);
        }
        if token.len() > MAX_TOKEN {
            return Err(Denied::Malformed);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(Denied::Malformed)?;
        let (header, claims) = message.split_once('.').ok_or(Denied::Malformed)?;
        if claims.contains('.') {
            return Err(Denied::Malformed);
        }
        let header = Header::read(&object(header)?)?;
        self.check_signature(&header, message, signature)?;
        self.rules.admit(&object(claims)?, now)
    }
}

/// One part of a token: a JSON object in base64.
fn object(part: &str) -> Result<Map<String, Value>, Denied> {
    let bytes = decode(part).ok_or(Denied::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| Denied::Malformed)
}

impl Header {
    fn read(header: &Map<String, Value>) -> Result<Self, Denied> {
        // RFC 7515, section 4.1.11: what is marked critical and not understood refuses the token.
        if header.contains_key("crit") {
            return Err(Denied::Malformed);
        }
        let algorithm = header.get("alg").and_then(Value::as_str).ok_or(Denied::Malformed)?;
        let kid = match header.get("kid") {
            None => None,
            Some(Value::String(kid)) => Some(kid.clone()),
            Some(_) => return Err(Denied::Malformed),
        };
        Ok(Self { algorithm: Algorithm::from_name(algorithm), kid })
    }
}

#[cfg(test)]
mod tests;
