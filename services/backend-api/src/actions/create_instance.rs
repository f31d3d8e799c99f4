//! Makes the next task of a series, once, however often it is asked for.

use chrono::{DateTime, TimeDelta, Utc};
use events::{EventDraft, Source};
use platform::dapr::invoke::Invoker;
use platform::problem::Problem;
use platform::trace::TraceContext;
use sea_orm::sqlx::error::DatabaseError;
use sea_orm::{DbErr, RuntimeErr};
use serde::Serialize;
use uuid::Uuid;

use super::find_recorded_deletion::is_recorded_deletion;
use crate::domain::instance::NewInstance;
use crate::domain::task::Task;
use crate::store::change::{Change, Changes};
use crate::store::creation::{Creation, Provided};
use crate::store::instances::{footing, hold_counter};
use crate::store::isolation::Acting;
use crate::store::reply::Reply;
use crate::store::tasks;

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// It was made.
    Created,
    /// It was made before, whatever became of it since.
    Exists,
    /// It will never be made.
    Refused {
        /// Why: `not_a_member` when its user is gone or has left its workspace, `task_invalid` when it breaks a rule of today.
        reason: &'static str,
    },
}

/// Where purged tasks are asked for, and how long a deleted one is not.
#[derive(Clone, Copy, Debug)]
pub struct History<'a> {
    /// Asks audit-service.
    pub invoker: &'a Invoker,
    /// How long deleted tasks stay in the table.
    pub keep_deleted_tasks: TimeDelta,
}

/// Stores the task and tells `task.created`, unless there is, or was, a task of its id. Whoever left the workspace is no longer
/// to do it, and is replaced as its reporter.
///
/// # Errors
/// When the database is away; also while the history is out of reach, for an id so old that its task may have been purged.
pub async fn create_instance(
    changes: &Changes,
    history: History<'_>,
    new: NewInstance,
    trace: Option<TraceContext>,
) -> Result<Outcome, Problem> {
    let now = changes.clock.now();
    let task = match new.into_task(now) {
        Ok(task) => task,
        Err(invalid) => {
            tracing::warn!(pointer = invalid.pointer, code = invalid.code, %invalid, "the next task of a series breaks a rule");
            return Ok(Outcome::Refused { reason: "task_invalid" });
        }
    };
    if may_be_purged(task.id, now - history.keep_deleted_tasks)
        && is_recorded_deletion(history.invoker, task.workspace_id, task.id, trace.as_ref()).await?
    {
        return Ok(Outcome::Exists);
    }
    if insert_at_once(changes, &task, trace.as_ref()).await? {
        return Ok(Outcome::Created);
    }
    let mut change = changes.begin(Acting::System, trace).await?;
    let outcome = insert(&mut change, task).await?;
    match outcome {
        Outcome::Created => change.commit().await?,
        _ => change.abandon().await?,
    }
    Ok(outcome)
}

/// Makes the task in one statement where nobody has to be left out of it, which is so in most. False when it was not made: why
/// not is found out by [`insert`].
async fn insert_at_once(changes: &Changes, task: &Task, trace: Option<&TraceContext>) -> Result<bool, Problem> {
    let somebody_else = task.assignee.as_ref().is_some_and(|assignee| *assignee != task.user_id);
    if somebody_else || task.reporter != task.user_id {
        return Ok(false);
    }
    let event = EventDraft::task_created(&task.user_id, task.event_data(), Source::Recurring);
    let creation = Creation { task, provided: Provided::IsNew, event, once: None, reply: &Reply::no_content() };
    match changes.create(creation, trace).await {
        Err(error) if is_refusal(&error) => Ok(false),
        made => Ok(made?),
    }
}

/// Whether a row was refused: its id is taken, or its author is not a member of the workspace.
fn is_refusal(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause))) = error else {
        return false;
    };
    let answer = cause.as_database_error();
    answer.and_then(DatabaseError::code).is_some_and(|code| ["23505", "42501"].contains(&code.as_ref()))
}

async fn insert(change: &mut Change, mut task: Task) -> Result<Outcome, Problem> {
    // Whoever makes the same task holds the counter first, then the row.
    hold_counter(change.transaction(), task.workspace_id).await?;
    let footing = footing(change.transaction(), &task).await?;
    if footing.is_there {
        return Ok(Outcome::Exists);
    }
    if !footing.has(&task.user_id) {
        return Ok(Outcome::Refused { reason: "not_a_member" });
    }
    if !footing.has(&task.reporter) {
        task.reporter.clone_from(&task.user_id);
    }
    task.assignee = task.assignee.filter(|assignee| footing.has(assignee));
    tasks::insert(change.transaction(), &task).await?;
    change.emit(EventDraft::task_created(&task.user_id, task.event_data(), Source::Recurring));
    Ok(Outcome::Created)
}

/// Whether a task of that id could have been made, deleted and purged by now: the id says when it was chosen (UUIDv7).
fn may_be_purged(id: Uuid, cutoff: DateTime<Utc>) -> bool {
    let Some((seconds, _)) = id.get_timestamp().map(|chosen| chosen.to_unix()) else { return true };
    i64::try_from(seconds).map_or(true, |seconds| seconds < cutoff.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_id_may_be_that_of_a_purged_task() {
        // Chosen at 2023-06-30T03:34:18.518Z.
        let id = "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap();
        for (cutoff, expected) in [("2023-06-30T03:34:18Z", false), ("2023-06-30T03:34:19Z", true)] {
            assert_eq!(may_be_purged(id, cutoff.parse().unwrap()), expected, "{cutoff}");
        }
        assert!(may_be_purged(Uuid::from_u128(7), "1970-01-01T00:00:00Z".parse().unwrap()), "it does not say when");
    }
}
