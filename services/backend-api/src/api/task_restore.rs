//! Undo: a task that was deleted or archived comes back.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use platform::extract::{OptionalJson, Path};
use platform::problem::Problem;

use super::caller::Caller;
use super::docs::{EditHeaders, OnceHeader, TaskPath};
use super::if_match::if_match;
use super::once::once;
use super::refusals::{BodyRefusals, CallerRefusals, EditRefusals, OnceRefusals, TaskRefusals, refusals};
use super::respond::replayed;
use super::task_verbs::VerbInput;
use crate::actions::restore_task::{Request, Restored, restore_task};
use crate::app::App;
use crate::domain::task::Task;

refusals! {
    /// What a restore may answer, beside what the other verbs do.
    RestoreRefusals {
        "409" ["task_not_restorable"] => "The task that the history has breaks a rule of today; see errors",
        "503" ["service_unavailable"] => "The task was purged, and the keeper of the history is out of reach",
    }
}

/// Brings a deleted task back as it was, or takes an archived one out of the archive; any other stays as it is. A task that
/// was deleted longer ago than the table keeps it comes back from the history.
#[utoipa::path(post, path = "/api/{user_id}/tasks/{id}/restore", tag = "tasks", operation_id = "restore_task",
    request_body = Option<VerbInput>, params(TaskPath, EditHeaders, OnceHeader),
    responses((status = 200, body = Task, description = "The task, as it is now", headers(("ETag" = String))), CallerRefusals, TaskRefusals, EditRefusals, BodyRefusals, OnceRefusals, RestoreRefusals))]
pub async fn restore(
    State(app): State<App>,
    caller: Caller,
    Path(TaskPath { id, .. }): Path<TaskPath>,
    headers: HeaderMap,
    OptionalJson { value: input, bytes }: OptionalJson<VerbInput>,
) -> Result<Response, Problem> {
    let Caller { actor, trace, .. } = caller;
    let once = once(&headers, &actor.user_id, &format!("tasks/{id}/restore"), &bytes)?;
    let expected = if_match(&headers)?.and(input.version);
    let request = Request { id, expected, once, trace };
    match restore_task(&app.changes, &app.invoker, &actor, &request).await? {
        Restored::Now(reply) => Ok(reply.into_response()),
        Restored::Before(reply) => Ok(replayed(reply)),
    }
}
