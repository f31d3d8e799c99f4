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
    /// Whether it was ever told of a job.
    pub(crate) had_job: bool,
    /// When it is to ring, if it is to.
    pub(crate) opens_at: Option<DateTime<Utc>>,
    /// The instance that it is to ring for.
    pub(crate) number: i32,
}

/// Series whose jobs are not right, the longest so first.
pub(crate) async fn untold(db: &impl ConnectionTrait, most: i64) -> Result<Vec<Untold>, DbErr> {
    let sql = "SELECT id, version, job_version > 0 AS had_job, opens_at, occurrence + 1 AS number FROM recurring.rules \
        WHERE job_version <> version ORDER BY updated_at LIMIT $1";
    Untold::find_by_statement(statement(sql, [most.into()])).all(db).await
}

/// The sidecar has been told of these.
pub(crate) async fn told(db: &impl ConnectionTrait, told: &[Untold]) -> Result<(), DbErr> {
    let sql = "UPDATE recurring.rules AS rule SET job_version = told.version \
        FROM jsonb_to_recordset($1::jsonb) AS told (id uuid, version bigint) WHERE rule.id = told.id AND rule.version = told.version";
    let rows: Vec<Value> = told.iter().map(|told| json!({"id": told.id, "version": told.version})).collect();
    db.execute_raw(statement(sql, [json_text(&rows).into()])).await.map(|_| ())
}
