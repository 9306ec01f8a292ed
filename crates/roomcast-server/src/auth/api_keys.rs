//! The keys that backends show to the HTTP interface.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{Digest, SHA256, digest};
use std::fmt;

/// The shortest key, in bytes.
pub const MIN_API_KEY: usize = 32;

/// The keys of the backends. Only their hashes are kept.
#[derive(Clone, Default)]
pub struct ApiKeys(Vec<(String, Digest)>);

impl fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl ApiKeys {
    /// Takes one more key.
    pub fn add(&mut self, name: &str, key: &[u8]) {
        self.0.push((name.to_owned(), digest(&SHA256, key)));
    }

    /// Whether there is none, so that every backend is refused.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The name of the backend that the key belongs to. How long it takes says nothing about how
    /// much of the key was right.
    #[must_use]
    pub fn backend(&self, key: &str) -> Option<&str> {
        let shown = digest(&SHA256, key.as_bytes());
        let same = |known: &Digest| verify_slices_are_equal(known.as_ref(), shown.as_ref()).is_ok();
        self.0.iter().find(|(_, known)| same(known)).map(|(name, _)| name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_its_backend() {
        let mut keys = ApiKeys::default();
        keys.add("shop", b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
        keys.add("game", b"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
        assert_eq!(keys.backend("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"), Some("game"));
        assert_eq!(keys.backend("bbbb"), None);
        assert!(!format!("{keys:?}").contains("bbb"));
    }
}
