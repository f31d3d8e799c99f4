//! What a user was told in the application. notification-service keeps it; here is the entrance.

use axum::extract::{OriginalUri, State};
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::{DateTime, Utc};
use platform::extract::{OptionalJson, Path, Query};
use platform::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::caller::Caller;
use super::docs::{NotificationPath, OnceHeader, UserPath};
use super::once::{ask_once, once};
use super::refusals::{BodyRefusals, CallerRefusals, ListRefusals, NotificationRefusals, OnceRefusals, refusals};
use super::respond;
use super::task_input::Check;
use super::task_query::{boolean, limit};
use crate::app::App;
use crate::domain::listing::DEFAULT_LIMIT;
use crate::store::reply::Reply;

/// Whom these handlers ask.
pub(super) const NOTIFICATION_SERVICE: &str = "notification-service";

/// Why somebody is told something.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum NotificationKind {
    /// A reminder of a task.
    Reminder,
    /// Somebody else completed a task.
    TaskCompleted,
    /// Somebody else gave a task to the user.
    TaskAssigned,
    /// Somebody else said something about a task.
    CommentAdded,
    /// Something about Tidings itself.
    System,
    /// What happened since yesterday.
    Digest,
    /// A message could not be sent.
    DeliveryFailed,
}

/// Which notifications. Parameters that are not listed here are refused.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NotificationQuery {
    /// Only those that are unread, or only those that are read.
    #[param(value_type = Option<bool>)]
    unread: Option<String>,
    /// 1 to 200; 50 unless given.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 200)]
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Something that the user was told.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Notification {
    id: Uuid,
    #[schema(value_type = NotificationKind)]
    kind: String,
    /// One line.
    title: String,
    /// Plain text, perhaps of several lines.
    body: String,
    /// The task that it is about.
    task_id: Option<Uuid>,
    /// The reminder that it is.
    reminder_id: Option<Uuid>,
    /// When it was read, if it is.
    read_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

/// A page of notifications, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct NotificationPage {
    items: Vec<Notification>,
    next_cursor: Option<String>,
    /// How many are unread, on this page or not, counted up to 1,000.
    unread: u64,
}

/// What notification-service is asked.
#[derive(Debug, Serialize)]
struct Question<'a> {
    user_id: &'a str,
    unread: Option<bool>,
    after: Option<String>,
    limit: u64,
}

/// What it answers; `next` is its own place in the list.
#[derive(Debug, Deserialize)]
struct Answer {
    items: Vec<Notification>,
    next: Option<String>,
    unread: u64,
}

/// Lists what the user was told in the application.
#[utoipa::path(get, path = "/api/{user_id}/notifications", tag = "notifications", operation_id = "list_notifications", params(UserPath, NotificationQuery), responses(
    (status = 200, body = NotificationPage, description = "A page of notifications", headers(("Link" = String, description = "rel=\"next\""))),
    CallerRefusals, ListRefusals, NotificationRefusals))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<NotificationQuery>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, Problem> {
    let user_id = caller.actor.user_id.as_str();
    let mut check = Check::default();
    let unread = check.optional("/unread", query.unread.as_deref(), boolean);
    let limit = check.optional("/limit", query.limit.as_deref(), limit).unwrap_or(DEFAULT_LIMIT);
    check.finish()?;
    let list = format!("notifications of {user_id}: {unread:?}");
    let after = query.cursor.map(|cursor| app.cursors.open(&list, &cursor)).transpose()?;

    let question = Question { user_id, unread, after, limit };
    let answer = app.invoker.get(NOTIFICATION_SERVICE, "internal/notifications", &question, caller.trace.as_ref());
    let Answer { items, next, unread } = answer.await?;
    let next_cursor = next.map(|place| app.cursors.seal(&list, &place));
    let page = NotificationPage { items, next_cursor, unread };
    Ok(respond::page(&uri, &page, page.next_cursor.as_deref()))
}

/// What may be said with the request: nothing so far.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkInput {}

