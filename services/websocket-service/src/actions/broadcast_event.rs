//! Sending an event to everybody who follows its workspace.

use axum::extract::ws::Utf8Bytes;
use bytes::Bytes;
use platform::trace::SPANS;
use serde_json::Value;
use tracing::Span;
use uuid::Uuid;

use crate::APP_ID;
use crate::app::App;
use crate::domain::server_message::ServerMessage;
use crate::hub::LiveEvent;

/// Queues the event, as it was published (`payload`), at the sockets of its workspace's members. It is serialised once
/// for all of them. An event that a socket has had already is not sent to it again.
pub(crate) fn broadcast(app: &App, workspace: Uuid, sequence: i64, payload: &Value) {
    let message = ServerMessage::Event { sequence, event: payload };
    let span = tracing::debug_span!(target: SPANS, "push", service = APP_ID, sequence);
    app.hub.broadcast(LiveEvent { workspace, sequence, text: pushed(message.to_text(), span) });
}

/// The text, which keeps the span open until the last socket has written it.
fn pushed(text: String, span: Span) -> Utf8Bytes {
    if span.is_disabled() {
        return text.into();
    }
    // It was text before, so it is now.
    Utf8Bytes::try_from(Bytes::from_owner(Pushed { text, _span: span })).unwrap_or_else(|_| Utf8Bytes::from_static(""))
}

struct Pushed {
    text: String,
    _span: Span,
}

impl AsRef<[u8]> for Pushed {
    fn as_ref(&self) -> &[u8] {
        self.text.as_bytes()
    }
}
