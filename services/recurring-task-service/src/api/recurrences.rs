//! `/internal/recurrences`: series are listed, found, changed, stopped and skipped.

use axum::Json;
use axum::extract::State;
use events::TaskData;
use platform::extract::{self, Query};
use platform::page::{Page, invalid, limit, read};
use platform::problem::Problem;
use sea_orm::DbErr;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::changes::Given;
use super::shown::Shown;
use crate::actions::change_series;
use crate::actions::follow_task::begin_series;
use crate::app::App;
use crate::domain::changes::NoSkip;
use crate::domain::series::Status;
use crate::domain::task::Task;
use crate::store::page;

/// As they come.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parameters {
    workspace_ids: String,
    status: Option<String>,
    after: Option<String>,
    limit: Option<String>,
}

/// A page of them.
#[derive(Debug, Serialize)]
pub(crate) struct Recurrences {
    items: Vec<Shown>,
    next: Option<String>,
}

/// The new task that begins the series, and how far its workspace was: for a series that was asked for in vain.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Begin {
    sequence: i64,
    task: TaskData,
}

/// Which series, if it is in one of these workspaces.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    id: Uuid,
    workspace_ids: Vec<Uuid>,
    begin: Option<Begin>,
}

/// What is to be otherwise for the instances to come.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    id: Uuid,
    workspace_ids: Vec<Uuid>,
    begin: Option<Begin>,
    changes: Given,
}

/// Characters of a key at most: backend-api puts the client's into it.
const MAX_KEY: usize = 300;

/// Which instance is to be passed over: the latest, if that is `occurrence`. Asked again with the same `key`, it is answered as it was and nothing else
/// is skipped.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Skip {
    id: Uuid,
    workspace_ids: Vec<Uuid>,
    begin: Option<Begin>,
    occurrence: Option<i32>,
    key: Option<String>,
}

/// The series as it is now; `null` when it is not there, or not in one of the workspaces.
#[derive(Debug, Serialize)]
pub(crate) struct Found {
    recurrence: Option<Shown>,
    /// Why nothing was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Refusal>,
}

/// For whoever asked.
#[derive(Debug, Serialize)]
pub(crate) struct Refusal {
    code: &'static str,
    detail: &'static str,
}

impl From<NoSkip> for Refusal {
    fn from(why: NoSkip) -> Self {
        let (code, detail) = match why {
            NoSkip::SeriesStopped => {
                ("series_over", "The series is stopped: there is nothing to skip. Give its task a recurrence again.")
            }
            NoSkip::TaskGone => (
                "series_over",
                "The task was deleted or archived, which stopped its series: there is nothing to skip. Restore the task.",
            ),
            NoSkip::SeriesEnded => (
                "series_over",
                "The series has ended, as its rule says: there is nothing to skip. Give its task another recurrence.",
            ),
            NoSkip::OccurrenceOver => (
                "occurrence_over",
                "This occurrence is done or skipped already. Read the series again to see which one is open.",
            ),
            NoSkip::OccurrenceToCome => (
                "occurrence_over",
                "There is no such occurrence yet. Read the series again to see which one is the latest.",
            ),
        };
        Self { code, detail }
    }
}

/// `GET /internal/recurrences`: the series of some workspaces, newest first.
///
/// # Errors
/// 422 for a parameter that is missing, unknown or unreadable; 503 while the database is away.
pub(crate) async fn list(
    State(app): State<App>,
    Query(parameters): Query<Parameters>,
) -> Result<Json<Recurrences>, Problem> {
    let workspaces: Result<Vec<Uuid>, _> = parameters.workspace_ids.split(',').map(Uuid::try_parse).collect();
    let workspaces = workspaces.map_err(|why| invalid("workspace_ids", &why))?;
    let status = parameters.status.as_deref().map(status).transpose()?;
    let after = read("after", parameters.after.as_deref())?;
    let limit = limit(parameters.limit.as_deref())?;
    let Page { items, next } = page::list(&app.db, workspaces, status, after, limit).await?;
    let now = app.clock.now();
    let mut shown = Vec::with_capacity(items.len());
    for listed in items {
        shown.push(Shown::of(listed, now));
        // To count dates is work, and others wait too.
        tokio::task::yield_now().await;
    }
    Ok(Json(Recurrences { items: shown, next: next.map(|position| position.to_string()) }))
}

fn status(name: &str) -> Result<Status, Problem> {
    let known = Status::ALL.into_iter().find(|status| status.as_str() == name);
    let names = || Status::ALL.map(Status::as_str).join(", ");
    known.ok_or_else(|| invalid("status", &format!("must be one of {}", names())))
}

/// `POST /internal/recurrences/find`.
///
/// # Errors
/// 503 while the database is away.
pub(crate) async fn find(
    State(app): State<App>,
    extract::Json(Which { id, workspace_ids, begin }): extract::Json<Which>,
) -> Result<Json<Found>, Problem> {
    begin_with(&app, begin).await?;
    found(&app, id, workspace_ids, None).await
}

/// `POST /internal/recurrences/change`.
///
/// # Errors
/// 422 for changes that cannot be read; 503 while the database is away.
pub(crate) async fn change(
    State(app): State<App>,
    extract::Json(Change { id, workspace_ids, begin, changes }): extract::Json<Change>,
) -> Result<Json<Found>, Problem> {
    let changes = changes.read()?;
    begin_with(&app, begin).await?;
    change_series::change(&app, id, &workspace_ids, changes).await?;
    found(&app, id, workspace_ids, None).await
}

/// `POST /internal/recurrences/stop`.
///
/// # Errors
/// 503 while the database is away.
pub(crate) async fn stop(
    State(app): State<App>,
    extract::Json(Which { id, workspace_ids, begin }): extract::Json<Which>,
) -> Result<Json<Found>, Problem> {
    begin_with(&app, begin).await?;
    change_series::stop(&app, id, &workspace_ids).await?;
    found(&app, id, workspace_ids, None).await
}

/// `POST /internal/recurrences/skip`.
///
/// # Errors
/// 422 for a key that is too long; 503 while the database is away.
pub(crate) async fn skip(
    State(app): State<App>,
    extract::Json(Skip { id, workspace_ids, begin, occurrence, key }): extract::Json<Skip>,
) -> Result<Json<Found>, Problem> {
    if key.as_ref().is_some_and(|key| key.chars().count() > MAX_KEY) {
        return Err(invalid("key", &format!("must be {MAX_KEY} characters at most")));
    }
    begin_with(&app, begin).await?;
    let skipped = change_series::skip(&app, id, &workspace_ids, occurrence, key).await?;
    found(&app, id, workspace_ids, skipped.err().map(Refusal::from)).await
}

async fn begin_with(app: &App, begin: Option<Begin>) -> Result<(), DbErr> {
    match begin.and_then(|Begin { sequence, task }| Task::of(&task).zip(Some(sequence))) {
        Some((task, sequence)) => begin_series(app, task, sequence).await,
        None => Ok(()),
    }
}

async fn found(
    app: &App,
    id: Uuid,
    workspace_ids: Vec<Uuid>,
    problem: Option<Refusal>,
) -> Result<Json<Found>, Problem> {
    let found = page::find(&app.db, id, workspace_ids).await?;
    let recurrence = found.map(|listed| Shown::of(listed, app.clock.now()));
    Ok(Json(Found { recurrence, problem }))
}
