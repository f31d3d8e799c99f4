//! Passwords of the built-in issuer's users, as hashes.

use chrono::{DateTime, Utc};
use platform::database::statement;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

/// How a user proves who they are.
#[derive(Clone, FromQueryResult)]
pub struct Credentials {
    /// The user.
    pub user_id: String,
    /// argon2id, a PHC string.
    pub password_hash: String,
}

/// The credentials of the user with the address `email`, in lower case.
///
/// # Errors
/// When the database is away.
pub async fn find(db: &impl ConnectionTrait, email: &str) -> Result<Option<Credentials>, DbErr> {
    let sql = "SELECT user_id, password_hash FROM core.credentials WHERE email = $1";
    Credentials::find_by_statement(statement(sql, [email.into()])).one(db).await
}

/// Stores the credentials of a new user with the address `email`, in lower case; false when somebody else has that address,
/// in which case nothing is stored.
///
/// # Errors
/// When the database refuses.
pub async fn insert(
    db: &impl ConnectionTrait,
    email: &str,
    credentials: Credentials,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let sql = "INSERT INTO core.credentials (user_id, email, password_hash, created_at) VALUES ($1, $2, $3, $4) \
               ON CONFLICT ON CONSTRAINT credentials_email_unique DO NOTHING";
    let values = [credentials.user_id.into(), email.into(), credentials.password_hash.into(), now.into()];
    Ok(db.execute_raw(statement(sql, values)).await?.rows_affected() == 1)
}
