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

/// What the history knows of a task's end. A task without one is an answer too, not 404: to a sidecar that is a failure, and
/// after some in a row its circuit breaker would keep everybody from the history.
#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    deletion: Option<DeletedTask>,
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
/// 422 when a parameter is missing, unknown or unreadable, 503 while the database is away.
pub(crate) async fn get(
    State(app): State<App>,
    Path(task_id): Path<Uuid>,
    Query(Parameters { workspace_ids: workspaces }): Query<Parameters>,
) -> Result<Json<Answer>, Problem> {
    let workspaces = workspace_ids(workspaces.as_deref()).map_err(|mistake| Problem::validation(vec![mistake]))?;
    let deletion = find_deletion(&app.db, &workspaces, task_id).await?;
    Ok(Json(Answer { deletion: deletion.map(DeletedTask::of) }))
}

impl DeletedTask {
    fn of(Entry { workspace_id, timestamp, mut details, .. }: Entry) -> Self {
        let task = details.get_mut("task_data").map(Value::take).unwrap_or_default();
        Self { workspace_id, deleted_at: timestamp, task }
    }
}
