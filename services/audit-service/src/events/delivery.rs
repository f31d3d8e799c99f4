//! One delivery of any topic: the event becomes an entry, whichever topic it came by.

use std::fmt;

use axum::body::Body;
use axum::extract::State;
use events::{Event, Received, Topic};
use platform::dapr::subscribe::Outcome;
use platform::database::refuses_data;
use sea_orm::DbErr;
use serde_json::Value;

use super::body::{Message, read};
use crate::app::App;
use crate::domain::dead_letter::MAX_MESSAGE;
use crate::domain::entry::{Entry, Recorded};
use crate::domain::origin::Origin;

/// `POST /events/<topic>`: records the event and says what the sidecar is to do with the message.
pub(crate) async fn receive(topic: Topic, State(app): State<App>, body: Body) -> Outcome {
    let bytes = match read(body, MAX_MESSAGE).await {
        Ok(Message::Whole(bytes)) => bytes,
        Ok(Message::Cut(_)) => {
            return refuse(&app, Origin::Events(topic), None, &format!("is larger than {MAX_MESSAGE} bytes"));
        }
        Err(error) => {
            tracing::warn!(%topic, %error, "a delivery broke off");
            return Outcome::Retry;
        }
    };
    match Event::from_cloud_event(&bytes) {
        Ok(Received::Known { event, payload, .. }) => record(&app, topic, *event, payload).await,
        Ok(Received::Unknown { event_type, event_id, .. }) => {
            app.counters.unknown.inc();
            tracing::info!(%topic, %event_id, ?event_type, "an event of an unknown type was passed over");
            Outcome::Success
        }
        Err(malformed) => refuse(&app, Origin::Events(topic), claimed_id(&bytes).as_deref(), &malformed),
    }
}

async fn record(app: &App, topic: Topic, event: Event, payload: Value) -> Outcome {
    let (event_id, event_type) = (event.event_id, event.event_type);
    match app.recorder.store(Entry::of(event, payload)).await {
        Ok(Recorded::Now) => {
            app.counters.recorded.inc();
            tracing::debug!(%topic, %event_id, %event_type, "recorded");
        }
        Ok(Recorded::Before) => {
            app.counters.duplicate.inc();
            tracing::debug!(%topic, %event_id, %event_type, "recorded before");
        }
        Ok(Recorded::Otherwise) => {
            app.counters.conflicting.inc();
            tracing::warn!(%topic, %event_id, %event_type, "another event was recorded under this id and stays");
        }
        Err(error) if refuses_data(&error) => {
            return refuse(app, Origin::Events(topic), Some(&event_id.to_string()), &error);
        }
        Err(error) => return defer(Origin::Events(topic), &event_id, &error),
    }
    Outcome::Success
}

pub(super) fn defer(origin: Origin, event_id: &dyn fmt::Display, error: &DbErr) -> Outcome {
    tracing::warn!(topic = %origin, %event_id, %error, "the database did not take an event; it is to be delivered again");
    Outcome::Retry
}

/// The message goes to the dead-letter topic: delivering it again would not help.
pub(super) fn refuse(app: &App, origin: Origin, event_id: Option<&str>, reason: &dyn fmt::Display) -> Outcome {
    app.counters.malformed.inc();
    tracing::warn!(topic = %origin, event_id, %reason, dead_letter = origin.dead_letter(), "a message cannot be recorded");
    Outcome::Drop
}

/// The id that a message gives itself, malformed as it is, for the log.
fn claimed_id(bytes: &[u8]) -> Option<String> {
    let message: Value = serde_json::from_slice(bytes).ok()?;
    let id = message.pointer("/data/event_id").or_else(|| message.get("id"))?.as_str()?;
    Some(id.chars().filter(|character| !character.is_control()).take(64).collect())
}
