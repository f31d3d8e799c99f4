//! The tables.

pub(crate) mod dead_letters;
pub(crate) mod entries;
pub(crate) mod recorder;
pub(crate) mod replays;

use sea_orm::{DbBackend, Statement, Value};

fn statement(sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(DbBackend::Postgres, sql, values)
}
