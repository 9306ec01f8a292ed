//! A backend with an API key.

use super::http::{self, Answer};
use serde_json::Value;
use std::net::SocketAddr;

/// The key of the backend here.
pub(crate) const KEY: &str = "a-key-for-nothing-but-these-tests";

/// A configuration that knows the key, and more.
pub(crate) fn config(more: &str) -> String {
    format!("{more}\n[api]\nsecret = \"{KEY}\"\n")
}

/// Calls an address with the key.
pub(crate) struct Backend(pub(crate) SocketAddr);

impl Backend {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        http::get(self.0, path, &[("Authorization", &format!("Bearer {KEY}"))]).await
    }

    /// What is read, which must be there.
    pub(crate) async fn read(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.json()
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Answer {
        self.post_with(path, &[], body).await
    }

    pub(crate) async fn post_with(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let bearer = format!("Bearer {KEY}");
        let headers = [&[("Authorization", bearer.as_str())], headers].concat();
        http::post(self.0, path, &headers, body).await
    }

    /// Publishes, which must succeed.
    pub(crate) async fn publish(&self, path: &str, body: Value) -> Value {
        let answer = self.post(path, &body.to_string()).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.json()
    }
}
