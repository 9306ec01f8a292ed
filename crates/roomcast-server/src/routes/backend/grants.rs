//! What a token that is asked for shall allow: `{"chat:*": ["join", "publish"]}`.

use roomcast_core::{Action, Pattern};
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// What each pattern of rooms allows. A map would keep the last of two that are the same.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::routes) struct Grants(pub(in crate::routes) Vec<(String, Vec<Action>)>);

impl<'de> Deserialize<'de> for Grants {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Patterns)
    }
}

struct Patterns;

impl<'de> Visitor<'de> for Patterns {
    type Value = Grants;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of patterns, each with a list of actions")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Grants, A::Error> {
        let mut grants: Vec<(String, Vec<Action>)> = Vec::new();
        while let Some((pattern, words)) = map.next_entry::<String, Vec<String>>()? {
            Pattern::new(&pattern).map_err(Error::custom)?;
            if grants.iter().any(|(known, _)| *known == pattern) {
                let shown = pattern.escape_debug();
                return Err(Error::custom(format!("the pattern `{shown}` stands twice")));
            }
            let actions = words.iter().map(|word| action(word)).collect::<Result<_, _>>()?;
            grants.push((pattern, actions));
        }
        Ok(Grants(grants))
    }
}

fn action<E: Error>(word: &str) -> Result<Action, E> {
    Action::from_name(word).ok_or_else(|| {
        let shown = word.escape_debug();
        E::custom(format!("unknown action `{shown}`: use join, publish, presence, history"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pattern_stands_once_and_allows_known_actions() {
        let read = serde_json::from_str::<Grants>;
        let grants = read(r#"{"b:*":["join"],"a":[]}"#).unwrap();
        assert_eq!(grants.0, [("b:*".into(), vec![Action::Join]), ("a".into(), vec![])]);
        for (bad, says) in [
            (r#"{"a":["join"],"\u0061":[]}"#, "the pattern `a` stands twice"),
            (r#"{"a":["fly"]}"#, "unknown action `fly`"),
            (r#"{"":["join"]}"#, "1 to 200 bytes"),
            (r#"[["a",["join"]]]"#, "an object of patterns"),
        ] {
            let error = read(bad).unwrap_err().to_string();
            assert!(error.contains(says), "{bad}: {error}");
        }
    }
}
