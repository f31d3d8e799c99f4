//! Topic `task-events`: reminders follow their tasks, and people are told what others did.

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use events::{Event, EventType, Source, Topic};
use platform::dapr::consumer::Delivery;
use platform::dapr::subscribe::Outcome;
use sea_orm::DbErr;

use crate::actions::follow_task::follow_task;
use crate::app::App;
use crate::domain::message::Kind;
use crate::domain::task::Task;
use crate::store::notices::{self, Notice};

/// Takes a delivery.
pub(crate) async fn receive(State(app): State<App>, body: Result<Bytes, BytesRejection>) -> Outcome {
    app.consumer.receive(Topic::TaskEvents, body, async |delivery| act(&app, delivery).await).await
}

async fn act(app: &App, Delivery { event, .. }: Delivery) -> Result<(), DbErr> {
    let Some(data) = &event.task_data else { return Ok(()) };
    // A task that is new without reminders has none.
    let is_bare = event.event_type == EventType::TaskCreated && data.reminders.is_empty();
    if event.event_type.is_of_whole_task() && !is_bare {
        follow_task(app, &Task::of(data), event.sequence, event.timestamp).await?;
    }
    if let Some(notice) = notice(&event) {
        notices::store(&app.db, &notice).await?;
        app.bells.due.ring();
    }
    Ok(())
}

/// What others than the one who did it are told, if there are any.
fn notice(event: &Event) -> Option<Notice> {
    let task = event.task_data.as_ref()?;
    let of = |kind, title: String, recipients| Notice {
        id: event.event_id,
        kind,
        task_id: Some(task.id),
        workspace_id: event.organization_id,
        actor: event.user_id.clone(),
        recipients,
        title,
        body: String::new(),
        happened_at: event.timestamp,
    };
    match event.event_type {
        EventType::TaskCompleted => {
            let concerned = [Some(&task.user_id), Some(&task.reporter), task.assignee.as_ref()];
            let others = concerned.into_iter().flatten().any(|person| *person != event.user_id);
            others.then(|| of(Kind::TaskCompleted, format!("Completed: {}", task.title), None))
        }
        // Whoever does a task that repeats was told so with its first; each of the others is no news.
        EventType::TaskCreated if event.metadata.source == Source::Recurring => None,
        EventType::TaskAssigned | EventType::TaskCreated => {
            let assignee = task.assignee.clone().filter(|assignee| *assignee != event.user_id)?;
            Some(of(Kind::TaskAssigned, format!("Assigned to you: {}", task.title), Some(vec![assignee])))
        }
        _ => None,
    }
}
