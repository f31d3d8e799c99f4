//! What every delivery has: a body, which is an event or is given up.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use events::{Event, Received};
use platform::dapr::subscribe::{MAX_DELIVERY, Outcome};

use crate::app::App;

/// Reads a delivery and counts it. What cannot be read is not an event: the outcome says what the sidecar is to do with it.
pub(super) fn read(app: &App, body: Result<Bytes, BytesRejection>) -> Result<Received, Outcome> {
    let body = body.map_err(|rejection| unread(app, &rejection))?;
    let received = Event::from_cloud_event(&body).map_err(|malformed| {
        app.metrics.events_malformed.inc();
        tracing::warn!(%malformed, "a delivery breaks the contract and goes to the dead-letter topic");
        Outcome::Drop
    })?;
    match &received {
        Received::Known { .. } => app.metrics.events_received.inc(),
        Received::Unknown { .. } => app.metrics.events_unknown.inc(),
    };
    Ok(received)
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
