//! Topic `task-events`: series follow their tasks.

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use events::{Event, EventType, Source, Topic};
use platform::dapr::subscribe::Outcome;
use sea_orm::DbErr;

use super::delivery;
use crate::actions::follow_task::follow_task;
use crate::app::App;
use crate::domain::follow::News;
use crate::domain::task::Task;

/// Takes a delivery.
pub(crate) async fn receive(State(app): State<App>, body: Result<Bytes, BytesRejection>) -> Outcome {
    delivery::receive(&app, Topic::TaskEvents, body, act).await
}

async fn act(app: &App, event: Event, trace: Option<String>) -> Result<(), DbErr> {
    // What this service asked for itself is no news.
    if !tells_the_whole_task(event.event_type) || event.metadata.source == Source::Recurring {
        return Ok(());
    }
    let Some(task) = event.task_data.as_ref().and_then(Task::of) else { return Ok(()) };
    let is_for_this_alone = event.metadata.is_for_this_alone();
    // A task that repeats from now on was none of a series before; what it was like is compared all the same.
    let before = event.previous_data.as_ref().map(Task::whole);
    follow_task(app, &News { task, before, is_for_this_alone, sequence: event.sequence, trace }).await
}

/// The events about one field follow one about the whole task, and say nothing new of it.
const fn tells_the_whole_task(event_type: EventType) -> bool {
    use EventType::{TaskArchived, TaskCompleted, TaskCreated, TaskDeleted, TaskReopened, TaskRestored, TaskUpdated};
    matches!(
        event_type,
        TaskCreated | TaskUpdated | TaskCompleted | TaskReopened | TaskDeleted | TaskArchived | TaskRestored
    )
}
