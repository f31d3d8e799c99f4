//! Which jobs the sidecar is to have: what `recurring.rules` say about it.

use chrono::{DateTime, Utc};
use platform::database::{json_text, statement};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use serde_json::{Value, json};
use uuid::Uuid;

/// A series for whose version the sidecar has not been told yet.
#[derive(Clone, Debug, FromQueryResult)]
pub(crate) struct Untold {
    pub(crate) id: Uuid,
    pub(crate) version: i64,
    /// The instance for which the sidecar has a job, or had one before it rang.
    pub(crate) job_number: Option<i32>,
    /// When it is to ring, if it is to.
    pub(crate) opens_at: Option<DateTime<Utc>>,
    /// The instance that it is to ring for.
    pub(crate) number: i32,
}

/// Series whose jobs are not right, the longest so first.
pub(crate) async fn untold(db: &impl ConnectionTrait, most: i64) -> Result<Vec<Untold>, DbErr> {
    let sql = "SELECT id, version, job_number, opens_at, occurrence + 1 AS number FROM recurring.rules \
        WHERE job_version <> version ORDER BY updated_at LIMIT $1";
    Untold::find_by_statement(statement(sql, [most.into()])).all(db).await
}

/// The sidecar has been told of these.
pub(crate) async fn told(db: &impl ConnectionTrait, told: &[Untold]) -> Result<(), DbErr> {
    let sql = "UPDATE recurring.rules AS rule SET job_number = told.job_number, \
          job_version = CASE rule.version WHEN told.version THEN told.version ELSE rule.job_version END \
        FROM jsonb_to_recordset($1::jsonb) AS told (id uuid, version bigint, job_number integer) WHERE rule.id = told.id";
    let row = |told: &Untold| json!({"id": told.id, "version": told.version, "job_number": told.opens_at.map(|_| told.number)});
    let rows: Vec<Value> = told.iter().map(row).collect();
    db.execute_raw(statement(sql, [json_text(&rows).into()])).await.map(|_| ())
}
