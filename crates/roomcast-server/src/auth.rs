//! Who a token says its bearer is: keys, claims, and the gatekeeper that the engine asks.
//!
//! Read in this order: [`keys`], [`jwks`], [`claims`], [`jwt`]; beside them [`mint`], which makes
//! tokens, [`keygen`], which makes keys, and [`api_keys`], which know backends.

pub mod api_keys;
pub mod claims;
pub mod jwks;
pub mod jwt;
pub mod keygen;
pub mod keys;
pub mod mint;

pub use api_keys::ApiKeys;
pub use claims::Rules;
pub use jwt::JwtGatekeeper;
pub use keys::{Algorithm, Key, KeyError, Keyring};
pub use mint::{Signer, TokenPlan};
