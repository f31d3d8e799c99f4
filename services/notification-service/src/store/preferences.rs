//! `notification.preferences`.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use platform::database::{Transaction, json_text, statement};
use sea_orm::{ConnectionTrait, DbErr};
use serde_json::Value;

use crate::domain::preferences::Preferences;

/// What these users chose; whoever chose nothing is not among them.
pub(crate) async fn of(
    db: &impl ConnectionTrait,
    user_ids: HashSet<String>,
) -> Result<HashMap<String, Preferences>, DbErr> {
    let sql = "SELECT user_id, settings FROM notification.preferences WHERE user_id = ANY ($1)";
    let user_ids: Vec<String> = user_ids.into_iter().collect();
    let rows = db.query_all_raw(statement(sql, [user_ids.into()])).await?;
    rows.iter().map(|row| Ok((row.try_get("", "user_id")?, read(row.try_get("", "settings")?)))).collect()
}

/// What this user chose, locked until the transaction ends, also where they chose nothing before.
pub(crate) async fn lock(transaction: &Transaction, user_id: &str, now: DateTime<Utc>) -> Result<Preferences, DbErr> {
    let sql = "INSERT INTO notification.preferences (user_id, settings, updated_at) VALUES ($1, '{}', $2) \
        ON CONFLICT (user_id) DO UPDATE SET user_id = excluded.user_id RETURNING settings";
    let row = transaction.query_one_raw(statement(sql, [user_id.into(), now.into()])).await?;
    row.map_or_else(|| Ok(Preferences::default()), |row| Ok(read(row.try_get("", "settings")?)))
}

/// When the next digest of a user is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NextDigest {
    /// As before.
    Unchanged,
    /// Then, or never.
    Is(Option<DateTime<Utc>>),
}

/// Stores what this user chose.
pub(crate) async fn save(
    db: &impl ConnectionTrait,
    user_id: &str,
    preferences: &Preferences,
    next_digest: NextDigest,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let sql = "INSERT INTO notification.preferences AS held (user_id, settings, next_digest_at, updated_at) VALUES ($1, $2::jsonb, $3, $4) \
        ON CONFLICT (user_id) DO UPDATE SET settings = excluded.settings, updated_at = excluded.updated_at, \
          next_digest_at = CASE WHEN $5 THEN excluded.next_digest_at ELSE held.next_digest_at END";
    let (is_known, next_digest_at) = match next_digest {
        NextDigest::Unchanged => (false, None),
        NextDigest::Is(next) => (true, next),
    };
    let values = [user_id.into(), json_text(preferences).into(), next_digest_at.into(), now.into(), is_known.into()];
    db.execute_raw(statement(sql, values)).await.map(|_| ())
}

/// Users whose digest is due.
pub(crate) async fn due_digests(
    db: &impl ConnectionTrait,
    now: DateTime<Utc>,
    most: i64,
) -> Result<Vec<String>, DbErr> {
    let sql =
        "SELECT user_id FROM notification.preferences WHERE next_digest_at <= $1 ORDER BY next_digest_at LIMIT $2";
    let rows = db.query_all_raw(statement(sql, [now.into(), most.into()])).await?;
    rows.iter().map(|row| row.try_get("", "user_id")).collect()
}

/// Takes the digest that is due at `now` and puts the next one in its place; says which moment was due, or nothing when somebody else was faster.
pub(crate) async fn take_digest(
    db: &impl ConnectionTrait,
    user_id: &str,
    now: DateTime<Utc>,
    next: Option<DateTime<Utc>>,
) -> Result<Option<DateTime<Utc>>, DbErr> {
    let sql = "UPDATE notification.preferences AS taken SET next_digest_at = $3 \
        FROM (SELECT user_id, next_digest_at AS due FROM notification.preferences \
          WHERE user_id = $1 AND next_digest_at <= $2 FOR UPDATE) AS held WHERE taken.user_id = held.user_id RETURNING held.due";
    let row = db.query_one_raw(statement(sql, [user_id.into(), now.into(), next.into()])).await?;
    row.map(|row| row.try_get("", "due")).transpose()
}

/// What cannot be read, of a newer version, is as nobody had chosen.
pub(super) fn read(settings: Value) -> Preferences {
    serde_json::from_value(settings).unwrap_or_else(|error| {
        tracing::warn!(%error, "preferences that this version cannot read count as the default ones");
        Preferences::default()
    })
}
