//! What every change of an existing task has in common: the lock, the expected version, the next version, the save.

use axum::http::{HeaderValue, StatusCode, header};
use chrono::{DateTime, Utc};
use events::{EventDraft, EventType, Source};
use platform::problem::Problem;
use serde_json::json;
use uuid::Uuid;

use crate::domain::actor::Actor;
use crate::domain::precondition::Precondition;
use crate::domain::task::Task;
use crate::store::change::Change;
use crate::store::reply::etag;
use crate::store::tasks;

/// Alters a task by one verb and tells its event. An alteration that changes nothing leaves the version as it is and
/// tells nothing.
///
/// # Errors
/// 404, 412.
pub(super) async fn apply(
    change: &mut Change,
    actor: &Actor,
    id: Uuid,
    expected: &Precondition,
    event_type: EventType,
    verb: impl FnOnce(&mut Task, DateTime<Utc>),
) -> Result<Task, Problem> {
    let before = lock(change, actor, id, expected).await?;
    let mut after = before.clone();
    verb(&mut after, change.clock().now());
    leave_series_that_is_over(change, actor, &before, &mut after).await?;
    if after != before {
        save(change, &mut after).await?;
        let (before, now) = (before.event_data(), after.event_data());
        change.emit(EventDraft::task_changed(event_type, &actor.user_id, before, now, Source::RestApi));
    }
    Ok(after)
}

/// The task, locked for this change.
///
/// # Errors
/// 404 when it is not there or not the actor's to see; 412 when it is not the version that was expected.
pub(super) async fn lock(change: &Change, actor: &Actor, id: Uuid, expected: &Precondition) -> Result<Task, Problem> {
    let task = tasks::find_for_update(change.transaction(), &actor.user_id, id).await?;
    let task = task.ok_or_else(|| Problem::not_found("task"))?;
    expect(&task, expected)?;
    Ok(task)
}

/// Goes on when the task is the version that was expected.
///
/// # Errors
/// 412 with the task as it is.
pub(super) fn expect(task: &Task, expected: &Precondition) -> Result<(), Problem> {
    if expected.allows(task.version) {
        return Ok(());
    }
    Err(Problem::new(StatusCode::PRECONDITION_FAILED, "version_stale", "The task has changed")
        .detail(format!("It is at version {} now; look at current and decide again.", task.version))
        .header(header::ETAG, HeaderValue::from_str(&etag(task.version)).unwrap_or(HeaderValue::from_static("")))
        .extension("current", json!(task)))
}

/// A task that was done kept the recurrence that it had. Opened again, it does not repeat if its series is over.
///
/// # Errors
/// When the database is away.
pub(super) async fn leave_series_that_is_over(
    change: &Change,
    actor: &Actor,
    before: &Task,
    after: &mut Task,
) -> Result<(), Problem> {
    let is_reopened = before.progress.status().is_done() && !after.progress.status().is_done();
    let Some(series_id) = after.recurrence_id.filter(|_| is_reopened && after.recurrence == before.recurrence) else {
        return Ok(());
    };
    if after.recurrence.is_some() && tasks::is_series_over(change.transaction(), &actor.user_id, series_id).await? {
        after.recurrence = None;
    }
    Ok(())
}

/// Stores a task that this change altered, as the next version.
///
/// # Errors
/// When the database refuses.
pub(super) async fn save(change: &Change, task: &mut Task) -> Result<(), Problem> {
    task.version += 1;
    task.updated_at = change.clock().now().max(task.updated_at);
    Ok(tasks::update(change.transaction(), task).await?)
}
