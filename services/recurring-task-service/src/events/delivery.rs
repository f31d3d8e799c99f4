//! A delivery of any topic: read, acted on, and answered as Dapr expects it.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use events::{Event, Received, Topic};
use platform::dapr::subscribe::{MAX_DELIVERY, Outcome};
use platform::database::refuses_data;
use sea_orm::DbErr;

use crate::app::App;

/// Acts on the event, which belongs to a trace, and says what the sidecar is to do with the message.
pub(super) async fn receive(
    app: &App,
    topic: Topic,
    body: Result<Bytes, BytesRejection>,
    act: impl AsyncFnOnce(&App, Event, Option<String>) -> Result<(), DbErr>,
) -> Outcome {
    let body = match body {
        Ok(body) => body,
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            return refuse(app, topic, &format!("is larger than {MAX_DELIVERY} bytes"));
        }
        Err(rejection) => {
            tracing::warn!(%topic, error = rejection.body_text(), "a delivery broke off");
            return Outcome::Retry;
        }
    };
    let (event, trace) = match Event::from_cloud_event(&body) {
        Ok(Received::Known { event, traceparent, .. }) => (*event, traceparent),
        Ok(Received::Unknown { event_type, event_id, .. }) => {
            app.counters.unknown.inc();
            tracing::info!(%topic, %event_id, ?event_type, "an event of an unknown type was passed over");
            return Outcome::Success;
        }
        Err(malformed) => return refuse(app, topic, &malformed),
    };
    let (event_id, event_type) = (event.event_id, event.event_type);
    match act(app, event, trace).await {
        Ok(()) => {
            app.counters.received.inc();
            Outcome::Success
        }
        Err(error) if refuses_data(&error) => refuse(app, topic, &error),
        Err(error) => {
            tracing::warn!(%topic, %event_id, %event_type, %error, "an event could not be acted on; it is to be delivered again");
            Outcome::Retry
        }
    }
}

/// The message goes to the dead-letter topic: delivering it again would not help.
fn refuse(app: &App, topic: Topic, reason: &dyn std::fmt::Display) -> Outcome {
    app.counters.malformed.inc();
    tracing::warn!(%topic, %reason, dead_letter = topic.dead_letter(), "a message cannot be acted on");
    Outcome::Drop
}
