//! Brings a task back that was deleted or archived, while the table has it.

use events::{EventDraft, EventType, Source};
use platform::problem::Problem;
use uuid::Uuid;

use super::edit;
use crate::domain::actor::Actor;
use crate::domain::precondition::Precondition;
use crate::domain::task::Task;
use crate::store::change::Change;
use crate::store::{tasks, users};

/// Takes back the deletion, or else the archiving, and tells `task.restored`. A task that is neither stays as it is, and
/// nothing is told. `None` when the table has no such task that the actor may see: it may have been purged.
///
/// # Errors
/// 412.
pub async fn restore_task(
    change: &mut Change,
    actor: &Actor,
    id: Uuid,
    expected: &Precondition,
) -> Result<Option<Task>, Problem> {
    let found = tasks::find_in_any_state_for_update(change.transaction(), &actor.user_id, id).await?;
    let Some(before) = found else { return Ok(None) };
    edit::expect(&before, expected)?;
    let mut after = before.clone();
    after.restore();
    if after == before {
        return Ok(Some(before));
    }
    if before.deleted_at.is_some() {
        clear_gone_assignee(change, &mut after).await?;
    }
    edit::save(change, &mut after).await?;
    let (before, now) = (before.event_data(), after.event_data());
    change.emit(EventDraft::task_changed(EventType::TaskRestored, &actor.user_id, before, now, Source::Restore));
    Ok(Some(after))
}

/// Whoever left the workspace in the meantime is not given a task of it.
async fn clear_gone_assignee(change: &Change, task: &mut Task) -> Result<(), Problem> {
    if let Some(assignee) = &task.assignee
        && !users::is_member(change.transaction(), assignee, task.workspace_id).await?
    {
        task.assignee = None;
    }
    Ok(())
}
