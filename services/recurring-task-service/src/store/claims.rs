//! Claims: whoever works on an instance puts it off for everybody else; when that time has passed, the work is anybody's again. So a process that is
//! killed takes nothing with it. What is asked twice because an answer was late, is the same the second time.

use chrono::{DateTime, TimeDelta, Utc};
use platform::database::statement;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, QueryResult};
use uuid::Uuid;

use super::rows::{OCCURRENCE, SERIES};
use crate::domain::occurrence::Occurrence;
use crate::domain::series::Series;

/// How long a claim lasts: longer than backend-api takes to answer, and short, as it is what a killed process costs.
const LEASE: TimeDelta = TimeDelta::seconds(5);

/// What can be done next: one is passed over only when the next is there.
const TO_DO: &str = "held.status IN ('pending', 'withdrawing', 'skipping') AND (held.status <> 'skipping' OR NOT EXISTS \
     (SELECT FROM recurring.occurrences AS other WHERE other.series_id = held.series_id AND other.status = 'pending'))";

/// An instance that something is to be done with, and its series as it is now.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) series: Series,
    pub(crate) occurrence: Occurrence,
}

impl FromQueryResult for Claim {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        let series = Series::from_query_result(row, &format!("{prefix}rule_"))?;
        Ok(Self { series, occurrence: Occurrence::from_query_result(row, prefix)? })
    }
}

/// Claims instances that something is to be done with now, the longest waiting first.
pub(crate) async fn claim(db: &impl ConnectionTrait, now: DateTime<Utc>, most: i64) -> Result<Vec<Claim>, DbErr> {
    let listed = |columns: &str, table: &str, prefix: &str| {
        let column = |name: &str| format!("{table}.{name} AS {prefix}{name}");
        columns.split(", ").map(str::trim).map(column).collect::<Vec<_>>().join(", ")
    };
    let sql = format!(
        "WITH claimed AS (UPDATE recurring.occurrences SET not_before = $2, attempts = attempts + 1 WHERE task_id IN \
          (SELECT task_id FROM recurring.occurrences AS held WHERE {TO_DO} AND not_before <= $1 \
            ORDER BY not_before LIMIT $3 FOR UPDATE SKIP LOCKED) RETURNING *) \
        SELECT {}, {} FROM claimed JOIN recurring.rules AS rule ON rule.id = claimed.series_id",
        listed(OCCURRENCE, "claimed", ""),
        listed(SERIES, "rule", "rule_"),
    );
    let values = [now.into(), (now + LEASE).into(), most.into()];
    Claim::find_by_statement(statement(&sql, values)).all(db).await
}

/// When the next instance may be worked on: also when a claim ends.
pub(crate) async fn next(db: &impl ConnectionTrait) -> Result<Option<DateTime<Utc>>, DbErr> {
    let sql = format!(
        "SELECT not_before AS next FROM recurring.occurrences AS held WHERE {TO_DO} ORDER BY not_before LIMIT 1"
    );
    let row = db.query_one_raw(statement(&sql, [])).await?;
    row.map_or(Ok(None), |row| row.try_get("", "next"))
}

/// backend-api has made its task. Stored in one statement where nothing follows from it, and the series is as it was claimed; says whether it was.
pub(crate) async fn made(db: &impl ConnectionTrait, claim: &Claim, now: DateTime<Utc>) -> Result<bool, DbErr> {
    let sql = "WITH rule AS (SELECT id FROM recurring.rules WHERE id = $1 AND updated_at = $4 AND opens_at IS NULL FOR SHARE) \
        UPDATE recurring.occurrences AS held SET made = true, attempts = 0, updated_at = $3, status = 'open' \
        FROM rule WHERE held.task_id = $2 AND held.status = 'pending'";
    let Claim { series, occurrence } = claim;
    let values = [series.id.into(), occurrence.task_id.into(), now.into(), series.updated_at.into()];
    let stored = db.execute_raw(statement(sql, values)).await?;
    Ok(stored.rows_affected() > 0)
}

/// Its task is put away.
pub(crate) async fn skipped(db: &impl ConnectionTrait, task_id: Uuid, now: DateTime<Utc>) -> Result<(), DbErr> {
    let sql = "UPDATE recurring.occurrences SET status = 'skipped', updated_at = $2 \
        WHERE task_id = $1 AND status = 'skipping'";
    db.execute_raw(statement(sql, [task_id.into(), now.into()])).await.map(|_| ())
}

/// It is to be tried again at `not_before`, unless something else is to be done with it by now, or somebody else is at it.
pub(crate) async fn put_off(db: &impl ConnectionTrait, claim: &Claim, not_before: DateTime<Utc>) -> Result<(), DbErr> {
    let sql = "UPDATE recurring.occurrences SET not_before = $3 WHERE task_id = $1 AND not_before = $2";
    let Occurrence { task_id, not_before: claimed, .. } = &claim.occurrence;
    let values = [(*task_id).into(), (*claimed).into(), not_before.into()];
    db.execute_raw(statement(sql, values)).await.map(|_| ())
}

/// How many instances wait for something to be done with them, and since when the longest; at most `most` are looked at.
pub(crate) async fn waiting(db: &impl ConnectionTrait, most: i64) -> Result<(i64, Option<DateTime<Utc>>), DbErr> {
    let sql = "SELECT count(*) AS waiting, min(updated_at) AS since FROM (SELECT updated_at FROM recurring.occurrences \
        WHERE status IN ('pending', 'withdrawing', 'skipping') ORDER BY not_before LIMIT $1) AS oldest";
    let Some(row) = db.query_one_raw(statement(sql, [most.into()])).await? else { return Ok((0, None)) };
    Ok((row.try_get("", "waiting")?, row.try_get("", "since")?))
}
