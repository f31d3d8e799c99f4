//! What a client is told.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use super::membership::Position;

/// A message to the client.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum ServerMessage<'a> {
    /// From now on the events follow.
    Subscribed {
        /// After which event of the personal workspace.
        sequence: i64,
        /// After which event of every workspace.
        workspaces: &'a [Position],
    },
    /// Something was missed that cannot be replayed: read the state anew. What follows starts at the present.
    ResyncRequired,
    /// Something happened.
    Event {
        /// Its place in its workspace, which is `organization_id` of the event.
        sequence: i64,
        /// The event, as it was published.
        event: &'a Value,
    },
    /// The session was extended.
    Renewed {
        /// When it ends now.
        expires_at: DateTime<Utc>,
    },
    /// The answer to `ping`.
    Pong,
    /// Something was wrong.
    Error {
        /// A stable name of it.
        code: &'a str,
    },
}

impl ServerMessage<'_> {
    /// The message as JSON text.
    #[expect(clippy::expect_used, reason = "every key is a string and nothing is read from outside: it cannot fail")]
    pub(crate) fn to_text(&self) -> String {
        serde_json::to_string(self).expect("a server message is JSON")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_messages_have_the_documented_shapes() {
        let id = Uuid::from_u128(1);
        let read = |message: &ServerMessage<'_>| serde_json::from_str::<Value>(&message.to_text()).unwrap();
        let at = Position { id, sequence: 7, is_behind: true };
        assert_eq!(
            read(&ServerMessage::Subscribed { sequence: 7, workspaces: &[at] }),
            json!({"type": "subscribed", "sequence": 7, "workspaces": [{"id": id, "sequence": 7}]})
        );
        assert_eq!(read(&ServerMessage::ResyncRequired), json!({"type": "resync_required"}));
        assert_eq!(
            read(&ServerMessage::Event { sequence: 8, event: &json!({"a": 1}) }),
            json!({"type": "event", "sequence": 8, "event": {"a": 1}})
        );
        assert_eq!(
            read(&ServerMessage::Renewed { expires_at: DateTime::UNIX_EPOCH }),
            json!({"type": "renewed", "expires_at": "1970-01-01T00:00:00Z"})
        );
        assert_eq!(read(&ServerMessage::Pong), json!({"type": "pong"}));
        assert_eq!(read(&ServerMessage::Error { code: "x" }), json!({"type": "error", "code": "x"}));
    }
}
