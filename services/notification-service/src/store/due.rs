//! What is due. Nothing is claimed before it is known who may be told: whoever locks the rows first stores what became of them, and the locks end with the
//! transaction, or with the process. So one that is killed, or stands still, takes nothing with it, and two never do the same.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use platform::database::{Transaction, json_text, statement};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use serde_json::{Value, json};
use uuid::Uuid;

use super::reminder_row::COLUMNS;
use crate::domain::reminder::Reminder;

/// Reminders whose moment has come, the oldest first, but for those that somebody is storing the messages of right now.
pub(crate) async fn reminders(
    db: &impl ConnectionTrait,
    now: DateTime<Utc>,
    most: i64,
) -> Result<Vec<Reminder>, DbErr> {
    let sql = format!(
        "SELECT {COLUMNS} FROM notification.reminders \
         WHERE status = 'scheduled' AND fired_at IS NULL AND fire_at <= $1 AND (claimed_until IS NULL OR claimed_until <= $1) \
         ORDER BY fire_at, id LIMIT $2 FOR UPDATE SKIP LOCKED"
    );
    Reminder::find_by_statement(statement(&sql, [now.into(), most.into()])).all(db).await
}

/// Locks those of `found` that are still as they were found, until the transaction ends; says which. The others were changed meanwhile, or are somebody
/// else's. A process that freezes holds them for two seconds at most.
pub(crate) async fn lock_unchanged(transaction: &Transaction, found: &[&Reminder]) -> Result<HashSet<Uuid>, DbErr> {
    let sql = "SELECT id FROM notification.reminders AS reminder \
        JOIN jsonb_to_recordset($1::jsonb) AS found (id uuid, version bigint) USING (id, version) \
        WHERE reminder.status = 'scheduled' AND reminder.fired_at IS NULL FOR UPDATE OF reminder SKIP LOCKED";
    hold_briefly(transaction).await?;
    let versions: Vec<Value> =
        found.iter().map(|reminder| json!({"id": reminder.id, "version": reminder.version})).collect();
    let rows = transaction.query_all_raw(statement(sql, [json_text(&versions).into()])).await?;
    rows.iter().map(|row| row.try_get("", "id")).collect()
}

/// The server ends the transaction when nothing is asked in it for so long.
pub(super) async fn hold_briefly(transaction: &Transaction) -> Result<(), DbErr> {
    transaction.execute_unprepared("SET LOCAL idle_in_transaction_session_timeout = '2s'").await.map(|_| ())
}

/// Lets reminders wait until `until`; those that somebody has locked are theirs.
pub(crate) async fn put_off(db: &impl ConnectionTrait, ids: &[Uuid], until: DateTime<Utc>) -> Result<(), DbErr> {
    let sql = "UPDATE notification.reminders SET claimed_until = $2 WHERE id IN (SELECT id FROM notification.reminders \
        WHERE id = ANY ($1) AND fired_at IS NULL FOR UPDATE SKIP LOCKED)";
    if ids.is_empty() {
        return Ok(());
    }
    db.execute_raw(statement(sql, [ids.to_vec().into(), until.into()])).await.map(|_| ())
}

/// When there is something to do next: with what is due already and was put off or is locked, and `grace` after the next moment of a reminder.
pub(crate) async fn next(
    db: &impl ConnectionTrait,
    now: DateTime<Utc>,
    grace: TimeDelta,
) -> Result<Option<DateTime<Utc>>, DbErr> {
    let sql = "SELECT least(\
          (SELECT min(coalesce(claimed_until, fire_at)) FROM notification.reminders \
            WHERE status = 'scheduled' AND fired_at IS NULL AND fire_at <= $1), \
          (SELECT min(fire_at) FROM notification.reminders WHERE status = 'scheduled' AND fired_at IS NULL AND fire_at > $1) \
            + make_interval(secs => $2), \
          (SELECT min(coalesce(claimed_until, happened_at)) FROM notification.notices WHERE done_at IS NULL)) AS next";
    let row = db.query_one_raw(statement(sql, [now.into(), grace.as_seconds_f64().into()])).await?;
    row.map_or(Ok(None), |row| row.try_get("", "next"))
}
