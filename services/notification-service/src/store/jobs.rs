//! Which jobs the sidecar is to have: what `notification.reminders` say about it.

use chrono::{DateTime, Utc};
use platform::database::{json_text, statement};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use serde_json::{Value, json};
use uuid::Uuid;

/// A reminder for whose version the sidecar has not been told yet.
#[derive(Clone, Debug, FromQueryResult)]
pub(crate) struct Untold {
    pub(crate) id: Uuid,
    pub(crate) version: i64,
    /// The version that it has a job for.
    pub(crate) job_version: Option<i64>,
    /// Whether it is to have one for this version.
    pub(crate) scheduled: bool,
    pub(crate) fire_at: Option<DateTime<Utc>>,
    pub(crate) task_id: Uuid,
    pub(crate) user_id: String,
    pub(crate) task_title: String,
}

/// Reminders whose jobs are not right, the longest so first, but for those that are being `told` already. One that was sent or cancelled keeps its number: its job is over, or rings for nothing.
pub(crate) async fn untold(db: &impl ConnectionTrait, most: i64, told: Vec<Uuid>) -> Result<Vec<Untold>, DbErr> {
    let sql = "SELECT id, version, job_version, status = 'scheduled' AND fired_at IS NULL AS scheduled, fire_at, task_id, user_id, task_title \
        FROM notification.reminders WHERE job_version IS DISTINCT FROM version AND id <> ALL ($2) ORDER BY updated_at LIMIT $1";
    Untold::find_by_statement(statement(sql, [most.into(), told.into()])).all(db).await
}

/// The sidecar has been told of these. A reminder that has another version by now has the job of this one nevertheless, which is to be taken back.
pub(crate) async fn told(db: &impl ConnectionTrait, told: &[Untold]) -> Result<(), DbErr> {
    // In the order in which events lock the reminders of a task, so that neither waits for the other.
    let sql = "WITH told AS (SELECT id, told.version FROM notification.reminders \
          JOIN jsonb_to_recordset($1::jsonb) AS told (id uuid, version bigint) USING (id) ORDER BY id FOR NO KEY UPDATE OF reminders) \
        UPDATE notification.reminders AS reminder SET job_version = told.version FROM told WHERE reminder.id = told.id";
    if told.is_empty() {
        return Ok(());
    }
    let rows: Vec<Value> = told.iter().map(|told| json!({"id": told.id, "version": told.version})).collect();
    db.execute_raw(statement(sql, [json_text(&rows).into()])).await.map(|_| ())
}
