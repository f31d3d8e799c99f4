//! `notification.notifications` and what is stored with them: messages, each to one person.

use chrono::{DateTime, Utc};
use platform::database::{json_text, statement};
use sea_orm::{ConnectionTrait, DbErr};
use serde::Serialize;
use uuid::Uuid;

use crate::domain::channel::Channel;
use crate::domain::message::Kind;
use crate::domain::route::DeliveryStatus;

/// A message to one person, with the columns of its row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct NewNotification {
    pub(crate) id: Uuid,
    pub(crate) user_id: String,
    pub(crate) kind: Kind,
    pub(crate) title: String,
    pub(crate) body: String,
    pub(crate) workspace_id: Uuid,
    pub(crate) task_id: Option<Uuid>,
    pub(crate) task_title: Option<String>,
    pub(crate) task_due: Option<DateTime<Utc>>,
    pub(crate) reminder_id: Option<Uuid>,
    pub(crate) reminder_version: Option<i64>,
    /// What it is told because of; one person is told once.
    pub(crate) source: String,
    pub(crate) in_app: bool,
    pub(crate) name: String,
    pub(crate) timezone: String,
    /// When what it tells happened, or was to be told.
    pub(crate) moment: DateTime<Utc>,
    pub(crate) created_at: DateTime<Utc>,
}

/// Its way by one channel, with the columns of its row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct NewDelivery {
    pub(crate) id: Uuid,
    pub(crate) notification_id: Uuid,
    pub(crate) channel: Channel,
    pub(crate) address: String,
    pub(crate) status: DeliveryStatus,
    pub(crate) attempts: i32,
    pub(crate) not_before: DateTime<Utc>,
    pub(crate) detail: Option<String>,
    pub(crate) ended_at: Option<DateTime<Utc>>,
}

/// Stores messages with their deliveries, but for those that their person has been told already; returns which are new.
pub(crate) async fn store(
    db: &impl ConnectionTrait,
    notifications: &[NewNotification],
    deliveries: &[NewDelivery],
) -> Result<Vec<Uuid>, DbErr> {
    const STORE: &str = "WITH told AS (\
          INSERT INTO notification.notifications SELECT * FROM jsonb_populate_recordset(NULL::notification.notifications, $1::jsonb) \
          ON CONFLICT (source, user_id) DO NOTHING RETURNING id), \
        sent AS (\
          INSERT INTO notification.deliveries SELECT delivery.* \
          FROM jsonb_populate_recordset(NULL::notification.deliveries, $2::jsonb) AS delivery JOIN told ON told.id = delivery.notification_id) \
        SELECT id FROM told";
    if notifications.is_empty() {
        return Ok(Vec::new());
    }
    let values = [json_text(notifications).into(), json_text(deliveries).into()];
    let rows = db.query_all_raw(statement(STORE, values)).await?;
    rows.iter().map(|row| row.try_get("", "id")).collect()
}

/// Marks messages on the list of a user as read or unread, all of them where no ids are given; returns how many there were.
pub(crate) async fn mark_read(
    db: &impl ConnectionTrait,
    user_id: &str,
    ids: Option<Vec<Uuid>>,
    read_at: Option<DateTime<Utc>>,
) -> Result<u64, DbErr> {
    let sql = "UPDATE notification.notifications \
        SET read_at = CASE WHEN $3::timestamptz IS NULL THEN NULL ELSE coalesce(read_at, $3) END \
        WHERE user_id = $1 AND in_app AND ($2::uuid[] IS NULL OR id = ANY ($2))";
    let values = [user_id.into(), ids.into(), read_at.into()];
    Ok(db.execute_raw(statement(sql, values)).await?.rows_affected())
}

/// How many on the list of a user are not read, counted up to 1,000.
pub(crate) async fn count_unread(db: &impl ConnectionTrait, user_id: &str) -> Result<i64, DbErr> {
    let sql = "SELECT count(*) AS unread FROM (SELECT FROM notification.notifications \
        WHERE user_id = $1 AND in_app AND read_at IS NULL LIMIT 1000) AS counted";
    let row = db.query_one_raw(statement(sql, [user_id.into()])).await?;
    row.map_or(Ok(0), |row| row.try_get("", "unread"))
}

/// What is on the list of a user since a moment, is not read and did not go by e-mail: titles and bodies, the oldest first.
pub(crate) async fn for_digest(
    db: &impl ConnectionTrait,
    user_id: &str,
    since: DateTime<Utc>,
    most: i64,
) -> Result<Vec<(String, String)>, DbErr> {
    let sql = "SELECT title, body FROM notification.notifications AS told WHERE user_id = $1 AND in_app AND created_at > $2 AND read_at IS NULL \
          AND NOT EXISTS (SELECT FROM notification.deliveries \
            WHERE notification_id = told.id AND channel = 'email' AND status IN ('sent', 'pending')) \
        ORDER BY created_at, id LIMIT $3";
    let rows = db.query_all_raw(statement(sql, [user_id.into(), since.into(), most.into()])).await?;
    rows.iter().map(|row| Ok((row.try_get("", "title")?, row.try_get("", "body")?))).collect()
}
