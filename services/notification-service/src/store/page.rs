//! Lists, newest first, a page at a time.

use chrono::{DateTime, Utc};
use platform::database::statement;
use platform::page::{Page, Position, one_more};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use serde::Serialize;
use uuid::Uuid;

use super::reminder_row::COLUMNS;
use crate::domain::reminder::{Reminder, Status};

/// The reminders of these workspaces: of one task and with one status, where these are given.
pub(crate) async fn reminders(
    db: &impl ConnectionTrait,
    workspace_ids: Vec<Uuid>,
    task_id: Option<Uuid>,
    status: Option<Status>,
    after: Option<Position>,
    limit: usize,
) -> Result<Page<Reminder>, DbErr> {
    let sql = format!(
        "SELECT {COLUMNS} FROM notification.reminders WHERE workspace_id = ANY ($1) AND ($2::uuid IS NULL OR task_id = $2) \
           AND ($3::text IS NULL OR status = $3) AND ($4::timestamptz IS NULL OR (created_at, id) < ($4, $5)) \
         ORDER BY created_at DESC, id DESC LIMIT $6"
    );
    let (created_at, id) = Position::values(after);
    let values =
        [workspace_ids.into(), task_id.into(), status.map(Status::as_str).into(), created_at, id, one_more(limit)];
    let found = Reminder::find_by_statement(statement(&sql, values)).all(db).await?;
    Ok(Page::cut(found, limit, |reminder| Position { at: reminder.created_at, id: reminder.id }))
}

/// A message on the list of a user, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult, Serialize)]
pub(crate) struct Notification {
    pub(crate) id: Uuid,
    pub(crate) kind: String,
    pub(crate) title: String,
    pub(crate) body: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) task_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reminder_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) read_at: Option<DateTime<Utc>>,
    pub(crate) created_at: DateTime<Utc>,
}

/// The list of a user: all of it, or what is not read (`unread` true) or is (false).
pub(crate) async fn notifications(
    db: &impl ConnectionTrait,
    user_id: &str,
    unread: Option<bool>,
    after: Option<Position>,
    limit: usize,
) -> Result<Page<Notification>, DbErr> {
    let sql = "SELECT id, kind, title, body, task_id, reminder_id, read_at, created_at FROM notification.notifications \
        WHERE user_id = $1 AND in_app AND ($2::boolean IS NULL OR (read_at IS NULL) = $2) \
          AND ($3::timestamptz IS NULL OR (created_at, id) < ($3, $4)) ORDER BY created_at DESC, id DESC LIMIT $5";
    let (created_at, id) = Position::values(after);
    let values = [user_id.into(), unread.into(), created_at, id, one_more(limit)];
    let found = Notification::find_by_statement(statement(sql, values)).all(db).await?;
    Ok(Page::cut(found, limit, |told| Position { at: told.created_at, id: told.id }))
}
