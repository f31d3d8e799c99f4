//! What is done to a task by one word: complete, reopen, archive.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use platform::extract::{OptionalJson, Path};
use platform::problem::Problem;
use serde::Deserialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::docs::{EditHeaders, OnceHeader, TaskPath};
use super::if_match::if_match;
use super::once::once;
use super::refusals::{BodyRefusals, CallerRefusals, EditRefusals, OnceRefusals, TaskRefusals};
use super::respond::replayed;
use crate::actions::apply_verb::apply_verb;
use crate::app::App;
use crate::domain::task::Task;
use crate::domain::verb::Verb;
use crate::store::change::Begun;
use crate::store::isolation::Acting;
use crate::store::reply::Reply;

/// What may be said with a verb.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerbInput {
    /// The version that it is meant for, as `If-Match`.
    pub(super) version: Option<i32>,
}

/// Completes a task; one that is completed already stays as it is.
#[utoipa::path(post, path = "/api/{user_id}/tasks/{id}/complete", tag = "tasks", operation_id = "complete_task",
    request_body = Option<VerbInput>, params(TaskPath, EditHeaders, OnceHeader),
    responses((status = 200, body = Task, description = "The task, as it is now", headers(("ETag" = String))), CallerRefusals, TaskRefusals, EditRefusals, BodyRefusals, OnceRefusals))]
pub async fn complete(
    State(app): State<App>,
    caller: Caller,
    Path(task): Path<TaskPath>,
    headers: HeaderMap,
    body: OptionalJson<VerbInput>,
) -> Result<Response, Problem> {
    carry_out(app, caller, task, &headers, body, Verb::Complete).await
}

/// Opens a completed task again.
#[utoipa::path(post, path = "/api/{user_id}/tasks/{id}/reopen", tag = "tasks", operation_id = "reopen_task",
    request_body = Option<VerbInput>, params(TaskPath, EditHeaders, OnceHeader),
    responses((status = 200, body = Task, description = "The task, as it is now", headers(("ETag" = String))), CallerRefusals, TaskRefusals, EditRefusals, BodyRefusals, OnceRefusals))]
pub async fn reopen(
    State(app): State<App>,
    caller: Caller,
    Path(task): Path<TaskPath>,
    headers: HeaderMap,
    body: OptionalJson<VerbInput>,
) -> Result<Response, Problem> {
    carry_out(app, caller, task, &headers, body, Verb::Reopen).await
}

/// Puts a task away without deleting it.
#[utoipa::path(post, path = "/api/{user_id}/tasks/{id}/archive", tag = "tasks", operation_id = "archive_task",
    request_body = Option<VerbInput>, params(TaskPath, EditHeaders, OnceHeader),
    responses((status = 200, body = Task, description = "The task, as it is now", headers(("ETag" = String))), CallerRefusals, TaskRefusals, EditRefusals, BodyRefusals, OnceRefusals))]
pub async fn archive(
    State(app): State<App>,
    caller: Caller,
    Path(task): Path<TaskPath>,
    headers: HeaderMap,
    body: OptionalJson<VerbInput>,
) -> Result<Response, Problem> {
    carry_out(app, caller, task, &headers, body, Verb::Archive).await
}

async fn carry_out(
    app: App,
    caller: Caller,
    task: TaskPath,
    headers: &HeaderMap,
    OptionalJson { value: input, bytes }: OptionalJson<VerbInput>,
    verb: Verb,
) -> Result<Response, Problem> {
    let once = once(headers, &caller.actor.user_id, &format!("tasks/{}/{}", task.id, verb.as_str()), &bytes)?;
    let expected = if_match(headers)?.and(input.version);
    let mut change = match app.changes.begin_once(Acting::User(&caller.actor.user_id), caller.trace, once).await? {
        Begun::Fresh(change) => change,
        Begun::Replay(reply) => return Ok(replayed(reply)),
    };
    let task = apply_verb(&mut change, &caller.actor, task.id, &expected, verb).await?;
    Ok(change.finish(Reply::ok(&task).version(task.version)).await?.into_response())
}
