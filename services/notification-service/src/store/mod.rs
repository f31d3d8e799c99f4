//! The tables.

pub(crate) mod claims;
pub(crate) mod deliveries;
pub(crate) mod jobs;
pub(crate) mod notices;
pub(crate) mod notifications;
pub(crate) mod outbox;
pub(crate) mod page;
pub(crate) mod preferences;
pub(crate) mod reminder_row;
pub(crate) mod reminders;

use sea_orm::{DbBackend, Statement, Value};
use serde::Serialize;

fn statement(sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(DbBackend::Postgres, sql, values)
}

/// JSON for a parameter that the statement casts to `jsonb`: what cannot be written is empty, which Postgres refuses.
fn json_text(value: &(impl Serialize + ?Sized)) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
