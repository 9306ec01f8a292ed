//! The keys that tokens are signed with. A key is for one algorithm, and that decides: what a
//! token's header says can only be refused, never obeyed.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    VerificationAlgorithm,
};
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk};
use std::fmt;

/// The shortest HS256 secret, in bytes: as long as the hash (RFC 7518, section 3.2).
pub const MIN_SECRET: usize = 32;

/// The shortest RSA modulus, in bits (RFC 7518, section 3.3), and the longest that is verified.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2_048..=8_192;

/// How a token can be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC with SHA-256 and a shared secret.
    Hs256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 4] = [Self::Hs256, Self::Rs256, Self::Es256, Self::EdDsa];

    /// The name in a token's header (RFC 7518, section 3.1; RFC 8037).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The algorithm of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    pub(super) const fn jwt(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::Hs256 => jsonwebtoken::Algorithm::HS256,
            Self::Rs256 => jsonwebtoken::Algorithm::RS256,
            Self::Es256 => jsonwebtoken::Algorithm::ES256,
            Self::EdDsa => jsonwebtoken::Algorithm::EdDSA,
        }
    }

    fn verification(self) -> Option<&'static dyn VerificationAlgorithm> {
        match self {
            Self::Hs256 => None,
            Self::Rs256 => Some(&RSA_PKCS1_2048_8192_SHA256),
            Self::Es256 => Some(&ECDSA_P256_SHA256_FIXED),
            Self::EdDsa => Some(&ED25519),
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why something cannot be a key. The text never holds any part of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A secret is too short.
    #[error("the secret has {0} bytes, and HS256 needs at least 32")]
    ShortSecret(usize),
    /// A PEM key stands where a secret belongs: whoever has the public key could sign.
    #[error(
        "the secret is a PEM key: a public key belongs into `public_key_file`, with its own algorithm"
    )]
    PemAsSecret,
    /// HS256 has no public key.
    #[error("HS256 has a `secret`, not a public key")]
    PublicKeyForHmac,
    /// The private half was given.
    #[error("this is a private key: the server needs only the public half, so keep this one away")]
    Private,
    /// It is no public key in PEM.
    #[error("this is not a public key in PEM (`-----BEGIN PUBLIC KEY-----`)")]
    NotPem,
    /// It is a key for another algorithm.
    #[error("this is not a public key for {0}")]
    OtherKind(Algorithm),
    /// The RSA key is too short or too long.
    #[error("the RSA key has {0} bits: use 2048 to 8192")]
    RsaSize(usize),
}

/// One key, for one algorithm.
#[derive(Clone)]
pub struct Key {
    kid: Option<String>,
    algorithm: Algorithm,
    decoding: DecodingKey,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kid, algorithm, .. } = self;
        write!(f, "Key({algorithm}, kid {kid:?})")
    }
}

impl Key {
    /// A shared secret for HS256, used byte for byte.
    ///
    /// # Errors
    /// If it is too short, or a PEM key by mistake.
    pub fn from_secret(kid: Option<String>, secret: &[u8]) -> Result<Self, KeyError> {
        check_secret(secret)?;
        Ok(Self { kid, algorithm: Algorithm::Hs256, decoding: DecodingKey::from_secret(secret) })
    }

    /// A public key in PEM.
    ///
    /// # Errors
    /// If it is private, of another kind, or no key.
    pub fn from_public_pem(
        kid: Option<String>,
        algorithm: Algorithm,
        pem: &str,
    ) -> Result<Self, KeyError> {
        if pem.contains("PRIVATE KEY") {
            return Err(KeyError::Private);
        }
        // A certificate is refused as well: nothing here would look at its dates or its signer.
        if !pem.contains("-----BEGIN PUBLIC KEY-----")
            && !pem.contains("-----BEGIN RSA PUBLIC KEY-----")
        {
            return Err(KeyError::NotPem);
        }
        let decoding = match algorithm {
            Algorithm::Hs256 => return Err(KeyError::PublicKeyForHmac),
            Algorithm::Rs256 => DecodingKey::from_rsa_pem(pem.as_bytes()),
            Algorithm::Es256 => DecodingKey::from_ec_pem(pem.as_bytes()),
            Algorithm::EdDsa => DecodingKey::from_ed_pem(pem.as_bytes()),
        };
        let decoding = decoding.map_err(|_| KeyError::OtherKind(algorithm))?;
        Self::from_public(kid, algorithm, decoding)
    }

