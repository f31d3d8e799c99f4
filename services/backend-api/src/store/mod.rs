//! Postgres: entities, scoped finders, and the one way to change something.

pub mod change;
pub mod creation;
pub mod credentials;
pub mod deleted_tasks;
pub mod history;
pub mod idempotency;
pub mod isolation;
mod outbox;
pub mod recipients;
pub mod refresh_tokens;
pub mod reply;
pub mod sync;
pub mod task_page;
pub mod tasks;
pub mod users;
pub mod visibility;
pub mod ws_tickets;

use sea_orm::{DbBackend, Statement, Value};
use serde::Serialize;

/// A Postgres statement with its values.
fn statement(sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(DbBackend::Postgres, sql, values)
}

/// JSON for a parameter that the statement casts to `jsonb`: what cannot be written is empty, which Postgres refuses.
fn json_text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
