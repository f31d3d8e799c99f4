//! Changes the tasks of a series together; recurring-task-service keeps what those to come will be like.

use chrono::{DateTime, Utc};
use platform::problem::Problem;
use platform::trace::TraceContext;
use uuid::Uuid;

use super::create_task::{check_assignee, check_reminders, refused};
use super::edit;
use super::tell_update::{tell_update, tell_updated};
use super::update_task::repeat;
use crate::domain::actor::Actor;
use crate::domain::recurrence::first_due;
use crate::domain::reminder::Reminder;
use crate::domain::series_scope::SeriesScope;
use crate::domain::task::{Task, TaskPatch};
use crate::store::change::{Change, Changes};
use crate::store::isolation::Acting;
use crate::store::tasks::{self, Instances};

/// How many tasks that are done are changed in one transaction: what it tells is held in memory until it ends.
const TOGETHER: usize = 20;

/// What is to be otherwise, and of which tasks.
#[derive(Clone, Debug)]
pub struct SeriesPatch {
    /// The series.
    pub series_id: Uuid,
    /// Its workspace.
    pub workspace_id: Uuid,
    /// The latest of its tasks, as recurring-task-service has it; perhaps it is yet to be made.
    pub latest: Option<Uuid>,
    /// Which of its tasks are meant.
    pub scope: SeriesScope,
    /// The patch of each.
    pub patch: TaskPatch,
}

impl SeriesPatch {
    fn ends_series(&self) -> bool {
        matches!(self.patch.recurrence, Some(None))
    }

    /// Whether it is also for tasks that are done.
    fn is_for_done(&self) -> bool {
        self.scope == SeriesScope::All || self.ends_series()
    }
}

/// Stores what the patch changes of the tasks that its scope says, and tells it of each. What a task has already tells nothing, so what
/// failed half way is finished by doing it again.
///
/// # Errors
/// 409 and 422 as [`check_instances`].
pub async fn update_instances(
    changes: &Changes,
    actor: &Actor,
    trace: Option<&TraceContext>,
    mut wanted: SeriesPatch,
) -> Result<(), Problem> {
    let Instances { mut open, done } = list(changes, actor, &wanted).await?;
    if wanted.scope == SeriesScope::This {
        open.truncate(1);
        wanted.latest = Some(*open.first().ok_or_else(occurrence_over)?);
    }
    // A task that is open tells up to a hundred events, and whoever changes many of them is not to hold all in memory.
    for ids in open.chunks(1).chain(done.chunks(TOGETHER)) {
        let mut change = changes.begin(Acting::User(&actor.user_id), trace.cloned()).await?;
        update_some(&mut change, actor, &wanted, ids).await?;
        change.commit().await?;
    }
    Ok(())
}

/// Goes on when [`update_instances`] would: asked before anything is changed elsewhere.
///
/// # Errors
/// 409 when the scope is the open task alone, and none is open. 422 when the assignee is not a member, or a new reminder of a task
/// that is still to come is past or too far ahead, or a new recurrence never comes.
pub async fn check_instances(change: &Change, actor: &Actor, wanted: &SeriesPatch) -> Result<(), Problem> {
    let SeriesPatch { series_id, workspace_id, scope, patch, .. } = wanted;
    let open = tasks::find_latest_open_of_series(change.transaction(), &actor.user_id, *series_id).await?;
    if *scope == SeriesScope::This && open.is_none() {
        return Err(occurrence_over());
    }
    if let Some(assignee) = &patch.assignee {
        check_assignee(change, *workspace_id, assignee.as_deref()).await?;
    }
    let now = change.clock().now();
    if let Some(open) = open {
        check_reminders_of(change, *scope, &open, patch)?;
        repeat(&open, &mut changed(&open, patch.clone(), now), now)?;
        return Ok(());
    }
    check_distances(patch.reminders.as_deref().unwrap_or_default(), patch.due_date.flatten(), now)?;
    if let Some(Some(rule)) = &patch.recurrence {
        let timezone = patch.timezone.unwrap_or(actor.timezone);
        let due = first_due(rule, timezone, patch.due_date.flatten(), now);
        due.map_err(|invalid| refused(invalid.within("/recurrence")))?;
    }
    Ok(())
}

fn occurrence_over() -> Problem {
    let detail = "No task of the series is open. Wait for the next one, or change those that follow.";
    Problem::conflict("occurrence_over", detail)
}

/// Which tasks the patch is for.
async fn list(changes: &Changes, actor: &Actor, wanted: &SeriesPatch) -> Result<Instances, Problem> {
    let reading = changes.begin(Acting::User(&actor.user_id), None).await?;
    let with_done = wanted.is_for_done();
    let mut listed = tasks::list_of_series(reading.transaction(), &actor.user_id, wanted.series_id, with_done).await?;
    reading.abandon().await?;
    if wanted.ends_series() {
        // The latest shows that the series is over: see `tasks::is_series_over`.
        listed.done.truncate(usize::from(listed.open.is_empty()));
    }
    Ok(listed)
}

/// As a task's are checked. Where a task is overdue, the new reminders of its series are meant for those to come.
fn check_reminders_of(change: &Change, scope: SeriesScope, task: &Task, patch: &TaskPatch) -> Result<(), Problem> {
    let Some(reminders) = &patch.reminders else { return Ok(()) };
    let (now, due_date) = (change.clock().now(), patch.due_date.unwrap_or(task.due_date));
    if scope != SeriesScope::This && due_date.is_none_or(|due| due < now) {
        return check_distances(reminders, due_date, now);
    }
    check_reminders(reminders, &task.reminders, due_date, now)
}

fn check_distances(reminders: &[Reminder], due_date: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<(), Problem> {
    Reminder::check_distances(reminders, due_date, now).map_err(|invalid| refused(invalid.within("/reminders")))
}

fn changed(task: &Task, patch: TaskPatch, now: DateTime<Utc>) -> Task {
    let mut after = task.clone();
    after.apply(patch, task.progress.status(), now);
    after
}

async fn update_some(change: &mut Change, actor: &Actor, wanted: &SeriesPatch, ids: &[Uuid]) -> Result<(), Problem> {
    let SeriesPatch { series_id, workspace_id, latest, scope, patch } = wanted;
    let with_done = wanted.is_for_done();
    let found = tasks::find_of_series_for_update(change.transaction(), &actor.user_id, *series_id, with_done, ids);
    let instances = found.await?;
    if *scope == SeriesScope::This && instances.is_empty() {
        return Err(occurrence_over());
    }
    if let Some(assignee) = &patch.assignee {
        check_assignee(change, *workspace_id, assignee.as_deref()).await?;
    }
    for before in instances {
        let (is_latest, now) = (*latest == Some(before.id), change.clock().now());
        let part = SeriesScope::part_for(&before, is_latest, patch.clone());
        let mut after = changed(&before, part, now);
        let is_done = before.progress.status().is_done();
        if is_latest && !is_done {
            repeat(&before, &mut after, now)?;
        }
        if after == before {
            continue;
        }
        edit::save(change, &mut after).await?;
        if is_done {
            tell_updated(change, actor, *scope, &before, &after);
        } else {
            tell_update(change, actor, *scope, &before, &after);
        }
    }
    Ok(())
}
