//! Refresh tokens of the built-in issuer.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr};

use super::statement;

/// Removes tokens that have expired; returns how many.
///
/// # Errors
/// When the database is away.
pub async fn forget_expired(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let sql = "DELETE FROM core.refresh_tokens WHERE expires_at <= $1";
    Ok(db.execute_raw(statement(sql, [now.into()])).await?.rows_affected())
}
