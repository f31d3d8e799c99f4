//! Topic `task-updates`: everything that happens in workspaces, for open screens.
//!
//! There is no inbox: a redelivered event is recognised by its sequence, socket by socket.

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use events::{Event, Received};
use platform::dapr::subscribe::Outcome;

use crate::actions::broadcast_event;
use crate::app::App;

/// The largest delivery, in bytes: what daprd passes on by default.
pub(crate) const MAX_DELIVERY: usize = 4 * 1024 * 1024;

/// Takes a delivery.
pub(crate) async fn receive(State(app): State<App>, body: Result<Bytes, BytesRejection>) -> Outcome {
    let body = match body {
        Ok(body) => body,
        Err(rejection) => return unread(&app, &rejection),
    };
    match Event::from_cloud_event(&body) {
        Ok(Received::Known { event, payload, .. }) => {
            app.metrics.events_received.inc();
            broadcast_event::broadcast(&app, event.organization_id, event.sequence, &payload);
            Outcome::Success
        }
        Ok(Received::Unknown { event_type, event_id, organization_id, sequence, payload, .. }) => {
            app.metrics.events_unknown.inc();
            tracing::debug!(event_type, %event_id, "an event of an unknown type is passed on");
            // Its number is one of the workspace's: a socket without it would have a gap.
            broadcast_event::broadcast(&app, organization_id, sequence, &payload);
            Outcome::Success
        }
        Err(malformed) => {
            app.metrics.events_malformed.inc();
            tracing::warn!(%malformed, "a delivery breaks the contract and goes to the dead-letter topic");
            Outcome::Drop
        }
    }
}

/// A body that is too large is so every time; one that broke off may come whole the next time.
fn unread(app: &App, rejection: &BytesRejection) -> Outcome {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        app.metrics.events_malformed.inc();
        tracing::warn!(limit = MAX_DELIVERY, "a delivery is too large and goes to the dead-letter topic");
        Outcome::Drop
    } else {
        tracing::warn!(error = rejection.body_text(), "a delivery broke off");
        Outcome::Retry
    }
}