refusals! {
    /// What marking one notification may answer besides.
    MarkRefusals {
        "404" ["not_found"] => "The notification is not there, or not yours to know",
    }
}

/// Marks a notification as read. One that is read already stays as it is.
#[utoipa::path(post, path = "/api/{user_id}/notifications/{id}/read", tag = "notifications", operation_id = "read_notification",
    request_body = Option<MarkInput>, params(NotificationPath, OnceHeader), responses((status = 204, description = "It is read"),
        CallerRefusals, MarkRefusals, BodyRefusals, OnceRefusals, NotificationRefusals))]
pub async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(NotificationPath { id, .. }): Path<NotificationPath>,
    headers: HeaderMap,
    OptionalJson { value: MarkInput {}, bytes }: OptionalJson<MarkInput>,
) -> Result<Response, Problem> {
    mark(&app, &caller, &headers, &bytes, Mark { id: Some(id), read: true }).await
}

/// Marks a notification as unread. One that is unread already stays as it is.
#[utoipa::path(post, path = "/api/{user_id}/notifications/{id}/unread", tag = "notifications", operation_id = "unread_notification",
    request_body = Option<MarkInput>, params(NotificationPath, OnceHeader), responses((status = 204, description = "It is unread"),
        CallerRefusals, MarkRefusals, BodyRefusals, OnceRefusals, NotificationRefusals))]
pub async fn unread(
    State(app): State<App>,
    caller: Caller,
    Path(NotificationPath { id, .. }): Path<NotificationPath>,
    headers: HeaderMap,
    OptionalJson { value: MarkInput {}, bytes }: OptionalJson<MarkInput>,
) -> Result<Response, Problem> {
    mark(&app, &caller, &headers, &bytes, Mark { id: Some(id), read: false }).await
}

/// Marks every notification of the user as read.
#[utoipa::path(post, path = "/api/{user_id}/notifications/read-all", tag = "notifications", operation_id = "read_all_notifications",
    request_body = Option<MarkInput>, params(UserPath, OnceHeader), responses((status = 204, description = "All are read"),
        CallerRefusals, BodyRefusals, OnceRefusals, NotificationRefusals))]
pub async fn read_all(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    OptionalJson { value: MarkInput {}, bytes }: OptionalJson<MarkInput>,
) -> Result<Response, Problem> {
    mark(&app, &caller, &headers, &bytes, Mark { id: None, read: true }).await
}

/// A mark on one notification, or on all.
#[derive(Clone, Copy, Debug)]
struct Mark {
    id: Option<Uuid>,
    read: bool,
}

impl Mark {
    /// The end of the path by which it is asked for.
    fn path(self) -> String {
        let verb = if self.read { "read" } else { "unread" };
        self.id.map_or_else(|| format!("notifications/{verb}-all"), |id| format!("notifications/{id}/{verb}"))
    }
}

/// What notification-service is told.
#[derive(Debug, Serialize)]
struct Instruction<'a> {
    user_id: &'a str,
    /// `None` for all.
    ids: Option<Vec<Uuid>>,
    read: bool,
}

/// What it answers.
#[derive(Debug, Deserialize)]
struct Marked {
    /// How many of them there are, marked so before or not.
    changed: u64,
}

async fn mark(app: &App, caller: &Caller, headers: &HeaderMap, body: &[u8], mark: Mark) -> Result<Response, Problem> {
    let user_id = caller.actor.user_id.as_str();
    let once = once(headers, user_id, &mark.path(), body)?;
    let ask = async {
        let instruction = Instruction { user_id, ids: mark.id.map(|id| vec![id]), read: mark.read };
        let path = "internal/notifications/read";
        let answer = app.invoker.post(NOTIFICATION_SERVICE, path, &instruction, caller.trace.as_ref());
        let Marked { changed } = answer.await?;
        if mark.id.is_some() && changed == 0 {
            Err(Problem::not_found("notification"))
        } else {
            Ok(Reply::no_content())
        }
    };
    ask_once(&app.changes, user_id, once, ask).await
}
