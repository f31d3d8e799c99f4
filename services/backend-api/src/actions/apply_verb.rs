//! Completes, reopens or archives a task.

use platform::problem::Problem;
use uuid::Uuid;

use super::edit;
use crate::domain::actor::Actor;
use crate::domain::precondition::Precondition;
use crate::domain::task::Task;
use crate::domain::verb::Verb;
use crate::store::change::Change;

/// Applies `verb` and tells its event.
///
/// # Errors
/// 404, 412.
pub async fn apply_verb(
    change: &mut Change,
    actor: &Actor,
    id: Uuid,
    expected: &Precondition,
    verb: Verb,
) -> Result<Task, Problem> {
    edit::apply(change, actor, id, expected, verb.event_type(), |task, now| verb.apply(task, now)).await
}
