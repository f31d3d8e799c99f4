//! Asks the history for a task that the table no longer has.

use platform::dapr::invoke::Invoker;
use platform::problem::{FieldError, Problem};
use platform::trace::TraceContext;
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::actor::Actor;
use crate::domain::invalid::Invalid;
use crate::domain::recorded_task::RecordedDeletion;
use crate::domain::task::Task;
use crate::store::users;

/// Where the task may have been.
#[derive(Debug, Serialize)]
struct Question {
    workspace_ids: String,
}

/// What is known of its end.
#[derive(Debug, Deserialize)]
struct Answer {
    deletion: Option<RecordedDeletion>,
}

/// The task, deleted as it was, when its deletion is the last that happened to it in a workspace of the actor.
///
/// # Errors
/// 404 when the history knows no such deletion, 409 when the recorded task breaks a rule of today, 503 while audit-service
/// is away.
pub(super) async fn find_recorded_deletion(
    db: &impl ConnectionTrait,
    invoker: &Invoker,
    actor: &Actor,
    id: Uuid,
    trace: Option<&TraceContext>,
) -> Result<Task, Problem> {
    let memberships = users::memberships(db, &actor.user_id).await?;
    let ids: Vec<String> = memberships.iter().map(|workspace| workspace.id.to_string()).collect();
    let deletion = ask(invoker, ids.join(","), id, trace).await?.ok_or_else(|| Problem::not_found("task"))?;
    deletion.into_task(id).map_err(not_restorable)
}

/// Whether its deletion is the last that happened to the task in that workspace.
///
/// # Errors
/// 503 while audit-service is away.
pub(super) async fn is_recorded_deletion(
    invoker: &Invoker,
    workspace_id: Uuid,
    id: Uuid,
    trace: Option<&TraceContext>,
) -> Result<bool, Problem> {
    Ok(ask(invoker, workspace_id.to_string(), id, trace).await?.is_some())
}

async fn ask(
    invoker: &Invoker,
    workspace_ids: String,
    id: Uuid,
    trace: Option<&TraceContext>,
) -> Result<Option<RecordedDeletion>, Problem> {
    let (path, question) = (format!("internal/deleted-tasks/{id}"), Question { workspace_ids });
    let answer = invoker.get::<_, Answer>("audit-service", &path, &question, trace).await?;
    Ok(answer.deletion)
}

/// There is nothing wrong with the request, so this is no 422: what the history has contradicts the rules of today.
fn not_restorable(broken: Vec<Invalid>) -> Problem {
    let detail = "The task was purged, and its last state in the history breaks the rules of today; see errors. \
                  Look at it in audit-logs and create it anew.";
    let told = broken.into_iter().map(|invalid| FieldError::new(invalid.pointer, invalid.code, invalid.detail));
    told.fold(Problem::conflict("task_not_restorable", detail), Problem::field)
}
