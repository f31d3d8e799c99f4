//! Sending an event to everybody who follows its workspace.

use serde_json::Value;
use uuid::Uuid;

use crate::app::App;
use crate::domain::server_message::ServerMessage;
use crate::hub::LiveEvent;

/// Queues the event, as it was published (`payload`), at the sockets of its workspace's members. It is serialised once
/// for all of them. An event that a socket has had already is not sent to it again.
pub(crate) fn broadcast(app: &App, workspace: Uuid, sequence: i64, payload: &Value) {
    let message = ServerMessage::Event { sequence, event: payload };
    app.hub.broadcast(LiveEvent { workspace, sequence, text: message.to_text().into() });
}
