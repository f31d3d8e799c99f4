//! Topic `user-activities`: who moves to another time zone, takes their series along.

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use chrono_tz::Tz;
use events::{Event, EventData, EventType, Topic};
use platform::dapr::subscribe::Outcome;
use sea_orm::DbErr;

use super::delivery;
use crate::actions::move_zone::move_zone;
use crate::app::App;

/// Takes a delivery.
pub(crate) async fn receive(State(app): State<App>, body: Result<Bytes, BytesRejection>) -> Outcome {
    delivery::receive(&app, Topic::UserActivities, body, act).await
}

async fn act(app: &App, event: Event, _trace: Option<String>) -> Result<(), DbErr> {
    let (EventType::UserUpdated, Some(EventData::User(user))) = (event.event_type, &event.data) else { return Ok(()) };
    let zone = |name: &str| name.parse::<Tz>().ok();
    let (from, to) = (user.previous_timezone.as_deref().and_then(zone), zone(&user.timezone));
    match (from, to) {
        (Some(from), Some(to)) if from != to => move_zone(app, &user.id, from, to, event.sequence).await,
        _ => Ok(()),
    }
}
