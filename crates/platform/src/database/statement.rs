//! Statements and their values.

use sea_orm::{DbBackend, Statement, Value};
use serde::Serialize;

/// A Postgres statement with its values.
pub fn statement(sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(DbBackend::Postgres, sql, values)
}

/// JSON for a parameter that the statement casts to `jsonb`: what cannot be written is empty, which Postgres refuses.
pub fn json_text(value: &(impl Serialize + ?Sized)) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// One array of a statement that takes its rows as columns, for `unnest`.
pub fn column<T>(values: impl IntoIterator<Item = T>) -> Value
where
    Vec<T>: Into<Value>,
{
    values.into_iter().collect::<Vec<T>>().into()
}
