//! `recurring.rules` with their `recurring.occurrences`: found, locked and stored as one.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use platform::database::{Transaction, json_text, statement};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use serde_json::Value;
use uuid::Uuid;

use super::rows::{OCCURRENCE, SERIES, columns_written, written};
use crate::domain::job::JobName;
use crate::domain::occurrence::{Occurrence, Status};
use crate::domain::series::Series;

/// Nobody else changes the series until the transaction ends. It has its last two instances that are not withdrawn, and that of `task_id`.
pub(crate) async fn lock(transaction: &Transaction, id: Uuid, task_id: Option<Uuid>) -> Result<Option<Series>, DbErr> {
    let sql = format!("SELECT {SERIES} FROM recurring.rules WHERE id = $1 FOR UPDATE");
    let found = Series::find_by_statement(statement(&sql, [id.into()])).one(transaction).await?;
    let Some(mut series) = found else { return Ok(None) };
    // By a statement of its own, which sees what those did who had the lock before.
    let sql = format!(
        "SELECT {OCCURRENCE} FROM recurring.occurrences WHERE series_id = $1 AND (task_id = $2 OR status <> 'withdrawn' AND number >= \
           (SELECT min(number) FROM (SELECT number FROM recurring.occurrences WHERE series_id = $1 AND status <> 'withdrawn' \
             ORDER BY number DESC LIMIT 2) AS last)) ORDER BY number FOR UPDATE"
    );
    let values = [id.into(), task_id.into()];
    series.occurrences = Occurrence::find_by_statement(statement(&sql, values)).all(transaction).await?;
    Ok(Some(series))
}

/// The same for a series that is in one of these workspaces.
pub(crate) async fn lock_in(
    transaction: &Transaction,
    id: Uuid,
    workspace_ids: &[Uuid],
) -> Result<Option<Series>, DbErr> {
    let found = lock(transaction, id, None).await?;
    Ok(found.filter(|series| workspace_ids.contains(&series.workspace_id)))
}

/// The series of a user that keep a zone, and were not moved by event `zone_sequence` or a later one; locked in one order.
pub(crate) async fn lock_zone(
    transaction: &Transaction,
    user_id: &str,
    timezone: &str,
    zone_sequence: i64,
) -> Result<Vec<Series>, DbErr> {
    let sql = format!(
        "SELECT {SERIES} FROM recurring.rules WHERE user_id = $1 AND timezone = $2 AND zone_sequence < $3 ORDER BY id FOR UPDATE"
    );
    let values = [user_id.into(), timezone.into(), zone_sequence.into()];
    let found = Series::find_by_statement(statement(&sql, values)).all(transaction).await?;
    with_last(transaction, found).await
}

/// Series whose windows have opened, the longest so first; those that somebody else is at are left out.
pub(crate) async fn lock_open(transaction: &Transaction, now: DateTime<Utc>, most: i64) -> Result<Vec<Series>, DbErr> {
    let sql = format!(
        "SELECT {SERIES} FROM recurring.rules WHERE opens_at <= $1 AND NOT is_unsettled ORDER BY opens_at LIMIT $2 FOR UPDATE SKIP LOCKED"
    );
    let found = Series::find_by_statement(statement(&sql, [now.into(), most.into()])).all(transaction).await?;
    with_last(transaction, found).await
}

/// Adds the last two instances of each that are not withdrawn.
async fn with_last(transaction: &Transaction, mut found: Vec<Series>) -> Result<Vec<Series>, DbErr> {
    if found.is_empty() {
        return Ok(found);
    }
    let sql = format!(
        "SELECT held.* FROM unnest($1::uuid[]) AS wanted (id), LATERAL (SELECT {OCCURRENCE} FROM recurring.occurrences \
           WHERE series_id = wanted.id AND status <> 'withdrawn' ORDER BY number DESC LIMIT 2 FOR UPDATE) AS held"
    );
    let ids: Vec<Uuid> = found.iter().map(|series| series.id).collect();
    let last = Occurrence::find_by_statement(statement(&sql, [ids.into()])).all(transaction).await?;
    let mut last_of: HashMap<Uuid, Vec<Occurrence>> = HashMap::new();
    for held in last {
        last_of.entry(held.series_id).or_default().push(held);
    }
    for series in &mut found {
        series.occurrences = last_of.remove(&series.id).unwrap_or_default();
    }
    Ok(found)
}

