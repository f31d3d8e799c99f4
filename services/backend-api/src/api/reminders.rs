//! Reminders as notification-service keeps them: which are to come, and what became of the others.

use axum::extract::{OriginalUri, State};
use axum::response::Response;
use chrono::{DateTime, Utc};
use platform::extract::Query;
use platform::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::caller::Caller;
use super::docs::UserPath;
use super::notifications::NOTIFICATION_SERVICE;
use super::refusals::{CallerRefusals, ListRefusals, NotificationRefusals};
use super::respond;
use super::task_input::Check;
use super::task_query::{limit, uuid};
use crate::app::App;
use crate::domain::invalid::Invalid;
use crate::domain::listing::DEFAULT_LIMIT;
use crate::domain::reminder::Channel;
use crate::store::users;

/// What became of a reminder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReminderStatus {
    /// It will be sent.
    Scheduled,
    /// It was sent.
    Sent,
    /// It could not be sent; the reason is told.
    Failed,
    /// It is not to be sent: it was taken from its task, or the task needs none any more.
    Cancelled,
    /// It has no due date to count from.
    Dormant,
}

impl ReminderStatus {
    fn parse(name: &str) -> Result<Self, Invalid> {
        match name {
            "scheduled" => Ok(Self::Scheduled),
            "sent" => Ok(Self::Sent),
            "failed" => Ok(Self::Failed),
            "cancelled" => Ok(Self::Cancelled),
            "dormant" => Ok(Self::Dormant),
            _ => Err(Invalid::new(
                "status_unknown",
                "A status is one of scheduled, sent, failed, cancelled and dormant.",
            )),
        }
    }
}

/// Which reminders. Parameters that are not listed here are refused.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReminderQuery {
    /// Those of this task.
    #[param(value_type = Option<Uuid>)]
    task_id: Option<String>,
    #[param(value_type = Option<ReminderStatus>)]
    status: Option<String>,
    /// 1 to 200; 50 unless given.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 200)]
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A reminder of a task, and what became of it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ReminderEntry {
    id: Uuid,
    task_id: Uuid,
    task_title: String,
    #[schema(value_type = ReminderStatus)]
    status: String,
    /// How long before the due date, if it was given so.
    #[schema(example = "PT1H")]
    before: Option<String>,
    /// At which moment, if it was given so.
    at: Option<DateTime<Utc>>,
    /// Through which channels, if the task says so.
    #[schema(value_type = Option<Vec<Channel>>)]
    channels: Option<Vec<String>>,
    /// When it is, or was, to be sent.
    fire_at: Option<DateTime<Utc>>,
    /// Whether it was sent later than it should have been.
    late: bool,
    sent_at: Option<DateTime<Utc>>,
    /// Why it is as it is, where that is not plain.
    reason: Option<String>,
    /// What became of each message.
    results: Vec<ReminderResult>,
    /// Raised with each new moment.
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// What became of a message to one person, through one channel.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ReminderResult {
    user_id: String,
    #[schema(value_type = Channel)]
    channel: String,
    /// Such as `sent`, `failed` or `skipped`.
    status: String,
    /// Why.
    detail: Option<String>,
}

/// A page of reminders, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReminderPage {
    items: Vec<ReminderEntry>,
    next_cursor: Option<String>,
}

/// What notification-service is asked.
#[derive(Debug, Serialize)]
struct Question {
    workspace_ids: String,
    task_id: Option<Uuid>,
    status: Option<ReminderStatus>,
    after: Option<String>,
    limit: u64,
}

/// What it answers; `next` is its own place in the list.
#[derive(Debug, Deserialize)]
struct Answer {
    items: Vec<ReminderEntry>,
    next: Option<String>,
}

/// Lists the reminders of the tasks that the user may see.
#[utoipa::path(get, path = "/api/{user_id}/reminders", tag = "notifications", operation_id = "list_reminders", params(UserPath, ReminderQuery), responses(
    (status = 200, body = ReminderPage, description = "A page of reminders", headers(("Link" = String, description = "rel=\"next\""))),
    CallerRefusals, ListRefusals, NotificationRefusals))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ReminderQuery>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, Problem> {
    let user_id = &caller.actor.user_id;
    let mut question = validate(&query)?;
    let list = format!("reminders of {user_id}: {:?}", (question.task_id, question.status));
    question.after = query.cursor.map(|cursor| app.cursors.open(&list, &cursor)).transpose()?;
    let memberships = users::memberships(&app.changes.db, user_id).await?;
    let ids: Vec<String> = memberships.iter().map(|workspace| workspace.id.to_string()).collect();
    question.workspace_ids = ids.join(",");

    let answer = app.invoker.get(NOTIFICATION_SERVICE, "internal/reminders", &question, caller.trace.as_ref());
    let Answer { items, next } = answer.await?;
    let next_cursor = next.map(|place| app.cursors.seal(&list, &place));
    let page = ReminderPage { items, next_cursor };
    Ok(respond::page(&uri, &page, page.next_cursor.as_deref()))
}

fn validate(query: &ReminderQuery) -> Result<Question, Problem> {
    let mut check = Check::default();
    let question = Question {
        workspace_ids: String::new(),
        task_id: check.optional("/task_id", query.task_id.as_deref(), uuid),
        status: check.optional("/status", query.status.as_deref(), ReminderStatus::parse),
        after: None,
        limit: check.optional("/limit", query.limit.as_deref(), limit).unwrap_or(DEFAULT_LIMIT),
    };
    check.finish()?;
    Ok(question)
}
