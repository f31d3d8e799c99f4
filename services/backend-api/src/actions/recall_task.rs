//! Puts a purged task back into the table, deleted as it was, so that it can be restored like any other.

use platform::problem::Problem;

use crate::domain::actor::Actor;
use crate::domain::task::Task;
use crate::store::change::Change;
use crate::store::{tasks, users};

/// Stores `task`, which the history had, unless somebody else did so first. People who are gone for good are replaced by the
/// actor, and are no longer to do it.
///
/// # Errors
/// 404 when the actor is not a member of its workspace.
pub async fn recall_task(change: &Change, actor: &Actor, mut task: Task) -> Result<(), Problem> {
    let db = change.transaction();
    if !users::is_member(db, &actor.user_id, task.workspace_id).await? {
        return Err(Problem::not_found("task"));
    }
    for person in [&mut task.user_id, &mut task.reporter] {
        if !users::is_user(db, person).await? {
            person.clone_from(&actor.user_id);
        }
    }
    if let Some(assignee) = &task.assignee
        && !users::is_user(db, assignee).await?
    {
        task.assignee = None;
    }
    Ok(tasks::insert_unless_there(db, &task).await?)
}
