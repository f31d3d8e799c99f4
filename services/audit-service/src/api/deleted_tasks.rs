//! `GET /internal/deleted-tasks/{task_id}`: what backend-api restores a task from that its own table no longer has.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use platform::extract::{Path, Query};
use platform::problem::Problem;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::audit_logs_query::workspace_ids;
use crate::actions::find_deletion::find_deletion;
use crate::app::App;
use crate::domain::entry::Entry;

/// Where the task may have been.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parameters {
    workspace_ids: Option<String>,
}

/// The last that happened to a task: it was deleted.
#[derive(Debug, Serialize)]
pub(crate) struct DeletedTask {
    workspace_id: Uuid,
    deleted_at: DateTime<Utc>,
    /// The task after that, as its event carried it, with fields that this version does not know.
    task: Value,
}

/// The task as its deletion left it, if it was deleted in one of the workspaces and nothing happened to it since.
///
/// # Errors
/// 404 for any other task, 422 when a parameter is missing, unknown or unreadable, 503 while the database is away.
pub(crate) async fn get(
    State(app): State<App>,
    Path(task_id): Path<Uuid>,
    Query(Parameters { workspace_ids: workspaces }): Query<Parameters>,
) -> Result<Json<DeletedTask>, Problem> {
    let workspaces = workspace_ids(workspaces.as_deref()).map_err(|mistake| Problem::validation(vec![mistake]))?;
    let deletion = find_deletion(&app.db, &workspaces, task_id).await?;
    let Entry { workspace_id, timestamp, mut details, .. } = deletion.ok_or_else(|| Problem::not_found("task"))?;
    let task = details.get_mut("task_data").map(Value::take).unwrap_or_default();
    Ok(Json(DeletedTask { workspace_id, deleted_at: timestamp, task }))
}
