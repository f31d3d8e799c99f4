//! Refresh tokens of the built-in issuer: what happened to each, not the tokens themselves.

use chrono::{DateTime, Utc};
use platform::database::{Transaction, statement};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use uuid::Uuid;

use crate::domain::refresh_token::{History, LIFETIME};

/// A refresh token.
#[derive(Clone, Debug, FromQueryResult)]
pub struct RefreshToken {
    /// The tokens that descend from the same sign-in.
    pub family_id: Uuid,
    /// Whose it is.
    pub user_id: String,
    expires_at: DateTime<Utc>,
    used_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
}

impl RefreshToken {
    /// What happened to it.
    pub fn history(&self) -> History {
        History { expires_at: self.expires_at, used_at: self.used_at, revoked_at: self.revoked_at }
    }
}

/// The token.
///
/// # Errors
/// When the database is away.
pub async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<RefreshToken>, DbErr> {
    let sql = "SELECT family_id, user_id, expires_at, used_at, revoked_at FROM core.refresh_tokens WHERE id = $1";
    RefreshToken::find_by_statement(statement(sql, [id.into()])).one(db).await
}

/// The token, with its whole family locked until the transaction ends: a revocation must not miss the successor that is
/// being made at the same moment.
///
/// # Errors
/// When the database is away.
pub async fn find_for_update(transaction: &Transaction, id: Uuid) -> Result<Option<RefreshToken>, DbErr> {
    let lock = "SELECT pg_advisory_xact_lock(hashtextextended('refresh-tokens:' || family_id::text, 0)) \
                FROM core.refresh_tokens WHERE id = $1";
    transaction.execute_raw(statement(lock, [id.into()])).await?;
    // A statement of its own: it must see what was committed before the lock was free.
    find(transaction, id).await
}

/// Stores the first token of a new family.
///
/// # Errors
/// When the database refuses.
pub async fn insert(
    db: &impl ConnectionTrait,
    id: Uuid,
    family_id: Uuid,
    user_id: &str,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let sql = "INSERT INTO core.refresh_tokens (id, family_id, user_id, created_at, expires_at) \
               VALUES ($1, $2, $3, $4, $5)";
    let values = [id.into(), family_id.into(), user_id.into(), now.into(), (now + LIFETIME).into()];
    db.execute_raw(statement(sql, values)).await.map(|_| ())
}

/// Marks the token `id` as used and stores its successor.
///
/// # Errors
/// When the database refuses.
pub async fn rotate(db: &impl ConnectionTrait, id: Uuid, successor: Uuid, now: DateTime<Utc>) -> Result<(), DbErr> {
    let sql = "WITH used AS (UPDATE core.refresh_tokens SET used_at = $3 WHERE id = $1 RETURNING family_id, user_id) \
               INSERT INTO core.refresh_tokens (id, family_id, user_id, created_at, expires_at) \
               SELECT $2, family_id, user_id, $3, $4 FROM used";
    let values = [id.into(), successor.into(), now.into(), (now + LIFETIME).into()];
    let stored = db.execute_raw(statement(sql, values)).await?.rows_affected();
    if stored == 1 { Ok(()) } else { Err(DbErr::RecordNotUpdated) }
}

/// Revokes every token of the family that is not revoked yet.
///
/// # Errors
/// When the database refuses.
pub async fn revoke_family(db: &impl ConnectionTrait, family_id: Uuid, now: DateTime<Utc>) -> Result<(), DbErr> {
    let sql = "UPDATE core.refresh_tokens SET revoked_at = $2 WHERE family_id = $1 AND revoked_at IS NULL";
    db.execute_raw(statement(sql, [family_id.into(), now.into()])).await.map(|_| ())
}

/// Removes tokens that have expired; returns how many.
///
/// # Errors
/// When the database is away.
pub async fn forget_expired(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let sql = "DELETE FROM core.refresh_tokens WHERE expires_at <= $1";
    Ok(db.execute_raw(statement(sql, [now.into()])).await?.rows_affected())
}