    /// A public key that was read already; sees that it is one for the algorithm, so that a
    /// wrong key is found at the start and not at the first token.
    pub(super) fn from_public(
        kid: Option<String>,
        algorithm: Algorithm,
        decoding: DecodingKey,
    ) -> Result<Self, KeyError> {
        let other = KeyError::OtherKind(algorithm);
        if let (Some(verification), Ok(bytes)) =
            (algorithm.verification(), decoding.try_get_as_bytes())
        {
            ParsedPublicKey::new(verification, bytes).map_err(|_| other)?;
        }
        if algorithm == Algorithm::Rs256 {
            let bits = rsa_bits(&decoding).ok_or(other)?;
            if !RSA_BITS.contains(&bits) {
                return Err(KeyError::RsaSize(bits));
            }
        }
        Ok(Self { kid, algorithm, decoding })
    }

    /// What tokens of this key are for.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The name of the key.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Whether this key signed the message.
    #[must_use]
    pub fn verifies(&self, message: &str, signature: &str) -> bool {
        let algorithm = self.algorithm.jwt();
        jsonwebtoken::crypto::verify(signature, message.as_bytes(), &self.decoding, algorithm)
            .unwrap_or(false)
    }
}

/// Sees that the bytes can be a HS256 secret.
///
/// # Errors
/// If they are too few, or a PEM key by mistake.
pub fn check_secret(secret: &[u8]) -> Result<(), KeyError> {
    if secret.windows(10).any(|window| window == b"-----BEGIN") {
        return Err(KeyError::PemAsSecret);
    }
    if secret.len() < MIN_SECRET {
        return Err(KeyError::ShortSecret(secret.len()));
    }
    Ok(())
}

fn rsa_bits(key: &DecodingKey) -> Option<usize> {
    let jwk = Jwk::from_decoding_key(key, Some(jsonwebtoken::Algorithm::RS256)).ok()?;
    let AlgorithmParameters::RSA(parameters) = jwk.algorithm else { return None };
    let modulus = super::jwt::decode(&parameters.n)?;
    let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
    let first = modulus.get(zeros)?;
    Some((modulus.len() - zeros) * 8 - first.leading_zeros() as usize)
}

/// All keys: several at once, by `kid`, so that they can be changed without a gap.
#[derive(Debug, Clone, Default)]
pub struct Keyring(Vec<Key>);

impl Keyring {
    /// Takes one more key.
    ///
    /// # Errors
    /// Gives the key back if another already has its `kid`.
    pub fn add(&mut self, key: Key) -> Result<(), Key> {
        if key.kid.is_some() && self.0.iter().any(|other| other.kid == key.kid) {
            return Err(key);
        }
        self.0.push(key);
        Ok(())
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys that a token may be signed with: those of its `kid`; without one, those without
    /// one, or the only key there is.
    pub fn candidates<'a>(&'a self, kid: Option<&'a str>) -> impl Iterator<Item = &'a Key> {
        let only = self.0.len() == 1 && kid.is_none();
        self.0.iter().filter(move |key| only || key.kid.as_deref() == kid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::keygen::KeyPair;

    #[test]
    fn a_secret_is_long_and_no_pem() {
        assert_eq!(Key::from_secret(None, &[7; 31]).unwrap_err(), KeyError::ShortSecret(31));
        let pem = KeyPair::generate(Algorithm::EdDsa).unwrap().public_pem;
        assert_eq!(Key::from_secret(None, pem.as_bytes()).unwrap_err(), KeyError::PemAsSecret);
        assert!(Key::from_secret(None, &[7; 32]).is_ok());
    }

    #[test]
    fn a_public_key_is_only_for_its_own_algorithm() {
        for made in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
            let pair = KeyPair::generate(made).unwrap();
            for used in Algorithm::ALL {
                let key = Key::from_public_pem(None, used, &pair.public_pem);
                assert_eq!(key.is_ok(), used == made, "{made} as {used}");
            }
            let private = Key::from_public_pem(None, made, &pair.private_pem);
            assert_eq!(private.unwrap_err(), KeyError::Private);
        }
    }

    #[test]
    fn what_is_no_public_key() {
        let cut = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
        for (text, error) in [
            ("", KeyError::NotPem),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", KeyError::NotPem),
            (cut, KeyError::OtherKind(Algorithm::Es256)),
        ] {
            let key = Key::from_public_pem(None, Algorithm::Es256, text);
            assert_eq!(key.unwrap_err(), error);
        }
    }
}
