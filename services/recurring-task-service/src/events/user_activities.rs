//! Topic `user-activities`: who moves to another time zone, takes their series along.

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use chrono_tz::Tz;
use events::{EventData, EventType, Topic};
use platform::dapr::consumer::Delivery;
use platform::dapr::subscribe::Outcome;
use sea_orm::DbErr;

use crate::actions::move_zone::move_zone;
use crate::app::App;

/// Takes a delivery.
pub(crate) async fn receive(State(app): State<App>, body: Result<Bytes, BytesRejection>) -> Outcome {
    app.consumer.receive(Topic::UserActivities, body, async |delivery| act(&app, delivery).await).await
}

async fn act(app: &App, Delivery { event, .. }: Delivery) -> Result<(), DbErr> {
    let (EventType::UserUpdated, Some(EventData::User(user))) = (event.event_type, &event.data) else { return Ok(()) };
    let zone = |name: &str| name.parse::<Tz>().ok();
    let (from, to) = (user.previous_timezone.as_deref().and_then(zone), zone(&user.timezone));
    match (from, to) {
        (Some(from), Some(to)) if from != to => move_zone(app, &user.id, from, to, event.sequence).await,
        _ => Ok(()),
    }
}
