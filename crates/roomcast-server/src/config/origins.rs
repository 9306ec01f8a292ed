//! The web pages that may connect.

/// The origins of web pages that may connect.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origins(Vec<String>);

/// Why a text is no origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an origin is `http://` or `https://`, a host and perhaps a port, without a path")]
pub struct InvalidOrigin;

impl Origins {
    /// Takes one more origin.
    ///
    /// # Errors
    /// [`InvalidOrigin`] says what an origin is.
    pub fn add(&mut self, origin: &str) -> Result<(), InvalidOrigin> {
        let uri: http::Uri = origin.parse().map_err(|_| InvalidOrigin)?;
        let web = matches!(uri.scheme_str(), Some("http" | "https"));
        let host = uri.authority().is_some_and(|host| !host.as_str().contains('@'));
        // `http` gives an absent path as `/`, so a path is seen by the text's own slashes.
        if !web || !host || origin.matches('/').count() != 2 || origin.contains(['?', '#', '*']) {
            return Err(InvalidOrigin);
        }
        self.0.push(origin.to_ascii_lowercase());
        Ok(())
    }

    /// Whether no list was set, so that any page may connect.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the `Origin` header's value is listed; nothing is where no list was set.
    #[must_use]
    pub fn lists(&self, origin: &str) -> bool {
        self.0.iter().any(|listed| listed.eq_ignore_ascii_case(origin))
    }

    /// Whether an origin of this host and port is listed.
    #[must_use]
    pub fn lists_host(&self, host: &str) -> bool {
        let mut hosts = self.0.iter().filter_map(|origin| origin.split_once("://"));
        hosts.any(|(_, listed)| listed.eq_ignore_ascii_case(host))
    }

    /// Whether a request may come in: any page where no list was set, else listed pages and
    /// programs that send no `Origin`, which are no browsers.
    #[must_use]
    pub fn allows(&self, origin: Option<&str>) -> bool {
        self.is_any() || origin.is_none_or(|origin| self.lists(origin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_has_no_path_and_no_wildcard() {
        let mut origins = Origins::default();
        assert!(origins.allows(Some("https://anywhere.example")) && !origins.lists("null"));
        for bad in [
            "*",
            "example.com",
            "https://a.example/",
            "https://a.example/x",
            "ftp://a",
            "https://*.example",
            "https://u@a.example",
            "null",
            "",
        ] {
            assert_eq!(origins.add(bad), Err(InvalidOrigin), "{bad}");
        }
        origins.add("https://App.example:8443").unwrap();
        assert!(origins.allows(Some("https://app.example:8443")) && origins.allows(None));
        assert!(!origins.allows(Some("https://app.example")) && !origins.allows(Some("null")));
    }
}
