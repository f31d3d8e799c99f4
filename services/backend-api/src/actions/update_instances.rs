//! Changes the tasks of a series together; recurring-task-service keeps what those to come will be like.

use chrono::{DateTime, Utc};
use platform::problem::Problem;
use uuid::Uuid;

use super::create_task::{check_assignee, check_reminders, refused};
use super::edit;
use super::tell_update::tell_update;
use super::update_task::repeat;
use crate::domain::actor::Actor;
use crate::domain::recurrence::first_due;
use crate::domain::series_scope::SeriesScope;
use crate::domain::task::{Task, TaskPatch};
use crate::store::change::Change;
use crate::store::tasks;

/// Stores what the patch changes of the tasks that `scope` says, in one transaction, and tells it of each. What a task has already
/// tells nothing.
///
/// # Errors
/// As [`check_instances`].
pub async fn update_instances(
    change: &mut Change,
    actor: &Actor,
    series_id: Uuid,
    scope: SeriesScope,
    patch: TaskPatch,
) -> Result<(), Problem> {
    let instances = checked(change, actor, series_id, scope, &patch).await?;
    save_all(change, actor, scope, instances, &patch).await
}

/// Goes on when [`update_instances`] would: asked before anything is changed elsewhere.
///
/// # Errors
/// 409 when `scope` is the open task alone, and none is open. 422 when the assignee is not a member, or a new reminder of a task
/// that is still to come is past or too far ahead, or a new recurrence never comes.
pub async fn check_instances(
    change: &Change,
    actor: &Actor,
    series_id: Uuid,
    scope: SeriesScope,
    patch: &TaskPatch,
) -> Result<(), Problem> {
    checked(change, actor, series_id, scope, patch).await.map(|_| ())
}

/// The open tasks of a series do not repeat any more.
///
/// # Errors
/// When the database refuses.
pub async fn stop_instances(change: &mut Change, actor: &Actor, series_id: Uuid) -> Result<(), Problem> {
    let (scope, once_only) = (SeriesScope::Following, TaskPatch { recurrence: Some(None), ..TaskPatch::default() });
    update_instances(change, actor, series_id, scope, once_only).await
}

/// The tasks that the patch is for, the latest first, when it may be applied to them.
async fn checked(
    change: &Change,
    actor: &Actor,
    series_id: Uuid,
    scope: SeriesScope,
    patch: &TaskPatch,
) -> Result<Vec<Task>, Problem> {
    let with_done = scope == SeriesScope::All;
    let found = tasks::find_of_series_for_update(change.transaction(), &actor.user_id, series_id, with_done);
    let mut instances = found.await?;
    if scope == SeriesScope::This {
        instances.truncate(1);
        if instances.is_empty() {
            let detail = "No task of the series is open. Wait for the next one, or change those that follow.";
            return Err(Problem::conflict("occurrence_over", detail));
        }
    }
    let workspace_id = instances.first().map_or(actor.workspace_id, |task| task.workspace_id);
    if let Some(assignee) = &patch.assignee {
        check_assignee(change, workspace_id, assignee.as_deref()).await?;
    }
    let now = change.clock().now();
    if let Some(open) = latest_open(&instances) {
        check_reminders_of(change, scope, open, patch)?;
        repeat(open, &mut changed(open, patch.clone(), now), now)?;
    } else if let Some(Some(rule)) = &patch.recurrence {
        let timezone = patch.timezone.unwrap_or(actor.timezone);
        let due = first_due(rule, timezone, patch.due_date.flatten(), now);
        due.map_err(|invalid| refused(invalid.within("/recurrence")))?;
    }
    Ok(instances)
}

fn latest_open(instances: &[Task]) -> Option<&Task> {
    instances.iter().find(|task| !task.progress.status().is_done())
}

/// As a task's are checked. Where a task is overdue, the new reminders of its series are meant for those to come.
fn check_reminders_of(change: &Change, scope: SeriesScope, task: &Task, patch: &TaskPatch) -> Result<(), Problem> {
    let Some(reminders) = &patch.reminders else { return Ok(()) };
    let (now, due_date) = (change.clock().now(), patch.due_date.unwrap_or(task.due_date));
    if scope != SeriesScope::This && due_date.is_none_or(|due| due < now) {
        return Ok(());
    }
    check_reminders(reminders, &task.reminders, due_date, now)
}

fn changed(task: &Task, patch: TaskPatch, now: DateTime<Utc>) -> Task {
    let mut after = task.clone();
    after.apply(patch, task.progress.status(), now);
    after
}

async fn save_all(
    change: &mut Change,
    actor: &Actor,
    scope: SeriesScope,
    instances: Vec<Task>,
    patch: &TaskPatch,
) -> Result<(), Problem> {
    let latest = latest_open(&instances).map(|task| task.id);
    for before in instances {
        let (is_latest, now) = (latest == Some(before.id), change.clock().now());
        let part = SeriesScope::part_for(&before, is_latest, patch.clone());
        let mut after = changed(&before, part, now);
        if is_latest {
            repeat(&before, &mut after, now)?;
        }
        if after != before {
            edit::save(change, &mut after).await?;
            tell_update(change, actor, scope, &before, &after);
        }
    }
    Ok(())
}