/// When the next window opens.
pub(crate) async fn next_opening(db: &impl ConnectionTrait) -> Result<Option<DateTime<Utc>>, DbErr> {
    let sql = "SELECT min(opens_at) AS next FROM recurring.rules WHERE opens_at IS NOT NULL AND NOT is_unsettled";
    let row = db.query_one_raw(statement(sql, [])).await?;
    row.map_or(Ok(None), |row| row.try_get("", "next"))
}

/// When the window opens that a job is for, if that is the next of its series.
pub(crate) async fn opening(db: &impl ConnectionTrait, job: JobName) -> Result<Option<DateTime<Utc>>, DbErr> {
    let sql = "SELECT opens_at FROM recurring.rules WHERE id = $1 AND occurrence + 1 = $2";
    let row = db.query_one_raw(statement(sql, [job.series_id.into(), job.number.into()])).await?;
    row.map_or(Ok(None), |row| row.try_get("", "opens_at"))
}

/// Stores a series that is new; says whether it is. Somebody else may have been first.
pub(crate) async fn begin(db: &impl ConnectionTrait, series: &Series) -> Result<bool, DbErr> {
    let columns = columns_written();
    let sql = format!(
        "WITH begun AS (INSERT INTO recurring.rules ({columns}) \
          SELECT {columns} FROM jsonb_populate_recordset(NULL::recurring.rules, $1::jsonb) ON CONFLICT DO NOTHING RETURNING id) \
        INSERT INTO recurring.occurrences \
        SELECT held.* FROM jsonb_populate_recordset(NULL::recurring.occurrences, $2::jsonb) AS held JOIN begun ON begun.id = held.series_id"
    );
    let version = i64::from(series.job().is_some());
    let values = [json_text(&[written(series, version)]).into(), json_text(&series.occurrences).into()];
    Ok(db.execute_raw(statement(&sql, values)).await?.rows_affected() > 0)
}

/// Stores what differs from before, of series that are locked; says whether anything does.
pub(crate) async fn save(db: &impl ConnectionTrait, changed: &[(Series, Series)]) -> Result<bool, DbErr> {
    let columns = columns_written();
    let anew = columns.split(", ").filter(|column| !["id", "version"].contains(column));
    let anew = anew.map(|column| format!("{column} = excluded.{column}")).collect::<Vec<_>>().join(", ");
    let save = format!(
        "WITH saved AS (INSERT INTO recurring.rules ({columns}) \
          SELECT {columns} FROM jsonb_populate_recordset(NULL::recurring.rules, $1::jsonb) \
          ON CONFLICT (id) DO UPDATE SET {anew}, version = rules.version + excluded.version) \
        INSERT INTO recurring.occurrences SELECT * FROM jsonb_populate_recordset(NULL::recurring.occurrences, $2::jsonb) \
        ON CONFLICT (task_id) DO UPDATE SET due = excluded.due, spent = excluded.spent, due_date = excluded.due_date, status = excluded.status, \
          made = excluded.made, attempts = excluded.attempts, not_before = excluded.not_before, \
          completed_at = excluded.completed_at, updated_at = excluded.updated_at"
    );
    let differing: Vec<&(Series, Series)> = changed.iter().filter(|(before, after)| before != after).collect();
    if differing.is_empty() {
        return Ok(false);
    }
    let rules: Vec<Value> =
        differing.iter().map(|(before, after)| written(after, i64::from(before.job() != after.job()))).collect();
    let mut occurrences: Vec<&Occurrence> =
        differing.iter().flat_map(|(before, after)| differing_of(before, after)).collect();
    // What is withdrawn makes room for another of the same number.
    occurrences.sort_by_key(|held| (held.status != Status::Withdrawn, held.series_id, held.number));
    let values = [json_text(&rules).into(), json_text(&occurrences).into()];
    db.execute_raw(statement(&save, values)).await.map(|_| true)
}

fn differing_of<'a>(before: &'a Series, after: &'a Series) -> impl Iterator<Item = &'a Occurrence> {
    after.occurrences.iter().filter(|held| !before.occurrences.contains(held))
}
