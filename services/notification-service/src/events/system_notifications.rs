//! Topic `system-notifications`: those who run the system are told what went wrong with it.

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use events::{EventData, Topic};
use platform::dapr::consumer::Delivery;
use platform::dapr::subscribe::Outcome;
use sea_orm::DbErr;

use crate::app::App;
use crate::domain::message::Kind;
use crate::store::notices::{self, Notice};

/// Takes a delivery.
pub(crate) async fn receive(State(app): State<App>, body: Result<Bytes, BytesRejection>) -> Outcome {
    app.consumer.receive(Topic::SystemNotifications, body, async |delivery| act(&app, delivery).await).await
}

async fn act(app: &App, Delivery { event, .. }: Delivery) -> Result<(), DbErr> {
    let Some(EventData::Outage(outage)) = &event.data else { return Ok(()) };
    if app.operators.is_empty() {
        return Ok(());
    }
    let notice = Notice {
        id: event.event_id,
        kind: Kind::System,
        task_id: None,
        workspace_id: event.organization_id,
        actor: event.user_id.clone(),
        recipients: Some(app.operators.to_vec()),
        title: format!(
            "{}: {} failed for {} s",
            outage.service,
            outage.activity,
            (outage.until - outage.since).num_seconds()
        ),
        body: format!(
            "From {} to {}, {} attempts. Nothing was lost. The last error: {}",
            outage.since, outage.until, outage.failures, outage.error
        ),
        happened_at: event.timestamp,
    };
    notices::store(&app.db, &notice).await?;
    app.bells.due.ring();
    Ok(())
}
