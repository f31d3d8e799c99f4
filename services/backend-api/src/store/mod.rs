//! Postgres: entities, scoped finders, and the one way to change something.

pub mod change;
pub mod credentials;
pub mod idempotency;
pub mod refresh_tokens;
pub mod reply;
pub mod tasks;
pub mod users;
pub mod visibility;
pub mod ws_tickets;

use sea_orm::{DbBackend, Statement, Value};

/// A Postgres statement with its values.
fn statement<const N: usize>(sql: &str, values: [Value; N]) -> Statement {
    Statement::from_sql_and_values(DbBackend::Postgres, sql, values)
}
