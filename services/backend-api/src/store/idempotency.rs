//! Requests that are carried out once: `Idempotency-Key` and the answer that goes with it.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use chrono::{DateTime, TimeDelta, Utc};
use platform::database::{Transaction, json_text, statement};
use platform::problem::{FieldError, Problem};
use sea_orm::{ConnectionTrait, DbErr};

use super::reply::Reply;

/// How long an answer is kept.
pub const KEEP: TimeDelta = TimeDelta::hours(24);

/// How often the lock is tried: a transaction that was refused is rolled back a moment after its answer was sent, and most
/// requests end within that time too.
const TRIES: u32 = 20;
/// How long between two tries.
const PAUSE: Duration = Duration::from_millis(10);

/// A request that asked to be carried out once.
#[derive(Clone, Debug)]
pub struct Once {
    /// Whose key it is.
    pub scope: String,
    /// The key.
    pub key: String,
    /// SHA-256 of what was asked; HMAC-SHA256 where it holds a password.
    pub fingerprint: Vec<u8>,
}

/// What is known of a key.
#[derive(Debug)]
pub enum Claim {
    /// Nothing: this transaction holds the key until it ends.
    First,
    /// It was used for this very request.
    Repeated(Reply),
}

/// Takes the key for this transaction, or finds what it was used for.
///
/// # Errors
/// 409 while another transaction holds the key, 422 when it was used for another request.
pub async fn claim(transaction: &Transaction, once: &Once, now: DateTime<Utc>) -> Result<Claim, Problem> {
    let mut tries = 0;
    while !take_lock(transaction, once).await? {
        tries += 1;
        if tries > TRIES {
            return Err(Problem::conflict(
                "idempotency_in_flight",
                "A request with this Idempotency-Key is under way. Repeat it in a moment for its answer.",
            )
            .header(header::RETRY_AFTER, HeaderValue::from_static("1")));
        }
        tokio::time::sleep(PAUSE).await;
    }
    // A statement of its own: it must see what was committed before the lock was free.
    let find = statement(
        "SELECT fingerprint, response FROM core.idempotency_keys WHERE scope = $1 AND key = $2 AND created_at > $3",
        [once.scope.clone().into(), once.key.clone().into(), (now - KEEP).into()],
    );
    let Some(row) = transaction.query_one_raw(find).await? else { return Ok(Claim::First) };
    let fingerprint: Vec<u8> = row.try_get_by_index(0)?;
    if fingerprint != once.fingerprint {
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency_key_reused",
            "The Idempotency-Key was used for another request",
        )
        .detail("Send a new Idempotency-Key with a new request.")
        .field(FieldError::new("", "idempotency_key_reused", "The key belongs to another request.")));
    }
    let stored: serde_json::Value = row.try_get_by_index(1)?;
    serde_json::from_value(stored).map(Claim::Repeated).map_err(|error| Problem::internal(&error))
}

/// Takes the lock of the key until the transaction ends; false while another one has it.
async fn take_lock(transaction: &Transaction, once: &Once) -> Result<bool, DbErr> {
    let sql = "SELECT pg_try_advisory_xact_lock(hashtextextended($1 || chr(31) || $2, 0))";
    let lock = statement(sql, [once.scope.clone().into(), once.key.clone().into()]);
    let taken = transaction.query_one_raw(lock).await?.map(|row| row.try_get_by_index(0)).transpose()?;
    Ok(taken.unwrap_or(false))
}

/// Keeps the answer with the key; it becomes visible with the change itself.
///
/// # Errors
/// When the database refuses.
pub async fn save(transaction: &Transaction, once: &Once, reply: &Reply, now: DateTime<Utc>) -> Result<(), DbErr> {
    let sql = "INSERT INTO core.idempotency_keys (scope, key, fingerprint, response, created_at) \
               VALUES ($1, $2, $3, $4::jsonb, $5) ON CONFLICT (scope, key) DO UPDATE \
               SET fingerprint = excluded.fingerprint, response = excluded.response, created_at = excluded.created_at";
    let values = [
        once.scope.clone().into(),
        once.key.clone().into(),
        once.fingerprint.clone().into(),
        json_text(reply).into(),
        now.into(),
    ];
    transaction.execute_raw(statement(sql, values)).await.map(|_| ())
}

/// Forgets a batch of answers that are older than 24 h; returns how many.
///
/// # Errors
/// When the database is away.
pub async fn forget_expired(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let sql = "DELETE FROM core.idempotency_keys WHERE (scope, key) IN \
               (SELECT scope, key FROM core.idempotency_keys WHERE created_at <= $1 LIMIT 1000)";
    Ok(db.execute_raw(statement(sql, [(now - KEEP).into()])).await?.rows_affected())
}
