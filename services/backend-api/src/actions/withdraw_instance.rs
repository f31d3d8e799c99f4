//! Takes back a task of a series: the completion before it was undone, or its occurrence is skipped.

use events::{EventDraft, EventType, Source};
use platform::problem::Problem;
use platform::trace::TraceContext;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::edit;
use crate::domain::task::Task;
use crate::domain::verb::Verb;
use crate::store::change::{Change, Changes};
use crate::store::isolation::Acting;
use crate::store::tasks;

/// How.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// It is deleted if nobody has touched it since it was made.
    DeleteUntouched,
    /// It is archived, whatever was done to it.
    Archive,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Withdrawal {
    /// It was taken back.
    Withdrawn,
    /// Somebody had touched it: it stays.
    Touched,
    /// There is nothing to take back: it is not there, deleted, or archived as it should be.
    Gone,
}

/// Deletes or archives the task and tells it.
///
/// # Errors
/// When the database is away.
pub async fn withdraw_instance(
    changes: &Changes,
    id: Uuid,
    how: How,
    trace: Option<TraceContext>,
) -> Result<Withdrawal, Problem> {
    let mut change = changes.begin(Acting::System, trace).await?;
    let withdrawal = withdraw(&mut change, id, how).await?;
    match withdrawal {
        Withdrawal::Withdrawn => change.commit().await?,
        Withdrawal::Touched | Withdrawal::Gone => change.abandon().await?,
    }
    Ok(withdrawal)
}

async fn withdraw(change: &mut Change, id: Uuid, how: How) -> Result<Withdrawal, Problem> {
    let found = tasks::find_for_system_update(change.transaction(), id).await?;
    let Some(before) = found else { return Ok(Withdrawal::Gone) };
    let (mut after, now) = (before.clone(), change.clock().now());
    let event_type = match how {
        // Whatever was done to it has raised its version.
        How::DeleteUntouched if before.version > 1 => return Ok(Withdrawal::Touched),
        How::DeleteUntouched => {
            after.deleted_at = Some(now);
            EventType::TaskDeleted
        }
        How::Archive => {
            Verb::Archive.apply(&mut after, now);
            Verb::Archive.event_type()
        }
    };
    if after == before {
        return Ok(Withdrawal::Gone);
    }
    edit::save(change, &mut after).await?;
    tell(change, event_type, &before, &after);
    Ok(Withdrawal::Withdrawn)
}

/// Nobody asked for it: it is told as done by the task's user, and its source says how it came.
fn tell(change: &mut Change, event_type: EventType, before: &Task, after: &Task) {
    let (before, after) = (before.event_data(), after.event_data());
    let user_id = after.user_id.clone();
    change.emit(EventDraft::task_changed(event_type, user_id, before, after, Source::Recurring));
}
