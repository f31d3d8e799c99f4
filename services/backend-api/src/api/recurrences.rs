//! Series of recurring tasks, as recurring-task-service keeps them: which there are, and what is done to one as a whole.

use axum::extract::{OriginalUri, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use platform::extract::{OptionalJson, Path, Query};
use platform::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::caller::Caller;
use super::docs::{OnceHeader, SeriesPath, UserPath};
use super::once::{ask_once, key_elsewhere, once};
use super::recurring_service::{Listed, RecurringService};
use super::refusals::{BodyRefusals, CallerRefusals, ListRefusals, OnceRefusals, SeriesRefusals, refusals};
use super::respond;
use super::task_input::Check;
use super::task_query::limit;
use crate::actions::update_instances::{SeriesPatch, update_instances};
use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::invalid::Invalid;
use crate::domain::listing::DEFAULT_LIMIT;
use crate::domain::recurrence::Recurrence;
use crate::domain::series_scope::SeriesScope;
use crate::domain::task::TaskPatch;
use crate::store::reply::Reply;
use crate::store::tasks;

/// What became of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SeriesStatus {
    /// It goes on.
    Active,
    /// Somebody stopped it, or its task is gone; the reason is told.
    Stopped,
    /// Its rule has no more occurrences.
    Ended,
}

impl SeriesStatus {
    fn parse(name: &str) -> Result<Self, Invalid> {
        match name {
            "active" => Ok(Self::Active),
            "stopped" => Ok(Self::Stopped),
            "ended" => Ok(Self::Ended),
            _ => Err(Invalid::new("status_unknown", "A status is one of active, stopped and ended.")),
        }
    }
}

/// Which series. Parameters that are not listed here are refused.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SeriesQuery {
    #[param(value_type = Option<SeriesStatus>)]
    status: Option<String>,
    /// 1 to 200; 50 unless given.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 200)]
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A task that repeats: its rule, and how far it is.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Series {
    /// What its tasks have as `recurrence_id`: the id of the first.
    id: Uuid,
    workspace_id: Uuid,
    /// The latest of its tasks.
    task_id: Option<Uuid>,
    /// What the next one will be called.
    title: String,
    #[schema(value_type = SeriesStatus)]
    status: String,
    /// Why it is as it is, where that is not plain.
    reason: Option<String>,
    #[schema(value_type = Recurrence)]
    recurrence: serde_json::Value,
    /// The IANA time zone whose wall clock the rule counts on.
    #[schema(example = "Europe/Berlin")]
    timezone: String,
    /// Which occurrence the latest task is, from 1.
    occurrence: i32,
    /// When that is due.
    due_date: Option<DateTime<Utc>>,
    /// When the one after it will be, where the rule alone says so.
    next_due: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl Series {
    /// The patch of those of its tasks that `scope` says.
    pub(super) fn patch(&self, scope: SeriesScope, patch: TaskPatch) -> SeriesPatch {
        SeriesPatch { series_id: self.id, workspace_id: self.workspace_id, latest: self.task_id, scope, patch }
    }

    /// The series with the due date that its task has now, which recurring-task-service may be yet to hear of.
    pub(super) async fn with_its_task(mut self, app: &App, actor: &Actor) -> Result<Self, Problem> {
        if let Some(id) = self.task_id
            && let Some(task) = tasks::find(&app.changes.db, &actor.user_id, id).await?
        {
            self.due_date = task.due_date;
        }
        Ok(self)
    }
}

/// A page of series, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct SeriesPage {
    items: Vec<Series>,
    next_cursor: Option<String>,
}

/// Lists the series of the workspaces that the user may see.
#[utoipa::path(get, path = "/api/{user_id}/recurrences", tag = "recurrence", operation_id = "list_recurrences", params(UserPath, SeriesQuery), responses(
    (status = 200, body = SeriesPage, description = "A page of series", headers(("Link" = String, description = "rel=\"next\""))),
    CallerRefusals, ListRefusals, SeriesRefusals))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<SeriesQuery>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, Problem> {
    let mut check = Check::default();
    let status = check.optional("/status", query.status.as_deref(), SeriesStatus::parse);
    let limit = check.optional("/limit", query.limit.as_deref(), limit).unwrap_or(DEFAULT_LIMIT);
    check.finish()?;
    let list = format!("recurrences of {}: {status:?}", caller.actor.user_id);
    let after = query.cursor.map(|cursor| app.cursors.open(&list, &cursor)).transpose()?;
    let Listed { items, next } = RecurringService::of(&app, &caller).await?.list(status, after, limit).await?;
    let next_cursor = next.map(|place| app.cursors.seal(&list, &place));
    let page = SeriesPage { items, next_cursor };
    Ok(respond::page(&uri, &page, page.next_cursor.as_deref()))
}

