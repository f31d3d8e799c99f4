//! Tickets to WebSockets: whose they are, not the tickets themselves.

use chrono::{DateTime, Utc};
use platform::database::statement;
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

/// Keeps a ticket.
///
/// # Errors
/// When the database refuses.
pub async fn insert(
    db: &impl ConnectionTrait,
    id: Uuid,
    user_id: &str,
    token_expires_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<(), DbErr> {
    let sql = "INSERT INTO core.ws_tickets (id, user_id, token_expires_at, expires_at) VALUES ($1, $2, $3, $4)";
    let values = [id.into(), user_id.into(), token_expires_at.into(), expires_at.into()];
    db.execute_raw(statement(sql, values)).await.map(|_| ())
}

/// Removes a ticket; its user and the expiry of their token, if it was still good.
///
/// # Errors
/// When the database is away.
pub async fn take(
    db: &impl ConnectionTrait,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<Option<(String, DateTime<Utc>)>, DbErr> {
    let sql = "DELETE FROM core.ws_tickets WHERE id = $1 AND expires_at > $2 AND token_expires_at > $2 \
               RETURNING user_id, token_expires_at";
    let row = db.query_one_raw(statement(sql, [id.into(), now.into()])).await?;
    row.map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).transpose()
}

/// Removes tickets that were never used; returns how many.
///
/// # Errors
/// When the database is away.
pub async fn forget_expired(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let sql = "DELETE FROM core.ws_tickets WHERE expires_at <= $1";
    Ok(db.execute_raw(statement(sql, [now.into()])).await?.rows_affected())
}
