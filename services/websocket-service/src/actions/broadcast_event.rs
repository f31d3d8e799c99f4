//! Sending an event to everybody who follows its workspace.

use serde_json::Value;
use uuid::Uuid;

use super::pushed;
use crate::app::App;
use crate::hub::LiveEvent;

/// Queues the event, as it was published (`payload`), at the sockets of its workspace's members. An event that a socket has
/// had already is not sent to it again.
pub(crate) fn broadcast(app: &App, workspace: Uuid, sequence: i64, payload: &Value) {
    app.hub.broadcast(LiveEvent { workspace, sequence, text: pushed::text(sequence, payload) });
}
