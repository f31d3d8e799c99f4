//! Applies a merge patch to a task.

use chrono::{DateTime, Utc};
use platform::problem::{FieldError, Problem};
use uuid::Uuid;

use super::create_task::{check_assignee, check_reminders, refused};
use super::edit;
use super::tell_update::tell_update;
use crate::domain::actor::Actor;
use crate::domain::precondition::Precondition;
use crate::domain::series_scope::SeriesScope;
use crate::domain::status::Status;
use crate::domain::task::{Task, TaskPatch};
use crate::store::change::Change;

/// Stores what the patch changes and tells `task.updated`, followed by the specific events. A patch that changes nothing
/// leaves the version as it is and tells nothing.
///
/// # Errors
/// 404, 412, and 422 when status and completed disagree, the assignee is not a member, a new reminder is past or too far ahead, or
/// a new recurrence never comes.
pub async fn update_task(
    change: &mut Change,
    actor: &Actor,
    id: Uuid,
    expected: &Precondition,
    patch: TaskPatch,
) -> Result<Task, Problem> {
    let before = edit::lock(change, actor, id, expected).await?;
    if let Some(assignee) = &patch.assignee {
        check_assignee(change, before.workspace_id, assignee.as_deref()).await?;
    }
    if let Some(reminders) = &patch.reminders {
        let due_date = patch.due_date.unwrap_or(before.due_date);
        check_reminders(reminders, &before.reminders, due_date, change.clock().now())?;
    }
    let status = Status::agree(before.progress.status(), patch.status, patch.completed)
        .map_err(|invalid| Problem::validation(vec![FieldError::new("/completed", invalid.code, invalid.detail)]))?;
    let mut after = before.clone();
    after.apply(patch, status, change.clock().now());
    edit::leave_series_that_is_over(change, actor, &before, &mut after).await?;
    repeat(&before, &mut after, change.clock().now())?;
    if after == before {
        return Ok(before);
    }
    edit::save(change, &mut after).await?;
    tell_update(change, actor, SeriesScope::Following, &before, &after);
    Ok(after)
}

/// A new recurrence begins a series, if the task is not of one; and what repeats is due.
///
/// # Errors
/// 422 when the new recurrence never comes.
pub(super) fn repeat(before: &Task, after: &mut Task, now: DateTime<Utc>) -> Result<(), Problem> {
    let undated = before.due_date.is_some() && after.due_date.is_none();
    if after.recurrence != before.recurrence || undated { after.begin_series(now).map_err(refused) } else { Ok(()) }
}
