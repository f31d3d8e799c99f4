//! The text of an event on its way to sockets.

use axum::extract::ws::Utf8Bytes;
use bytes::Bytes;
use platform::trace::SPANS;
use serde_json::Value;
use tracing::Span;

use crate::APP_ID;
use crate::domain::server_message::ServerMessage;

/// The message with the event `payload`, serialised once for all sockets. It keeps the span `push` open until the last of them has written it.
pub(super) fn text(sequence: i64, payload: &Value) -> Utf8Bytes {
    let text = ServerMessage::Event { sequence, event: payload }.to_text();
    let span = tracing::debug_span!(target: SPANS, "push", service = APP_ID, sequence);
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
