//! What is said to a server: how a connection gets ready, and how a message looks.

use crate::plan::PlanError;
use crate::target::Target;
use memchr::memmem;

/// Which words a server understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Roomcast's own, `roomcast.v1.json`.
    Native,
    /// The guide's, at `/ws` and `/ws/chat/{room}`.
    Guide,
    /// Any other server's: a text goes to everyone.
    Plain,
}

impl Dialect {
    /// The dialect that the address asks for.
    #[must_use]
    pub fn of(target: &Target) -> Self {
        let endpoint = target.endpoint();
        let is_guide = endpoint == "/ws" || endpoint.starts_with("/ws/chat/");
        if is_guide { Self::Guide } else { Self::Native }
    }

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Guide => "guide",
            Self::Plain => "plain",
        }
    }
}

/// One step on the way to being ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// What is sent; `{room}` stands for the room's name. Empty: nothing is sent.
    pub say: String,
    /// The next step waits for a frame that contains this; without it nothing is waited for.
    pub until: Option<String>,
}

/// All that is said to a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// Whose words these are.
    pub dialect: Dialect,
    pub(crate) hellos: Vec<Hello>,
    /// How a message is sent, with `{room}` and `{data}`.
    message: String,
    /// A text frame that equals the first is answered by the second.
    answers: Vec<(String, String)>,
    /// The WebSocket subprotocol to ask for.
    pub(crate) subprotocol: Option<&'static str>,
    /// What a frame contains that refuses something.
    refusal: &'static str,
}

/// The position of a member in its room, to come back with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Position {
    pub(crate) epoch: String,
    pub(crate) offset: u64,
}

const JOIN: &str = r#"{"type":"join","id":1,"room":"{room}"}"#;

