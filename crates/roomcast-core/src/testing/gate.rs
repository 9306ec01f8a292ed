//! Who comes in to a simulated world: names are tokens.

use crate::access::{Action, Denied, Gatekeeper, Grants, Identity};
use crate::pattern::Pattern;
use roomcast_protocol::command::Token;
use roomcast_protocol::{Timestamp, User, UserId};
use std::sync::Arc;

/// A gatekeeper for tests: the token is `user`, `user@expiry-in-milliseconds`, with a pattern
/// behind it `user@expiry pattern`, where only rooms of that pattern are granted, and with an
/// action behind that one only this action.
#[derive(Debug, Clone, Copy)]
pub struct NameGatekeeper;

impl Gatekeeper for NameGatekeeper {
    fn admit(&self, token: &Token, _: Timestamp) -> Result<Identity, Denied> {
        let mut words = token.0.split(' ');
        let (who, pattern) = (words.next().unwrap_or_default(), words.next().unwrap_or("*"));
        let action = words.next().and_then(Action::from_name);
        let actions = action.map_or(Action::ALL.to_vec(), |action| vec![action]);
        let (name, end) = who.split_once('@').unwrap_or((who, ""));
        let pattern = Pattern::new(pattern).map_err(|_| Denied::Malformed)?;
        if name.is_empty() {
            return Err(Denied::Malformed);
        }
        let mut identity = identity(name, Grants::none().allow(pattern, &actions));
        identity.expires_at = end.parse().ok().map(Timestamp::from_millis);
        Ok(identity)
    }
}

/// The identity of a verified user of that name.
///
/// # Panics
/// If the name is no valid user id.
#[must_use]
pub fn identity(name: &str, grants: Grants) -> Identity {
    let id = UserId::new(name).expect("a valid user id");
    let user = User { id: Some(id), name: None };
    Identity { user: Some(user), ..Identity::anonymous(Arc::new(grants)) }
}
