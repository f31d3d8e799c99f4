//! Telling an event that has no number of its workspace.

use serde_json::Value;
use uuid::Uuid;

use super::pushed;
use crate::app::App;
use crate::hub::Audience;

/// The place of what has none.
const NO_NUMBER: i64 = 0;

/// Queues the event, as it was published (`payload`), at the open sockets of whom it is for. It is not kept for others, who
/// read it where it is kept; one that was told a short while ago is not told again.
pub(crate) fn tell(app: &App, audience: Audience<'_>, event_id: Uuid, payload: &Value) {
    app.hub.tell(audience, event_id, &pushed::text(NO_NUMBER, payload));
}
