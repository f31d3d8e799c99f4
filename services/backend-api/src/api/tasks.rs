//! Tasks.

use axum::extract::{OriginalUri, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use events::Source;
use platform::extract::{Json, Path, Query, RawJson};
use platform::problem::Problem;
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::docs::{EditHeaders, OnceHeader, ReadHeaders, TaskPath, UserPath};
use super::if_match::{if_match, is_current};
use super::once::once;
use super::refusals::{BodyRefusals, CallerRefusals, EditRefusals, ListRefusals, OnceRefusals, TaskRefusals};
use super::respond::{self, replayed};
use super::task_input::{CreateTask, UpdateTask};
use super::task_query::TaskQuery;
use crate::actions;
use crate::actions::create_task::{Request, create_at_once, create_task};
use crate::app::App;
use crate::domain::listing::{Page, Position};
use crate::domain::task::Task;
use crate::store::change::Begun;
use crate::store::isolation::Acting;
use crate::store::reply::Reply;
use crate::store::tasks;

/// A page of tasks.
#[derive(Debug, Serialize, ToSchema)]
pub struct TaskPage {
    /// The tasks, in the order that was asked for.
    items: Vec<Task>,
    /// Where the next page starts; `null` on the last.
    next_cursor: Option<String>,
}

/// Lists the tasks that the user may see.
#[utoipa::path(get, path = "/api/{user_id}/tasks", tag = "tasks", operation_id = "list_tasks", params(UserPath, TaskQuery), responses(
    (status = 200, body = TaskPage, description = "A page of tasks", headers(("Link" = String, description = "rel=\"next\""))), CallerRefusals, ListRefusals))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<TaskQuery>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, Problem> {
    let valid = query.validate()?;
    let list = format!("tasks of {}: {:?} {:?}", caller.actor.user_id, valid.filter, valid.sort);
    let after: Option<Position> = query.cursor.map(|cursor| app.cursors.open(&list, &cursor)).transpose()?;
    let page = Page { sort: valid.sort, after, limit: valid.limit };
    let (items, next) = tasks::list(&app.changes.db, &caller.actor.user_id, &valid.filter, &page).await?;
    let next_cursor = next.map(|position| app.cursors.seal(&list, &position));
    let page = TaskPage { items, next_cursor };
    Ok(respond::page(&uri, &page, page.next_cursor.as_deref()))
}

/// Creates a task in the user's personal workspace.
#[utoipa::path(post, path = "/api/{user_id}/tasks", tag = "tasks", operation_id = "create_task", request_body = CreateTask, params(UserPath, OnceHeader),
    responses((status = 201, body = Task, description = "The task", headers(("Location" = String), ("ETag" = String))),
        CallerRefusals, OnceRefusals, BodyRefusals))]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    RawJson { value: input, bytes }: RawJson<CreateTask>,
) -> Result<Response, Problem> {
    let once = once(&headers, &caller.actor.user_id, "tasks", &bytes)?;
    let new = input.validate()?;
    let request = Request { source: Source::RestApi, once: once.as_ref(), trace: caller.trace.as_ref() };
    if let Some(reply) = create_at_once(&app.changes, request, &caller.actor, &new, created).await? {
        return Ok(reply.into_response());
    }
    // What is remembered of the user may be why.
    app.known_users.remove(&caller.actor.user_id);
    let mut change = match app.changes.begin_once(Acting::User(&caller.actor.user_id), caller.trace, once).await? {
        Begun::Fresh(change) => change,
        Begun::Replay(reply) => return Ok(replayed(reply)),
    };
    let task = create_task(&mut change, &caller.actor, new, Source::RestApi).await?;
    Ok(change.finish(created(&task)).await?.into_response())
}

fn created(task: &Task) -> Reply {
    let location = format!("/api/{}/tasks/{}", super::link::segment(&task.user_id), task.id);
    Reply::created(location, task).version(task.version)
}

/// Creates a task for the user of the token, whose id the path need not name.
#[utoipa::path(post, path = "/api/tasks", tag = "tasks", operation_id = "create_own_task", request_body = CreateTask, params(OnceHeader),
    responses((status = 201, body = Task, description = "The task", headers(("Location" = String), ("ETag" = String))),
        CallerRefusals, OnceRefusals, BodyRefusals))]
pub async fn create_for_token(
    state: State<App>,
    caller: Caller,
    headers: HeaderMap,
    body: RawJson<CreateTask>,
) -> Result<Response, Problem> {
    create(state, caller, headers, body).await
}

/// One task.
#[utoipa::path(get, path = "/api/{user_id}/tasks/{id}", tag = "tasks", operation_id = "get_task",
    params(TaskPath, ReadHeaders),
    responses((status = 200, body = Task, description = "The task", headers(("ETag" = String))), (status = 304, description = "Not modified"),
        CallerRefusals, TaskRefusals))]
pub async fn get(
    State(app): State<App>,
    caller: Caller,
    Path(TaskPath { id, .. }): Path<TaskPath>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let task = tasks::find(&app.changes.db, &caller.actor.user_id, id).await?;
    let task = task.ok_or_else(|| Problem::not_found("task"))?;
    let current = is_current(&headers, task.version)?;
    let reply = if current { Reply::not_modified() } else { Reply::ok(&task) };
    Ok(reply.version(task.version).into_response())
}

/// Changes a task by a JSON merge patch.
#[utoipa::path(patch, path = "/api/{user_id}/tasks/{id}", tag = "tasks", operation_id = "update_task", params(TaskPath, EditHeaders),
    request_body(content = UpdateTask, content_type = "application/merge-patch+json"),
    responses((status = 200, body = Task, description = "The task", headers(("ETag" = String))), CallerRefusals, TaskRefusals, EditRefusals, BodyRefusals))]
pub async fn update(
    State(app): State<App>,
    caller: Caller,
    Path(TaskPath { id, .. }): Path<TaskPath>,
    headers: HeaderMap,
    Json(input): Json<UpdateTask>,
) -> Result<Response, Problem> {
    let (patch, version) = input.validate()?;
    let expected = if_match(&headers)?.and(version);
    let mut change = app.changes.begin(Acting::User(&caller.actor.user_id), caller.trace).await?;
    let task = actions::update_task::update_task(&mut change, &caller.actor, id, &expected, patch).await?;
    Ok(change.finish(Reply::ok(&task).version(task.version)).await?.into_response())
}

/// Deletes a task.
#[utoipa::path(delete, path = "/api/{user_id}/tasks/{id}", tag = "tasks", operation_id = "delete_task", params(TaskPath, EditHeaders),
    responses((status = 204, description = "Deleted"), CallerRefusals, TaskRefusals, EditRefusals))]
pub async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(TaskPath { id, .. }): Path<TaskPath>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let expected = if_match(&headers)?;
    let mut change = app.changes.begin(Acting::User(&caller.actor.user_id), caller.trace).await?;
    actions::delete_task::delete_task(&mut change, &caller.actor, id, &expected).await?;
    Ok(change.finish(Reply::no_content()).await?.into_response())
}
