//! The claims of a token: each has its type or the token is refused, because a claim that counts
//! as absent when it is malformed turns a limit into none.

use roomcast_core::{Action, Denied, Grants, Identity, Limits, Pattern};
use roomcast_protocol::{Timestamp, User, UserId};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

/// The longest name, in bytes.
pub const MAX_NAME: usize = 200;

/// What claims are held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// The `iss` that must be there; none is not checked.
    pub issuer: Option<String>,
    /// One of these must be in `aud`; empty is not checked.
    pub audience: Vec<String>,
    /// How far the clocks of issuer and server may disagree.
    pub leeway: Duration,
    /// The limits of a session where its token sets none.
    pub limits: Limits,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            issuer: None,
            audience: Vec::new(),
            leeway: Duration::from_secs(5),
            limits: Limits::default(),
        }
    }
}

impl Rules {
    /// Who the claims say the bearer is.
    ///
    /// # Errors
    /// [`Denied`] names the claim that refuses the token.
    pub fn admit(&self, claims: &Map<String, Value>, now: Timestamp) -> Result<Identity, Denied> {
        let expires_at = self.check_times(claims, now)?;
        self.check_issuer(claims)?;
        self.check_audience(claims)?;
        let id = text(claims, "sub")?.ok_or_else(|| wrong("`sub` is missing"))?;
        let id = UserId::new(id).map_err(|error| wrong(&format!("`sub` is wrong: {error}")))?;
        let name = name(claims)?;
        Ok(Identity {
            user: Some(User { id: Some(id), name }),
            grants: Arc::new(grants(claims)?),
            expires_at: Some(expires_at),
            limits: limits(claims, self.limits)?.map(Arc::new),
            observer: false,
        })
    }

    /// RFC 7519, sections 4.1.4 and 4.1.5: `exp` must lie ahead, `nbf` must not.
    fn check_times(
        &self,
        claims: &Map<String, Value>,
        now: Timestamp,
    ) -> Result<Timestamp, Denied> {
        let expires_at = date(claims, "exp")?.ok_or_else(|| wrong("`exp` is missing"))?;
        let not_before = date(claims, "nbf")?;
        date(claims, "iat")?;
        let leeway = i64::try_from(self.leeway.as_millis()).unwrap_or(i64::MAX);
        let now = now.as_millis();
        if now >= expires_at.as_millis().saturating_add(leeway) {
            return Err(Denied::Expired);
        }
        if not_before.is_some_and(|start| now.saturating_add(leeway) < start.as_millis()) {
            return Err(Denied::NotYetValid);
        }
        Ok(expires_at)
    }

    fn check_issuer(&self, claims: &Map<String, Value>) -> Result<(), Denied> {
        let issuer = text(claims, "iss")?;
        match &self.issuer {
            Some(ours) if issuer != Some(ours) => Err(Denied::Issuer),
            _ => Ok(()),
        }
    }

    fn check_audience(&self, claims: &Map<String, Value>) -> Result<(), Denied> {
        let wrong_type = || wrong("`aud` must be a string or a list of strings");
        let audience: Vec<&str> = match claims.get("aud") {
            None => Vec::new(),
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(many)) => {
                let texts = many.iter().map(|one| one.as_str().ok_or_else(wrong_type));
                texts.collect::<Result<_, _>>()?
            }
            Some(_) => return Err(wrong_type()),
        };
        let ours = audience.iter().any(|one| self.audience.iter().any(|ours| ours == one));
        if self.audience.is_empty() || ours { Ok(()) } else { Err(Denied::Audience) }
    }
}

fn wrong(text: &str) -> Denied {
    Denied::Claim(text.to_owned())
}

/// A text, which must be one if it is there.
fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Denied> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(wrong(&format!("`{name}` must be a string"))),
    }
}

/// A moment in seconds since 1970, perhaps with a fraction (RFC 7519, section 2).
fn date(claims: &Map<String, Value>, name: &str) -> Result<Option<Timestamp>, Denied> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let whole = value.as_i64().or_else(|| value.as_u64().map(|_| i64::MAX));
    let millis = match (whole, value.as_f64()) {
        (Some(seconds), _) => seconds.saturating_mul(1_000),
        // The cast stops at the ends of the range, as it should.
        #[expect(clippy::cast_possible_truncation, reason = "it saturates")]
        (None, Some(seconds)) => (seconds * 1_000.0) as i64,
        (None, None) => return Err(wrong(&format!("`{name}` must be a number of seconds"))),
    };
    Ok(Some(Timestamp::from_millis(millis)))
}

fn name(claims: &Map<String, Value>) -> Result<Option<Arc<str>>, Denied> {
    let Some(name) = text(claims, "name")? else { return Ok(None) };
    if name.is_empty() || name.len() > MAX_NAME || name.chars().any(char::is_control) {
        return Err(wrong("`name` must be 1 to 200 bytes without control characters"));
    }
    Ok(Some(name.into()))
}

/// `rooms`: what each pattern allows. What is not granted is refused, so no `rooms` is nothing.
fn grants(claims: &Map<String, Value>) -> Result<Grants, Denied> {
    let shape = || wrong("`rooms` must be an object of patterns, each with a list of actions");
    let rooms = match claims.get("rooms") {
        None => return Ok(Grants::none()),
        Some(Value::Object(rooms)) => rooms,
        Some(_) => return Err(shape()),
    };
    let mut grants = Grants::none();
    for (pattern, actions) in rooms {
        let pattern = Pattern::new(pattern)
            .map_err(|error| wrong(&format!("`rooms` has a pattern that is none: {error}")))?;
        let mut allowed = Vec::new();
        for action in actions.as_array().ok_or_else(shape)? {
            let action = action.as_str().ok_or_else(shape)?;
            allowed.push(Action::from_name(action).ok_or_else(|| {
                wrong("`rooms` has an unknown action: use join, publish, presence, history")
            })?);
        }
        grants = grants.allow(pattern, &allowed);
    }
    Ok(grants)
}

/// `limits`: those that are there replace the configured ones.
fn limits(claims: &Map<String, Value>, mut limits: Limits) -> Result<Option<Limits>, Denied> {
    let set = match claims.get("limits") {
        None => return Ok(None),
        Some(Value::Object(set)) => set,
        Some(_) => return Err(wrong("`limits` must be an object")),
    };
    for (name, value) in set {
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        let number = number.filter(|number| *number > 0);
        let number =
            number.ok_or_else(|| wrong("`limits` must hold whole numbers from 1 to 4294967295"))?;
        match name.as_str() {
            "commands_per_second" => limits.commands_per_second = number,
            "burst" => limits.burst = number,
            "rooms" => limits.rooms = number as usize,
            "in_flight" => limits.in_flight = number,
            // A misspelt limit that counts as absent would be no limit.
            _ => {
                return Err(wrong(
                    "`limits` has an unknown key: use commands_per_second, burst, rooms, in_flight",
                ));
            }
        }
    }
    Ok(Some(limits))
}
