//! Deletes a task; the row stays until it is purged.

use events::EventType;
use platform::problem::Problem;
use uuid::Uuid;

use super::edit;
use crate::domain::actor::Actor;
use crate::domain::precondition::Precondition;
use crate::domain::task::Task;
use crate::store::change::Change;

/// Deletes a task and tells `task.deleted`.
///
/// # Errors
/// 404, 412.
pub async fn delete_task(
    change: &mut Change,
    actor: &Actor,
    id: Uuid,
    expected: &Precondition,
) -> Result<Task, Problem> {
    edit::apply(change, actor, id, expected, EventType::TaskDeleted, |task, now| {
        task.deleted_at = Some(now);
    })
    .await
}
