//! Puts a purged task back into the table, deleted as it was, so that it can be restored like any other.

use platform::problem::Problem;
use sea_orm::DbErr;

use crate::domain::actor::Actor;
use crate::domain::task::Task;
use crate::store::change::Change;
use crate::store::{tasks, users};

/// Stores `task`, which the history had, unless somebody else did so first. People who have left its workspace are replaced by
/// the actor as its owner and reporter, and are no longer to do it.
///
/// # Errors
/// 404 when the actor is not a member of its workspace.
pub(super) async fn reinsert_task(change: &Change, actor: &Actor, mut task: Task) -> Result<(), Problem> {
    if !is_member(change, &task, &actor.user_id).await? {
        return Err(Problem::not_found("task"));
    }
    if !is_member(change, &task, &task.user_id).await? {
        task.user_id.clone_from(&actor.user_id);
    }
    if !is_member(change, &task, &task.reporter).await? {
        task.reporter.clone_from(&actor.user_id);
    }
    if let Some(assignee) = &task.assignee
        && !is_member(change, &task, assignee).await?
    {
        task.assignee = None;
    }
    tasks::insert_unless_there(change.transaction(), &task).await?;
    Ok(())
}

async fn is_member(change: &Change, task: &Task, user_id: &str) -> Result<bool, DbErr> {
    users::is_member(change.transaction(), user_id, task.workspace_id).await
}
