//! Makes keys: pairs for RS256, ES256 and EdDSA, and secrets.

use super::jwt::decode;
use super::keys::Algorithm;
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::EncodingKey;
use jsonwebtoken::jwk::Jwk;
use serde_json::{Value, json};

/// Why a key could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeygenError {
    /// The system gave no randomness, or the library failed.
    #[error("the key could not be made: the system gave no randomness")]
    Failed,
    /// HS256 has a secret instead.
    #[error("HS256 has one secret, not a pair of keys")]
    NoPair,
}

impl From<aws_lc_rs::error::Unspecified> for KeygenError {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self::Failed
    }
}

/// A private key and its public half.
pub struct KeyPair {
    /// The name of the key, made from its public half.
    pub kid: String,
    /// The private key in PKCS#8 PEM.
    pub private_pem: String,
    /// The public key in PEM.
    pub public_pem: String,
    /// The public key as JWK.
    pub jwk: Value,
}

impl std::fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyPair({})", self.kid)
    }
}

impl KeyPair {
    /// Makes a pair; an RSA key has 2048 bits.
    ///
    /// # Errors
    /// If the algorithm has no pairs, or the system no randomness.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeygenError> {
        let random = SystemRandom::new();
        let (private, public) = match algorithm {
            Algorithm::Hs256 => return Err(KeygenError::NoPair),
            Algorithm::Rs256 => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048)?;
                let der: aws_lc_rs::encoding::Pkcs8V1Der<'_> = pair.as_der()?;
                (der.as_ref().to_vec(), public_der(pair.public_key())?)
            }
            Algorithm::Es256 => {
                let signing = &ECDSA_P256_SHA256_FIXED_SIGNING;
                let der = EcdsaKeyPair::generate_pkcs8(signing, &random)?;
                let pair = EcdsaKeyPair::from_pkcs8(signing, der.as_ref());
                let pair = pair.map_err(|_| KeygenError::Failed)?;
                (der.as_ref().to_vec(), public_der(pair.public_key())?)
            }
            Algorithm::EdDsa => {
                let pair = Ed25519KeyPair::generate()?;
                (pair.to_pkcs8v1()?.as_ref().to_vec(), public_der(pair.public_key())?)
            }
        };
        Self::assemble(algorithm, &private, &public)
    }

    fn assemble(algorithm: Algorithm, private: &[u8], public: &[u8]) -> Result<Self, KeygenError> {
        let private_pem = pem("PRIVATE KEY", private);
        let kid = fingerprint(public);
        let encoding = match algorithm {
            Algorithm::Rs256 => EncodingKey::from_rsa_pem(private_pem.as_bytes()),
            Algorithm::Es256 => EncodingKey::from_ec_pem(private_pem.as_bytes()),
            _ => EncodingKey::from_ed_pem(private_pem.as_bytes()),
        };
        let jwk = encoding.and_then(|key| Jwk::from_encoding_key(&key, algorithm.jwt()));
        let jwk = jwk.map_err(|_| KeygenError::Failed)?;
        let mut jwk = serde_json::to_value(jwk).map_err(|_| KeygenError::Failed)?;
        jwk["kid"] = json!(kid);
        jwk["alg"] = json!(algorithm.name());
        jwk["use"] = json!("sig");
        Ok(Self { kid, private_pem, public_pem: pem("PUBLIC KEY", public), jwk })
    }
}

fn public_der<'a, K: AsDer<PublicKeyX509Der<'a>>>(key: &K) -> Result<Vec<u8>, KeygenError> {
    Ok(key.as_der()?.as_ref().to_vec())
}

/// A short name for a public key, the same whenever it is made again.
fn fingerprint(public: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, public);
    digest.as_ref().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// RFC 7468.
fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = more;
    }
    pem.push_str(&format!("-----END {label}-----\n"));
    pem
}

/// A secret of 32 random bytes as 43 characters that need no quoting anywhere.
///
/// # Errors
/// If the system gave no randomness.
pub fn secret() -> Result<String, KeygenError> {
    random_text::<32>()
}

/// A name for a secret, which has no public half to be named after.
///
/// # Errors
/// If the system gave no randomness.
pub fn secret_kid() -> Result<String, KeygenError> {
    let bytes = decode(&random_text::<6>()?).ok_or(KeygenError::Failed)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn random_text<const N: usize>() -> Result<String, KeygenError> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
