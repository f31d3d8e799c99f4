//! Topic `reminders`: what becomes of reminders, and what people are told.
//!
//! These events have no number: they are told beside the others, and a redelivered one is recognised by its id.

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use events::{EventType, Received};
use platform::dapr::subscribe::Outcome;

use super::delivery;
use crate::actions::tell_event::tell;
use crate::app::App;
use crate::hub::Audience;

/// Takes a delivery.
pub(crate) async fn receive(State(app): State<App>, body: Result<Bytes, BytesRejection>) -> Outcome {
    let (event, payload) = match delivery::read(&app, body) {
        Ok(Received::Known { event, payload, .. }) => (event, payload),
        Ok(Received::Unknown { event_type, event_id, .. }) => {
            // Whom it is for is not known either.
            tracing::debug!(event_type, %event_id, "an event of an unknown type is passed over");
            return Outcome::Success;
        }
        Err(outcome) => return outcome,
    };
    let audience = match event.event_type {
        EventType::NotificationCreated => Audience::User(&event.user_id),
        EventType::ReminderScheduled
        | EventType::ReminderCancelled
        | EventType::ReminderSent
        | EventType::ReminderFailed => Audience::Workspace(event.organization_id),
        event_type => {
            tracing::warn!(%event_type, event_id = %event.event_id, "an event of another topic is passed over");
            return Outcome::Success;
        }
    };
    tell(&app, audience, event.event_id, &payload);
    Outcome::Success
}
