//! `audit.dead_letters`: appended to and read, nothing else.

use chrono::{DateTime, Utc};
use platform::database::statement;
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement, Value};
use uuid::Uuid;

use crate::domain::dead_letter::{Arrival, Claims, Selection, Status, Summary};

const INSERT: &str = "INSERT INTO audit.dead_letters (id, topic, cause, reason, attempts, consumer, event_id, \
    event_type, user_id, workspace_id, received_at, fingerprint, bytes) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (fingerprint) DO NOTHING";

const REPLAYED: &str =
    "EXISTS (SELECT FROM audit.dead_letter_replays AS replay WHERE replay.dead_letter_id = letter.id)";

const BYTES: &str = "SELECT topic, bytes FROM audit.dead_letters WHERE id = $1";

/// Adds what arrived; false when it is there already.
pub(crate) async fn insert(
    db: &impl ConnectionTrait,
    id: Uuid,
    arrival: Arrival,
    cause: String,
    received_at: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let Claims { event_id, event_type, user_id, workspace_id } = Claims::of(&arrival.bytes);
    let values = [
        id.into(),
        arrival.topic.as_str().into(),
        cause.into(),
        arrival.reason().into(),
        arrival.attempts.into(),
        arrival.consumer().into(),
        event_id.into(),
        event_type.into(),
        user_id.into(),
        workspace_id.into(),
        received_at.into(),
        arrival.fingerprint().to_vec().into(),
        arrival.bytes.into(),
    ];
    Ok(db.execute_raw(statement(INSERT, values)).await?.rows_affected() == 1)
}

/// The newest letters of `selection`, at most `limit`.
pub(crate) async fn list(
    db: &impl ConnectionTrait,
    selection: &Selection,
    limit: usize,
) -> Result<Vec<Summary>, DbErr> {
    db.query_all_raw(query(selection, limit)).await?.iter().map(summary).collect()
}

/// What does not matter is left out, so that the planner sees which index serves.
fn query(selection: &Selection, limit: usize) -> Statement {
    let mut values: Vec<Value> = vec![i64::try_from(limit).unwrap_or(i64::MAX).into()];
    let mut conditions = vec!["true".to_owned()];
    if let Some(topic) = selection.topic {
        values.push(topic.as_str().into());
        conditions.push(format!("topic = ${}", values.len()));
    }
    if let Some(after) = selection.after {
        values.push(after.into());
        conditions.push(format!("id < ${}", values.len()));
    }
    match selection.status {
        Some(Status::Dead) => conditions.push(format!("NOT {REPLAYED}")),
        Some(Status::Replayed) => conditions.push(REPLAYED.to_owned()),
        None => {}
    }
    statement(&summaries(&conditions.join(" AND ")), values)
}

/// What is known of one letter.
pub(crate) async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Summary>, DbErr> {
    let values = [1_i64.into(), id.into()];
    db.query_one_raw(statement(&summaries("id = $2"), values)).await?.as_ref().map(summary).transpose()
}

/// The topic and the bytes of one letter.
pub(crate) async fn message(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<(String, Vec<u8>)>, DbErr> {
    let Some(row) = db.query_one_raw(statement(BYTES, [id.into()])).await? else { return Ok(None) };
    Ok(Some((row.try_get("", "topic")?, row.try_get("", "bytes")?)))
}

/// How many of the `newest` letters there are, and how many of those are dead. However many letters there are in all, no more
/// than those are looked at.
pub(crate) async fn count_dead(db: &impl ConnectionTrait, newest: i64) -> Result<(i64, i64), DbErr> {
    let Some(row) = db.query_one_raw(count_of(newest)).await? else { return Ok((0, 0)) };
    Ok((row.try_get("", "letters")?, row.try_get("", "dead")?))
}

fn count_of(newest: i64) -> Statement {
    let sql = format!(
        "SELECT count(*) AS letters, count(*) FILTER (WHERE NOT {REPLAYED}) AS dead \
         FROM (SELECT id FROM audit.dead_letters ORDER BY id DESC LIMIT $1) AS letter"
    );
    statement(&sql, [newest.into()])
}

fn summaries(conditions: &str) -> String {
    format!(
        "SELECT id, topic, cause, reason, attempts, consumer, event_id, event_type, user_id, workspace_id, received_at, \
         octet_length(bytes) AS size, {REPLAYED} AS replayed \
         FROM audit.dead_letters AS letter WHERE {conditions} ORDER BY id DESC LIMIT $1"
    )
}

fn summary(row: &QueryResult) -> Result<Summary, DbErr> {
    let replayed: bool = row.try_get("", "replayed")?;
    Ok(Summary {
        id: row.try_get("", "id")?,
        topic: row.try_get("", "topic")?,
        status: if replayed { Status::Replayed } else { Status::Dead },
        cause: row.try_get("", "cause")?,
        reason: row.try_get("", "reason")?,
        attempts: row.try_get("", "attempts")?,
        consumer: row.try_get("", "consumer")?,
        event_id: row.try_get("", "event_id")?,
        event_type: row.try_get("", "event_type")?,
        user_id: row.try_get("", "user_id")?,
        workspace_id: row.try_get("", "workspace_id")?,
        received_at: row.try_get("", "received_at")?,
        size: row.try_get("", "size")?,
    })
}

#[cfg(test)]
mod tests;
