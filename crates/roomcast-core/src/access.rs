//! Who may do what: identities, grants by pattern, and the gatekeeper that reads tokens.

use crate::config::Limits;
use crate::pattern::Pattern;
use roomcast_protocol::command::Token;
use roomcast_protocol::{ErrorCode, Refusal, RoomName, Timestamp, User};
use smallvec::SmallVec;
use std::sync::Arc;

/// What a grant can allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Join the room and hear it.
    Join,
    /// Publish in it.
    Publish,
    /// See who is in it.
    Presence,
    /// Read its history by page; recovery of what a member missed needs only `join`.
    History,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 4] = [Self::Join, Self::Publish, Self::Presence, Self::History];

    /// The word in a token.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::Publish => "publish",
            Self::Presence => "presence",
            Self::History => "history",
        }
    }

    /// The action with that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// What a session may do, by pattern. What no pattern grants is refused.
///
/// ```
/// use roomcast_core::{Action, Grants, Pattern};
/// use roomcast_protocol::RoomName;
/// let grants = Grants::none().allow(Pattern::new("chat:*").unwrap(), &[Action::Join]);
/// let lobby = RoomName::new("chat:lobby").unwrap();
/// assert!(grants.allows(&lobby, Action::Join));
/// assert!(!grants.allows(&lobby, Action::Publish));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grants {
    /// Most have one.
    rules: SmallVec<[(Pattern, u8); 1]>,
}

impl Grants {
    /// Nothing is allowed.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Everything is allowed in every room.
    #[must_use]
    pub fn everything() -> Self {
        Self::none().allow(Pattern::any(), &Action::ALL)
    }

    /// Allows the actions in the rooms of the pattern as well.
    #[must_use]
    pub fn allow(mut self, pattern: Pattern, actions: &[Action]) -> Self {
        let bits = actions.iter().fold(0, |bits, action| bits | action.bit());
        self.rules.push((pattern, bits));
        self
    }

    /// Whether some rule allows the action in the room.
    #[must_use]
    pub fn allows(&self, room: &RoomName, action: Action) -> bool {
        self.rules.iter().any(|(pattern, bits)| bits & action.bit() != 0 && pattern.matches(room))
    }
}

/// The refusal of what no grant allows.
pub(crate) fn not_granted(action: Action) -> Refusal {
    let message = format!("the token does not grant `{}` in this room", action.name());
    Refusal::new(ErrorCode::Forbidden, message)
}

/// Who a session belongs to and what it may do.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The user; none for an anonymous client.
    pub user: Option<User>,
    /// What the session may do.
    pub grants: Arc<Grants>,
    /// When the token expires; none means never.
    pub expires_at: Option<Timestamp>,
    /// Limits of this session in place of the configured ones.
    pub limits: Option<Arc<Limits>>,
    /// An operator looking in: it publishes nothing, is no member that anybody sees, and takes no
    /// place in a room. It counts as a session, a connection and a membership as anyone does.
    pub observer: bool,
}

impl Identity {
    /// Nobody in particular, with these grants.
    #[must_use]
    pub fn anonymous(grants: Arc<Grants>) -> Self {
        Self { user: None, grants, expires_at: None, limits: None, observer: false }
    }

    /// Whether what it says of itself may be seen by others.
    pub(crate) fn is_seen(&self) -> Result<(), Refusal> {
        if !self.observer {
            return Ok(());
        }
        Err(Refusal::new(ErrorCode::Forbidden, "an observer only looks: it says nothing"))
    }

    /// An operator who looks into any room.
    #[must_use]
    pub fn observer() -> Self {
        let looks = [Action::Join, Action::Presence, Action::History];
        let grants = Grants::none().allow(Pattern::any(), &looks);
        Self { observer: true, ..Self::anonymous(Arc::new(grants)) }
    }
}

/// Why a token is refused. The text never holds any part of the token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// There is none where one is needed.
    #[error(
        "a token is missing: send it as `Authorization: Bearer`, subprotocol `roomcast.token.<jwt>` or `?token=`"
    )]
    Missing,
    /// It is no JWT.
    #[error("the token is malformed: it must be a JWT of three parts")]
    Malformed,
    /// Its header asks for an algorithm that the key is not for.
    #[error("the token's algorithm is not the key's")]
    Algorithm,
    /// No key has its `kid`.
    #[error("no configured key fits the token's `kid`")]
    UnknownKey,
    /// The signature is wrong.
    #[error("the token's signature is wrong: it was signed with another key or changed")]
    Signature,
    /// It is past its time.
    #[error("the token has expired: fetch a fresh one")]
    Expired,
    /// Its time has not come.
    #[error("the token is not valid yet (`nbf`): check the clocks")]
    NotYetValid,
    /// It is for somebody else.
    #[error("the token's `aud` is not ours")]
    Audience,
    /// It is from somebody else.
    #[error("the token's `iss` is not ours")]
    Issuer,
    /// A claim is missing or has the wrong type.
    #[error("the token's claim {0}")]
    Claim(String),
}

impl Denied {
    /// A word for metrics and programs.
    #[must_use]
    pub const fn slug(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Malformed => "malformed",
            Self::Algorithm => "algorithm",
            Self::UnknownKey => "unknown_key",
            Self::Signature => "signature",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::Audience => "audience",
            Self::Issuer => "issuer",
            Self::Claim(_) => "claim",
        }
    }
}

/// Reads tokens. The server's reads JWTs; an application can bring its own.
pub trait Gatekeeper: Send + Sync {
    /// Who the token says its bearer is.
    ///
    /// # Errors
    /// [`Denied`] says why the token is refused.
    fn admit(&self, token: &Token, now: Timestamp) -> Result<Identity, Denied>;
}

/// Refuses every token: for an application that knows its users before the socket is accepted.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoTokens;

impl Gatekeeper for NoTokens {
    fn admit(&self, _: &Token, _: Timestamp) -> Result<Identity, Denied> {
        Err(Denied::UnknownKey)
    }
}
