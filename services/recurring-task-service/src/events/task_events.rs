//! Topic `task-events`: series follow their tasks.

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use events::{Source, Topic};
use platform::dapr::consumer::Delivery;
use platform::dapr::subscribe::Outcome;
use sea_orm::DbErr;

use crate::actions::follow_task::follow_task;
use crate::app::App;
use crate::domain::follow::News;
use crate::domain::task::Task;

/// Takes a delivery.
pub(crate) async fn receive(State(app): State<App>, body: Result<Bytes, BytesRejection>) -> Outcome {
    app.consumer.receive(Topic::TaskEvents, body, async |delivery| act(&app, delivery).await).await
}

async fn act(app: &App, Delivery { event, traceparent: trace }: Delivery) -> Result<(), DbErr> {
    // What this service asked for itself is no news.
    if !event.event_type.is_of_whole_task() || event.metadata.source == Source::Recurring {
        return Ok(());
    }
    let Some(task) = event.task_data.as_ref().and_then(Task::of) else { return Ok(()) };
    let is_for_this_alone = event.metadata.is_for_this_alone();
    // A task that repeats from now on was none of a series before; what it was like is compared all the same.
    let before = event.previous_data.as_ref().map(Task::whole);
    follow_task(app, &News { task, before, is_for_this_alone, sequence: event.sequence, at: event.timestamp, trace })
        .await
}