impl Script {
    /// The words that belong to a dialect; for [`Dialect::Plain`] the data as it is.
    #[must_use]
    pub fn preset(dialect: Dialect, target: &Target) -> Self {
        let hello = |say: &str, until: &str| Hello { say: say.into(), until: Some(until.into()) };
        match dialect {
            Dialect::Native => Self {
                dialect,
                hellos: vec![hello("", r#""type":"welcome""#), hello(JOIN, r#""type":"joined""#)],
                message: r#"{"type":"publish","room":"{room}","data":"{data}"}"#.into(),
                answers: vec![(r#"{"type":"ping"}"#.into(), r#"{"type":"pong"}"#.into())],
                subprotocol: Some("roomcast.v1.json"),
                refusal: r#""type":"error""#,
            },
            Dialect::Guide => Self {
                dialect,
                hellos: Vec::new(),
                message: if target.endpoint() == "/ws" {
                    "{data}".into()
                } else {
                    r#"{"text":"{data}"}"#.into()
                },
                answers: Vec::new(),
                subprotocol: None,
                refusal: r#""type":"error""#,
            },
            Dialect::Plain => Self {
                dialect,
                hellos: Vec::new(),
                message: "{data}".into(),
                answers: Vec::new(),
                subprotocol: None,
                refusal: "error",
            },
        }
    }

    /// The words of any other server.
    ///
    /// `hellos` and `untils` belong together in their order; an empty hello sends nothing, so that
    /// a server may speak first. `answers` are `PING=PONG`.
    ///
    /// # Errors
    /// Says what does not fit together.
    pub fn plain(
        hellos: &[String],
        untils: &[String],
        message: Option<&str>,
        answers: &[String],
    ) -> Result<Self, PlanError> {
        if untils.len() > hellos.len() {
            return Err(PlanError::new(
                "each --until belongs to a --hello: give `--hello ''` where the server speaks first",
            ));
        }
        let message = message.unwrap_or("{data}");
        if message.matches("{data}").count() != 1 {
            return Err(PlanError::new("--message must hold {data} exactly once"));
        }
        let steps = hellos.iter().enumerate().map(|(at, say)| Hello {
            say: say.clone(),
            until: untils.get(at).filter(|until| !until.is_empty()).cloned(),
        });
        let pair = |text: &String| match text.split_once('=') {
            Some((ping, pong)) if !ping.is_empty() => Ok((ping.to_owned(), pong.to_owned())),
            _ => Err(PlanError::new("--answer is PING=PONG: what comes, and what is sent back")),
        };
        Ok(Self {
            dialect: Dialect::Plain,
            hellos: steps.collect(),
            message: message.to_owned(),
            answers: answers.iter().map(pair).collect::<Result<_, _>>()?,
            subprotocol: None,
            refusal: "error",
        })
    }

    /// The same without what is said of a room: where only connections count.
    #[must_use]
    pub(crate) fn without_rooms(mut self) -> Self {
        if self.dialect == Dialect::Native {
            self.hellos.truncate(1);
        }
        self
    }

    /// What is sent at a step of getting ready.
    pub(crate) fn hello(&self, step: usize, room: &str, since: Option<&Position>) -> String {
        let text = self.hellos.get(step).map_or("", |hello| &hello.say).replace("{room}", room);
        match since {
            Some(Position { epoch, offset }) if self.dialect == Dialect::Native && step == 1 => {
                let text = text.trim_end_matches('}');
                format!(r#"{text},"since":{{"epoch":"{epoch}","offset":{offset}}}}}"#)
            }
            _ => text,
        }
    }

    /// Whether the server says when a connection is in its room.
    pub(crate) fn is_confirmed(&self) -> bool {
        self.hellos.last().is_some_and(|hello| hello.until.is_some())
    }

    /// A message in this room, and where its data begins.
    pub(crate) fn message(&self, room: &str, data: &[u8]) -> (Vec<u8>, usize) {
        let (before, after) = self.message.split_once("{data}").unwrap_or((&self.message, ""));
        let (before, after) = (before.replace("{room}", room), after.replace("{room}", room));
        let start = before.len();
        ([before.as_bytes(), data, after.as_bytes()].concat(), start)
    }

    /// What a text is to be answered with.
    pub(crate) fn answer(&self, text: &[u8]) -> Option<&str> {
        let answer = self.answers.iter().find(|(ping, _)| ping.as_bytes() == text);
        answer.map(|(_, pong)| pong.as_str())
    }

    /// Whether a text refuses something.
    pub(crate) fn refuses(&self, text: &[u8]) -> bool {
        memmem::find(text, self.refusal.as_bytes()).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(text: &str) -> Target {
        Target::parse(text).unwrap()
    }

    fn strings(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn the_address_tells_the_dialect() {
        assert_eq!(Dialect::of(&target("ws://a/ws")), Dialect::Guide);
        assert_eq!(Dialect::of(&target("ws://a/ws/chat/{room}?token=t")), Dialect::Guide);
        assert_eq!(Dialect::of(&target("ws://a/v1/ws")), Dialect::Native);
    }

    #[test]
    fn native_joins_and_comes_back_with_its_position() {
        let native = Script::preset(Dialect::Native, &target("ws://a/v1/ws"));
        assert_eq!(native.hello(0, "r", None), "");
        assert_eq!(native.hello(1, "r", None), r#"{"type":"join","id":1,"room":"r"}"#);
        let position = Position { epoch: "5f".into(), offset: 7 };
        assert_eq!(
            native.hello(1, "r", Some(&position)),
            r#"{"type":"join","id":1,"room":"r","since":{"epoch":"5f","offset":7}}"#
        );
        let (text, start) = native.message("r", b"~data");
        assert_eq!(text, br#"{"type":"publish","room":"r","data":"~data"}"#);
        assert_eq!(&text[start..start + 5], b"~data");
        assert_eq!(native.answer(br#"{"type":"ping"}"#), Some(r#"{"type":"pong"}"#));
        assert!(native.refuses(br#"{"type":"error","code":"limit"}"#) && native.is_confirmed());
    }

    #[test]
    fn the_guide_has_a_chat_and_an_echo() {
        let chat = Script::preset(Dialect::Guide, &target("ws://a/ws/chat/{room}"));
        assert_eq!(chat.message("r", b"~d").0, br#"{"text":"~d"}"#);
        let echo = Script::preset(Dialect::Guide, &target("ws://a/ws"));
        assert_eq!(echo.message("r", b"~d"), (b"~d".to_vec(), 0));
        assert!(!echo.is_confirmed());
    }

    #[test]
    fn another_server_is_spoken_to_as_it_wants() {
        let hellos = strings(&["", "40", r#"42["join","{room}"]"#]);
        let untils = strings(&["0{", "40{", r#"42["joined""#]);
        let message = Some(r#"42["message","{room}","{data}"]"#);
        let script = Script::plain(&hellos, &untils, message, &strings(&["2=3"])).unwrap();
        assert_eq!(script.hello(2, "tea", None), r#"42["join","tea"]"#);
        assert_eq!(script.hellos[0], Hello { say: String::new(), until: Some("0{".into()) });
        assert_eq!(script.message("tea", b"~x").0, br#"42["message","tea","~x"]"#);
        assert_eq!((script.answer(b"2"), script.answer(b"22")), (Some("3"), None));
    }

    #[test]
    fn options_that_do_not_fit_together_are_refused() {
        let none: Vec<String> = Vec::new();
        let said = |untils: &[&str], message: Option<&str>, answers: &[&str]| {
            Script::plain(&none, &strings(untils), message, &strings(answers)).unwrap_err()
        };
        assert!(said(&["a"], None, &[]).to_string().contains("--hello ''"));
        assert!(said(&[], Some("{room}"), &[]).to_string().contains("{data}"));
        assert!(said(&[], None, &["2"]).to_string().contains("PING=PONG"));
    }
}
