//! The shape of the configuration file: one struct per table, with the defaults of the engine
//! and of the transport. Meaning and environment name of every key stand in [`super::keys`].

use super::value::{Secret, Size, Span, Texts};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// Where clients connect.
    pub listen: SocketAddr,
    /// Worker threads; 0 is one per core.
    pub workers: usize,
    /// Bounds of one session and of the whole.
    pub limits: Limits,
    /// Signs of life.
    pub heartbeat: Heartbeat,
    /// The life of a session whose token expires.
    pub expiry: Expiry,
    /// What one connection may take.
    pub connection: Connection,
    /// The inside of the engine.
    pub engine: Engine,
    /// The end of the server.
    pub drain: Drain,
    /// Tokens and who needs none.
    pub auth: Auth,
    /// What holds for every HTTP request.
    pub http: Http,
    /// The endpoints of the guide.
    pub guide: Guide,
    /// The backend's interface.
    pub api: Api,
    /// The listener for operators.
    pub admin: Admin,
    /// The link to other nodes.
    pub redis: Redis,
    /// What is written and how.
    pub log: Log,
    /// Kinds of rooms; the first whose pattern matches wins.
    pub room: Vec<super::room::Room>,
}

/// Bounds of one session and of the whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "`keys` says what each key means, and a test sees that it does")]
pub struct Limits {
    pub commands_per_second: u32,
    pub burst: u32,
    pub rooms: usize,
    pub in_flight: u32,
    pub max_frame: Size,
    pub max_connections: usize,
}

/// Signs of life.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "`keys` says what each key means, and a test sees that it does")]
pub struct Heartbeat {
    pub interval: Span,
    pub timeout: Span,
}

/// The life of a session whose token expires.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "`keys` says what each key means, and a test sees that it does")]
pub struct Expiry {
    pub notice: Span,
    pub grace: Span,
}

/// What one connection may take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "`keys` says what each key means, and a test sees that it does")]
pub struct Connection {
    pub header_timeout: Span,
    pub close_timeout: Span,
    pub unsent: Size,
    pub outbox: Size,
    pub recovery: Size,
    pub stall: Span,
}

/// The inside of the engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "`keys` says what each key means, and a test sees that it does")]
pub struct Engine {
    pub inbox: Size,
    pub linger: Span,
    pub dedupe: Span,
    pub presence_batch: Span,
    pub message_batch: Span,
}

/// The end of the server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "`keys` says what each key means, and a test sees that it does")]
pub struct Drain {
    pub timeout: Span,
    pub rate: u32,
}

/// Tokens and who needs none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "`keys` says what each key means, and a test sees that it does")]
pub struct Auth {
    pub issuer: Option<String>,
    pub audience: Texts,
    pub leeway: Span,
    pub cookie: Option<String>,
    pub secret: Option<Secret>,
    pub secret_file: Option<PathBuf>,
    pub jwks_file: Option<PathBuf>,
    pub anonymous: Grants,
    pub key: Vec<AuthKey>,
}

/// What each pattern of room names allows, by the names of the actions.
pub type Grants = BTreeMap<String, Texts>;

/// One key that tokens are signed with.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "`keys` says what each key means, and a test sees that it does")]
pub struct AuthKey {
    pub kid: Option<String>,
    pub algorithm: Option<String>,
    pub secret: Option<Secret>,
    pub secret_file: Option<PathBuf>,
    pub public_key_file: Option<PathBuf>,
}

/// What holds for every HTTP request.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "`keys` says what each key means, and a test sees that it does")]
pub struct Http {
    pub allowed_origins: Texts,
}

/// The endpoints of the guide.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "`keys` says what each key means, and a test sees that it does")]
pub struct Guide {
    pub enabled: bool,
}

/// The backend's interface.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "`keys` says what each key means, and a test sees that it does")]
pub struct Api {
    pub secret: Option<Secret>,
    pub secret_file: Option<PathBuf>,
    pub key: Vec<ApiKey>,
}

/// One key of a backend.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "`keys` says what each key means, and a test sees that it does")]
pub struct ApiKey {
    pub name: Option<String>,
    pub secret: Option<Secret>,
    pub secret_file: Option<PathBuf>,
}

/// The listener for operators.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "`keys` says what each key means, and a test sees that it does")]
pub struct Admin {
    pub listen: SocketAddr,
}

/// The link to other nodes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "`keys` says what each key means, and a test sees that it does")]
pub struct Redis {
    pub url: Option<Secret>,
    pub url_file: Option<PathBuf>,
    pub required: bool,
    pub wait: Span,
    pub prefix: Option<String>,
    pub timeout: Span,
    pub ping: Span,
    pub lease: Span,
    pub queue: Size,
}

/// What is written and how.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "`keys` says what each key means, and a test sees that it does")]
pub struct Log {
    pub format: LogFormat,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Pretty on a terminal, JSON otherwise.
    #[default]
    Auto,
    /// For people.
    Pretty,
    /// For programs.
    Json,
}