refusals! {
    /// What an operation on one series may answer besides.
    OneSeriesRefusals {
        "404" ["not_found"] => "The series is not there, or not yours to know",
    }
    /// What skipping may answer besides.
    SkipRefusals {
        "409" ["occurrence_over", "series_over"] => "The occurrence is done or skipped already or is yet to come, or there are no more",
    }
}

/// One series. Its id is the `recurrence_id` of its tasks.
#[utoipa::path(get, path = "/api/{user_id}/recurrences/{id}", tag = "recurrence", operation_id = "get_recurrence", params(SeriesPath),
    responses((status = 200, body = Series, description = "The series"), CallerRefusals, OneSeriesRefusals, SeriesRefusals))]
pub async fn get(
    State(app): State<App>,
    caller: Caller,
    Path(SeriesPath { id, .. }): Path<SeriesPath>,
) -> Result<axum::Json<Series>, Problem> {
    RecurringService::of(&app, &caller).await?.find(id).await.map(axum::Json)
}

/// Stops a series: no more tasks are made, and those that are open do not repeat any more. What was done stays.
#[utoipa::path(delete, path = "/api/{user_id}/recurrences/{id}", tag = "recurrence", operation_id = "stop_recurrence", params(SeriesPath),
    responses((status = 204, description = "It is stopped"), CallerRefusals, OneSeriesRefusals, SeriesRefusals))]
pub async fn stop(
    State(app): State<App>,
    caller: Caller,
    Path(SeriesPath { id, .. }): Path<SeriesPath>,
) -> Result<Response, Problem> {
    let service = RecurringService::of(&app, &caller).await?;
    let _turn = app.series_turns.take(id).await?;
    // First, so that no task is made in between; said again, both halves change nothing.
    let series = service.stop(id).await?;
    let once_only = TaskPatch { recurrence: Some(None), ..TaskPatch::default() };
    let open = series.patch(SeriesScope::Following, once_only);
    update_instances(&app.changes, &caller.actor, caller.trace.as_ref(), open).await?;
    Ok(Reply::no_content().into_response())
}

/// What may be said with a skip.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SkipInput {
    /// Which occurrence is meant; 409 when it is not the latest any more. Without it, whichever is the latest.
    #[schema(minimum = 1)]
    occurrence: Option<i32>,
}

/// Passes over the latest occurrence: its task is archived, and the next one is made.
#[utoipa::path(post, path = "/api/{user_id}/recurrences/{id}/skip", tag = "recurrence", operation_id = "skip_occurrence",
    request_body = Option<SkipInput>, params(SeriesPath, OnceHeader),
    responses((status = 200, body = Series, description = "The series, as it is now"), CallerRefusals, OneSeriesRefusals, SkipRefusals,
        SeriesRefusals, BodyRefusals, OnceRefusals))]
pub async fn skip(
    State(app): State<App>,
    caller: Caller,
    Path(SeriesPath { id, .. }): Path<SeriesPath>,
    headers: HeaderMap,
    OptionalJson { value: SkipInput { occurrence }, bytes }: OptionalJson<SkipInput>,
) -> Result<Response, Problem> {
    let user_id = &caller.actor.user_id;
    let once = once(&headers, user_id, &format!("recurrences/{id}/skip"), &bytes)?;
    let mut check = Check::default();
    check.optional("/occurrence", occurrence, at_least_1);
    check.finish()?;
    let service = RecurringService::of(&app, &caller).await?;
    // Asked again, because the answer was lost, it must not skip another one.
    let key = key_elsewhere(once.as_ref(), &app.changes.clock);
    let ask = async { service.skip(id, occurrence, &key).await.map(|series| Reply::ok(&series)) };
    ask_once(&app.changes, user_id, once, ask).await
}

fn at_least_1(occurrence: i32) -> Result<(), Invalid> {
    if occurrence >= 1 { Ok(()) } else { Err(Invalid::new("occurrence_invalid", "Occurrences are counted from 1.")) }
}
