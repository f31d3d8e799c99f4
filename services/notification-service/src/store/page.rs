//! Lists, newest first, a page at a time.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, Utc};
use platform::database::statement;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};
use serde::Serialize;
use uuid::Uuid;

use super::reminder_row::COLUMNS;
use crate::domain::reminder::{Reminder, Status};

/// A place in a list: what stands after it comes next. Written as `<created_at>,<id>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    created_at: DateTime<Utc>,
    id: Uuid,
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{},{}", self.created_at.to_rfc3339_opts(SecondsFormat::Micros, true), self.id)
    }
}

/// A text that is no [`Position`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not `<time>,<id>`, as in `next` of an earlier answer")]
pub(crate) struct NoPosition;

impl FromStr for Position {
    type Err = NoPosition;

    fn from_str(text: &str) -> Result<Self, NoPosition> {
        let (created_at, id) = text.split_once(',').ok_or(NoPosition)?;
        Ok(Self {
            created_at: created_at.parse().map_err(|_| NoPosition)?,
            id: Uuid::try_parse(id).map_err(|_| NoPosition)?,
        })
    }
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    /// Where the rest begins; `None` when there is none.
    pub(crate) next: Option<Position>,
}

impl<T> Page<T> {
    /// The first `limit` of what was found, which may be one more.
    fn cut(mut items: Vec<T>, limit: usize, position: impl Fn(&T) -> Position) -> Self {
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(position);
        Self { items, next }
    }
}

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
    let (created_at, id) = parts(after);
    let values =
        [workspace_ids.into(), task_id.into(), status.map(Status::as_str).into(), created_at, id, one_more(limit)];
    let found = Reminder::find_by_statement(statement(&sql, values)).all(db).await?;
    Ok(Page::cut(found, limit, |reminder| Position { created_at: reminder.created_at, id: reminder.id }))
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
    let (created_at, id) = parts(after);
    let values = [user_id.into(), unread.into(), created_at, id, one_more(limit)];
    let found = Notification::find_by_statement(statement(sql, values)).all(db).await?;
    Ok(Page::cut(found, limit, |told| Position { created_at: told.created_at, id: told.id }))
}

fn parts(after: Option<Position>) -> (Value, Value) {
    (after.map(|after| after.created_at).into(), after.map(|after| after.id).into())
}

fn one_more(limit: usize) -> Value {
    i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_survives_being_written_down() {
        let position = Position { created_at: "2026-01-31T09:00:00.000001Z".parse().unwrap(), id: Uuid::from_u128(7) };
        assert_eq!(position.to_string().parse(), Ok(position));
        for text in ["", ",", "yesterday,00000000-0000-0000-0000-000000000007", "2026-01-31T09:00:00Z,7"] {
            assert_eq!(text.parse::<Position>(), Err(NoPosition), "{text}");
        }
    }
}
