//! `GET /internal/reminders`: the reminders of workspaces.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use platform::extract::Query;
use platform::page::{Page, invalid, limit, read};
use platform::problem::Problem;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::app::App;
use crate::domain::reminder::{Reminder, Status, Wanted};
use crate::store::page;

/// As they come.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parameters {
    workspace_ids: String,
    task_id: Option<String>,
    status: Option<String>,
    after: Option<String>,
    limit: Option<String>,
}

/// A reminder, as it is shown.
#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    id: Uuid,
    task_id: Uuid,
    task_title: String,
    status: Status,
    #[serde(flatten)]
    wanted: Wanted,
    #[serde(skip_serializing_if = "Option::is_none")]
    fire_at: Option<DateTime<Utc>>,
    late: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    results: Value,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// A page of them.
#[derive(Debug, Serialize)]
pub(crate) struct Reminders {
    items: Vec<Shown>,
    next: Option<String>,
}

/// The reminders of some workspaces, newest first.
///
/// # Errors
/// 422 for a parameter that is missing, unknown or unreadable; 503 while the database is away.
pub(crate) async fn list(
    State(app): State<App>,
    Query(parameters): Query<Parameters>,
) -> Result<Json<Reminders>, Problem> {
    let workspaces: Result<Vec<Uuid>, _> = parameters.workspace_ids.split(',').map(Uuid::try_parse).collect();
    let workspaces = workspaces.map_err(|why| invalid("workspace_ids", &why))?;
    let task_id = read("task_id", parameters.task_id.as_deref())?;
    let status = parameters.status.as_deref().map(status).transpose()?;
    let after = read("after", parameters.after.as_deref())?;
    let limit = limit(parameters.limit.as_deref())?;
    let Page { items, next } = page::reminders(&app.db, workspaces, task_id, status, after, limit).await?;
    let items = items.into_iter().map(Shown::of).collect();
    Ok(Json(Reminders { items, next: next.map(|position| position.to_string()) }))
}

fn status(name: &str) -> Result<Status, Problem> {
    let known = Status::ALL.into_iter().find(|status| status.as_str() == name);
    let names = || Status::ALL.map(Status::as_str).join(", ");
    known.ok_or_else(|| invalid("status", &format!("must be one of {}", names())))
}

impl Shown {
    fn of(reminder: Reminder) -> Self {
        Self {
            id: reminder.id,
            task_id: reminder.task_id,
            task_title: reminder.task_title,
            status: reminder.status,
            wanted: reminder.wanted,
            fire_at: reminder.fire_at,
            late: reminder.late,
            sent_at: reminder.sent_at,
            reason: reminder.reason,
            results: reminder.results,
            version: reminder.version,
            created_at: reminder.created_at,
            updated_at: reminder.updated_at,
        }
    }
}
