//! `notification.reminders`, as events and firing change them.

use platform::database::{Transaction, json_text, statement};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use serde_json::Value;
use uuid::Uuid;

use super::reminder_row::{COLUMNS, written};
use crate::domain::reminder::Reminder;

/// Nobody else changes the reminders of a task until the transaction ends, also where there are none yet.
pub(crate) async fn lock_task(transaction: &Transaction, task_id: Uuid) -> Result<(), DbErr> {
    let sql = "SELECT pg_advisory_xact_lock(hashtextextended('reminders:' || $1::text, 0))";
    transaction.execute_raw(statement(sql, [task_id.into()])).await.map(|_| ())
}

/// The reminders of a task, and how far its workspace had come with the last event that changed one of them.
pub(crate) async fn of_task(db: &impl ConnectionTrait, task_id: Uuid) -> Result<(Vec<Reminder>, i64), DbErr> {
    let sql = format!("SELECT {COLUMNS}, task_sequence FROM notification.reminders WHERE task_id = $1 ORDER BY id");
    let rows = db.query_all_raw(statement(&sql, [task_id.into()])).await?;
    let mut reached = 0;
    let mut reminders = Vec::with_capacity(rows.len());
    for row in &rows {
        reached = reached.max(row.try_get("", "task_sequence")?);
        reminders.push(Reminder::from_query_result(row, "")?);
    }
    Ok((reminders, reached))
}

/// The reminder called `id`.
pub(crate) async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Reminder>, DbErr> {
    let sql = format!("SELECT {COLUMNS} FROM notification.reminders WHERE id = $1");
    Reminder::find_by_statement(statement(&sql, [id.into()])).one(db).await
}

/// Stores reminders as an event with number `task_sequence` left them. A new moment begins without a claim.
pub(crate) async fn save(db: &impl ConnectionTrait, reminders: &[Reminder], task_sequence: i64) -> Result<(), DbErr> {
    const SAVE: &str = "INSERT INTO notification.reminders (id, task_id, workspace_id, task_sequence, user_id, task_title, before, at, channels, \
          status, reason, fire_at, version, fired_at, late, sent_at, results, created_at, updated_at) \
        SELECT id, task_id, workspace_id, task_sequence, user_id, task_title, before, at, channels, status, reason, fire_at, version, fired_at, \
          late, sent_at, results, created_at, updated_at FROM jsonb_populate_recordset(NULL::notification.reminders, $1::jsonb) ORDER BY id \
        ON CONFLICT (id) DO UPDATE SET task_sequence = excluded.task_sequence, user_id = excluded.user_id, task_title = excluded.task_title, \
          status = excluded.status, reason = excluded.reason, fire_at = excluded.fire_at, version = excluded.version, \
          fired_at = excluded.fired_at, late = excluded.late, sent_at = excluded.sent_at, results = excluded.results, \
          updated_at = excluded.updated_at, \
          claimed_until = CASE WHEN reminders.version = excluded.version THEN reminders.claimed_until END";
    let rows: Vec<Value> = reminders.iter().map(|reminder| written(reminder, task_sequence)).collect();
    db.execute_raw(statement(SAVE, [json_text(&rows).into()])).await.map(|_| ())
}

/// Reminders that are being sent, locked in one order until the transaction ends.
pub(crate) async fn lock_fired(transaction: &Transaction, ids: &[Uuid]) -> Result<Vec<Reminder>, DbErr> {
    let sql = format!(
        "SELECT {COLUMNS} FROM notification.reminders WHERE id = ANY ($1) AND status = 'scheduled' AND fired_at IS NOT NULL \
         ORDER BY id FOR UPDATE"
    );
    Reminder::find_by_statement(statement(&sql, [ids.to_vec().into()])).all(transaction).await
}

/// Stores what became of reminders, all of which are locked.
pub(crate) async fn store_ends(db: &impl ConnectionTrait, ended: &[Reminder]) -> Result<(), DbErr> {
    const STORE: &str = "UPDATE notification.reminders AS reminder SET status = ended.status, reason = ended.reason, fire_at = ended.fire_at, \
          version = ended.version, fired_at = ended.fired_at, late = ended.late, sent_at = ended.sent_at, results = ended.results, claimed_until = NULL, \
          updated_at = ended.updated_at \
        FROM jsonb_populate_recordset(NULL::notification.reminders, $1::jsonb) AS ended WHERE reminder.id = ended.id";
    if ended.is_empty() {
        return Ok(());
    }
    let rows: Vec<Value> = ended.iter().map(|reminder| written(reminder, 0)).collect();
    db.execute_raw(statement(STORE, [json_text(&rows).into()])).await.map(|_| ())
}
