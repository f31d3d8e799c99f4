//! History: what audit-service recorded, as far as the caller may see it.

use axum::extract::{OriginalUri, State};
use axum::response::Response;
use chrono::{DateTime, SecondsFormat, Utc};
use events::place_of_notices;
use events::schema::MAX_EVENT_TYPE_LENGTH;
use platform::extract::Query;
use platform::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::caller::Caller;
use super::docs::UserPath;
use super::refusals::{CallerRefusals, ListRefusals, refusals};
use super::respond;
use super::task_input::Check;
use super::task_query::{limit, uuid};
use crate::app::App;
use crate::domain::date;
use crate::domain::invalid::Invalid;
use crate::domain::listing::DEFAULT_LIMIT;
use crate::store::users;

/// Which entries. Parameters that are not listed here are refused.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    #[param(value_type = Option<Uuid>)]
    task_id: Option<String>,
    /// Such as `task.updated`.
    #[param(min_length = 1, max_length = 100, pattern = r"^[^\x00]*$")]
    event_type: Option<String>,
    /// From this moment on.
    #[param(value_type = Option<DateTime<Utc>>)]
    from: Option<String>,
    /// Before this moment.
    #[param(value_type = Option<DateTime<Utc>>)]
    to: Option<String>,
    /// 1 to 200; 50 unless given.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 200)]
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// One fact of the past.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    event_id: Uuid,
    event_type: String,
    /// Who did it.
    user_id: String,
    task_id: Option<Uuid>,
    timestamp: DateTime<Utc>,
    /// The whole event.
    details: serde_json::Value,
}

/// A page of history, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditPage {
    items: Vec<AuditEntry>,
    next_cursor: Option<String>,
}

/// What audit-service is asked.
#[derive(Debug, Serialize)]
struct Question {
    workspace_ids: String,
    task_id: Option<Uuid>,
    event_type: Option<String>,
    from: Option<String>,
    to: Option<String>,
    after: Option<String>,
    limit: u64,
}

impl Question {
    /// The name of the list for cursors: its filters, but not the size of its pages.
    fn name_for(&self, user_id: &str) -> String {
        let Self { workspace_ids: _, task_id, event_type, from, to, after: _, limit: _ } = self;
        format!("history of {user_id}: {:?}", (task_id, event_type, from, to))
    }
}

/// What it answers; `next` is its own place in the list.
#[derive(Debug, Deserialize)]
struct Answer {
    items: Vec<AuditEntry>,
    next: Option<String>,
}

refusals! {
    /// What history may answer besides.
    HistoryRefusals {
        "503" ["service_unavailable"] => "The keeper of the history is out of reach",
    }
}

/// Lists what happened in the workspaces that the user may see.
#[utoipa::path(get, path = "/api/{user_id}/audit-logs", tag = "history", operation_id = "list_history", params(UserPath, AuditQuery), responses(
    (status = 200, body = AuditPage, description = "A page of history", headers(("Link" = String, description = "rel=\"next\""))), CallerRefusals, ListRefusals,
    HistoryRefusals))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<AuditQuery>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, Problem> {
    let mut question = validate(&query)?;
    let list = question.name_for(&caller.actor.user_id);
    question.after = query.cursor.map(|cursor| app.cursors.open(&list, &cursor)).transpose()?;
    let memberships = users::memberships(&app.changes.db, &caller.actor.user_id).await?;
    // What other systems told of the user is in no workspace.
    let places = memberships.iter().map(|workspace| workspace.id).chain([place_of_notices(&caller.actor.user_id)]);
    let ids: Vec<String> = places.map(|id| id.to_string()).collect();
    question.workspace_ids = ids.join(",");

    let answer = app.invoker.get("audit-service", "internal/audit-logs", &question, caller.trace.as_ref());
    let Answer { items, next } = answer.await?;
    let next_cursor = next.map(|place| app.cursors.seal(&list, &place));
    let page = AuditPage { items, next_cursor };
    Ok(respond::page(&uri, &page, page.next_cursor.as_deref()))
}

fn validate(query: &AuditQuery) -> Result<Question, Problem> {
    let text = |moment: DateTime<Utc>| moment.to_rfc3339_opts(SecondsFormat::Micros, true);
    let mut check = Check::default();
    let from = check.optional("/from", query.from.as_deref(), date::parse_in_query);
    let to = check.optional("/to", query.to.as_deref(), date::parse_in_query);
    check.optional("/from", from.zip(to), in_order);
    let question = Question {
        workspace_ids: String::new(),
        task_id: check.optional("/task_id", query.task_id.as_deref(), uuid),
        event_type: check.optional("/event_type", query.event_type.as_deref(), event_type),
        from: from.map(text),
        to: to.map(text),
        after: None,
        limit: check.optional("/limit", query.limit.as_deref(), limit).unwrap_or(DEFAULT_LIMIT),
    };
    check.finish()?;
    Ok(question)
}

fn in_order((from, to): (DateTime<Utc>, DateTime<Utc>)) -> Result<(), Invalid> {
    if from <= to { Ok(()) } else { Err(Invalid::new("range_invalid", "from must not be later than to.")) }
}

/// Of the length that the event contract gives event types; NUL is in no stored text.
fn event_type(text: &str) -> Result<String, Invalid> {
    if text.is_empty() || text.chars().count() > MAX_EVENT_TYPE_LENGTH || text.contains('\0') {
        let detail = format!("An event type is 1 to {MAX_EVENT_TYPE_LENGTH} characters, such as task.updated.");
        return Err(Invalid::new("event_type_invalid", detail));
    }
    Ok(text.to_owned())
}
