//! Postgres: connecting, and bringing a service's schema up to date.
//!
//! Everything that runs during service passes a transaction pooler: schema-qualified tables, no session state, and statements as
//! [`Statements`] says. Migrations run as the owner of the tables, past the pooler; the service itself connects as a role that owns
//! nothing.

mod config;
mod lease;
mod migration;
mod pool;
mod statement;
mod transaction;

use std::time::Duration;

use sea_orm::sqlx::error::DatabaseError;
use sea_orm::{ConnectionTrait as _, DbBackend, DbErr, RuntimeErr, Statement};

pub use config::{DatabaseConfig, PoolOptions, Statements};
pub use migration::{Schema, SqlMigration, migrate, migrate_from, owner_url};
pub use pool::{Pool, address, connect, open};
pub use statement::{column, json_text, statement};
pub use transaction::Transaction;

/// Begins a transaction.
///
/// # Errors
/// When the database is away.
pub async fn begin(db: &Pool) -> Result<Transaction, DbErr> {
    Transaction::begin(db, "BEGIN").await
}

/// Begins a transaction that only reads, all of it as of one moment.
///
/// # Errors
/// When the database is away.
pub async fn begin_snapshot(db: &Pool) -> Result<Transaction, DbErr> {
    Transaction::begin(db, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await
}

/// Begins a transaction that sees every tenant's rows.
///
/// # Errors
/// When the database is away.
pub async fn begin_as_system(db: &Pool) -> Result<Transaction, DbErr> {
    let transaction = begin(db).await?;
    act_as_system(&transaction).await?;
    Ok(transaction)
}

/// Lets the rest of the transaction see every tenant's rows, for work that is nobody's: row-level security hides them otherwise.
///
/// # Errors
/// When the database is away.
pub async fn act_as_system(transaction: &Transaction) -> Result<(), DbErr> {
    let sql = "SELECT set_config('tidings.scope', 'system', true)";
    transaction.execute_raw(Statement::from_string(DbBackend::Postgres, sql)).await.map(|_| ())
}

/// Closes the pool, so that the server sees a farewell; what is still in use after 300 ms is left behind.
pub async fn leave(db: Pool) {
    if tokio::time::timeout(Duration::from_millis(300), db.close()).await.is_err() {
        tracing::debug!("connections were left open");
    }
}

/// Whether the database refused a statement for what it holds, as it will each time: SQLSTATE class 22 (data exception), 23
/// (constraint violated) or 54 (a limit of the database exceeded).
pub fn refuses_data(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause))) = error else {
        return false;
    };
    let code = cause.as_database_error().and_then(DatabaseError::code);
    code.is_some_and(|code| ["22", "23", "54"].iter().any(|class| code.starts_with(class)))
}

/// Whether the database answers, for readiness.
pub async fn is_reachable(db: &Pool) -> bool {
    tokio::time::timeout(Duration::from_secs(2), db.ping()).await.is_ok_and(|answer| answer.is_ok())
}
