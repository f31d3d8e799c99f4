//! Topic `task-updates`: everything that happens in workspaces, for open screens.
//!
//! There is no inbox: a redelivered event is recognised by its sequence, socket by socket.

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use events::Received;
use platform::dapr::subscribe::Outcome;

use super::delivery;
use crate::actions::broadcast_event::broadcast;
use crate::app::App;

/// Takes a delivery.
pub(crate) async fn receive(State(app): State<App>, body: Result<Bytes, BytesRejection>) -> Outcome {
    match delivery::read(&app, body) {
        Ok(Received::Known { event, payload, .. }) => {
            broadcast(&app, event.organization_id, event.sequence, &payload);
        }
        Ok(Received::Unknown { event_type, event_id, organization_id, sequence, payload, .. }) => {
            tracing::debug!(event_type, %event_id, "an event of an unknown type is passed on");
            // Its number is one of the workspace's: a socket without it would have a gap.
            broadcast(&app, organization_id, sequence, &payload);
        }
        Err(outcome) => return outcome,
    }
    Outcome::Success
}
