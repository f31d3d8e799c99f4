//! What a client may say.

use serde_json::Value;

use super::last_seen::LastSeen;

/// A message from the client. Members that are not known are ignored, so that a newer client is understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ClientMessage {
    /// Who it is; on an open socket a renewal.
    Auth {
        /// The access token.
        token: String,
        /// How far it had come; only the first `auth` is asked.
        last_seen: Option<LastSeen>,
    },
    /// Whether anybody is there.
    Ping,
}

/// Why a message was not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// It is not a JSON object with a `type`, or a member has the wrong type.
    Bad,
    /// Its `type` is not known.
    Unknown,
}

impl Mistake {
    /// The code in the error message.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Bad => "bad_message",
            Self::Unknown => "unknown_message",
        }
    }
}

impl ClientMessage {
    /// Reads a text message.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, Mistake> {
        let message: Value = serde_json::from_str(text).map_err(|_| Mistake::Bad)?;
        match message.get("type").and_then(Value::as_str) {
            Some("auth") => auth(&message),
            Some("ping") => Ok(Self::Ping),
            Some(_) => Err(Mistake::Unknown),
            None => Err(Mistake::Bad),
        }
    }
}

fn auth(message: &Value) -> Result<ClientMessage, Mistake> {
    let token = message.get("token").and_then(Value::as_str).ok_or(Mistake::Bad)?;
    let last_seen = match message.get("last_seen") {
        None | Some(Value::Null) => None,
        Some(value) => Some(LastSeen::from_json(value).ok_or(Mistake::Bad)?),
    };
    Ok(ClientMessage::Auth { token: token.to_owned(), last_seen })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_messages_are_read() {
        let auth = |last_seen| Ok(ClientMessage::Auth { token: "t".to_owned(), last_seen });
        assert_eq!(ClientMessage::parse(r#"{"type":"auth","token":"t"}"#), auth(None));
        let seen = auth(Some(LastSeen::Personal(7)));
        assert_eq!(ClientMessage::parse(r#"{"type":"auth","token":"t","last_seen":7,"new":[]}"#), seen);
        assert_eq!(ClientMessage::parse(r#"{"type":"ping"}"#), Ok(ClientMessage::Ping));
    }

    #[test]
    fn anything_else_is_a_mistake() {
        for text in [r#"{"type":"subscribe"}"#, r#"{"type":""}"#, r#"{"type":"AUTH","token":"t"}"#] {
            assert_eq!(ClientMessage::parse(text), Err(Mistake::Unknown), "{text}");
        }
        let deep = "[".repeat(10_000);
        for text in [
            "",
            "\0",
            "{\"type\":\"ping\0\"}",
            "ping",
            "null",
            "[]",
            r#""auth""#,
            r#"{"type":7}"#,
            r#"{"type":"auth"}"#,
            r#"{"type":"auth","token":null}"#,
            r#"{"type":"auth","token":"t","last_seen":"7"}"#,
            r#"{"type":"auth","token":"t","last_seen":-1}"#,
            r#"{"type":"auth","token":"t","last_seen":{"x":7}}"#,
            r#"{"type":"auth","token":"t","last_seen":7.5}"#,
            r#"{"type":"auth","token":"t","last_seen":9223372036854775808}"#,
            r#"{"type":"ping"} {"type":"ping"}"#,
            &deep,
        ] {
            assert_eq!(ClientMessage::parse(text), Err(Mistake::Bad), "{text:.40}");
        }
    }
}
