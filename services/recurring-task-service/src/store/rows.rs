//! Rows of `recurring.rules` and `recurring.occurrences`.

use chrono_tz::Tz;
use sea_orm::{DbErr, FromQueryResult, QueryResult};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde::de::value::{Error, StrDeserializer};
use serde_json::{Value, json};

use crate::domain::occurrence::Occurrence;
use crate::domain::series::Series;

/// The columns that a [`Series`] is read from; its instances are read apart.
pub(super) const SERIES: &str = "id, workspace_id, user_id, task_sequence, zone_sequence, recurrence, first_occurrence, first_local, \
     timezone, status, reason, template, commands, skip_key, occurrence, due, spent, created_at, updated_at";

/// The columns that are [`written`]: those that are read, and what follows from them for whoever looks for series.
pub(super) fn columns_written() -> String {
    format!("{SERIES}, opens_at, is_unsettled, version")
}

/// The columns that an [`Occurrence`] is read from.
pub(super) const OCCURRENCE: &str = "task_id, series_id, number, due, spent, due_date, status, made, attempts, not_before, \
     completed_at, trace, created_at, updated_at";

impl FromQueryResult for Series {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        let (timezone, status): (String, String) = (row.try_get(prefix, "timezone")?, row.try_get(prefix, "status")?);
        Ok(Self {
            id: row.try_get(prefix, "id")?,
            workspace_id: row.try_get(prefix, "workspace_id")?,
            user_id: row.try_get(prefix, "user_id")?,
            task_sequence: row.try_get(prefix, "task_sequence")?,
            zone_sequence: row.try_get(prefix, "zone_sequence")?,
            recurrence: document(row.try_get(prefix, "recurrence")?)?,
            first_occurrence: row.try_get(prefix, "first_occurrence")?,
            first_local: row.try_get(prefix, "first_local")?,
            zone: timezone.parse().unwrap_or(Tz::UTC),
            status: word(&status)?,
            reason: row.try_get(prefix, "reason")?,
            template: document(row.try_get(prefix, "template")?)?,
            commands: document(row.try_get(prefix, "commands")?)?,
            skip_key: row.try_get(prefix, "skip_key")?,
            occurrence: row.try_get(prefix, "occurrence")?,
            due: row.try_get(prefix, "due")?,
            spent: count(row.try_get(prefix, "spent")?),
            created_at: row.try_get(prefix, "created_at")?,
            updated_at: row.try_get(prefix, "updated_at")?,
            occurrences: Vec::new(),
        })
    }
}

impl FromQueryResult for Occurrence {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        let status: String = row.try_get(prefix, "status")?;
        Ok(Self {
            task_id: row.try_get(prefix, "task_id")?,
            series_id: row.try_get(prefix, "series_id")?,
            number: row.try_get(prefix, "number")?,
            due: row.try_get(prefix, "due")?,
            spent: count(row.try_get(prefix, "spent")?),
            due_date: row.try_get(prefix, "due_date")?,
            status: word(&status)?,
            made: row.try_get(prefix, "made")?,
            attempts: row.try_get(prefix, "attempts")?,
            not_before: row.try_get(prefix, "not_before")?,
            completed_at: row.try_get(prefix, "completed_at")?,
            trace: row.try_get(prefix, "trace")?,
            created_at: row.try_get(prefix, "created_at")?,
            updated_at: row.try_get(prefix, "updated_at")?,
        })
    }
}

/// Postgres has no numbers without a sign.
fn count(number: i32) -> u32 {
    number.max(0).unsigned_abs()
}

/// One of the names of an enumeration.
fn word<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, DbErr> {
    T::deserialize(StrDeserializer::<Error>::new(text)).map_err(|error| unreadable(&error))
}

fn document<T: DeserializeOwned>(value: Value) -> Result<T, DbErr> {
    serde_json::from_value(value).map_err(|error| unreadable(&error))
}

fn unreadable(why: &dyn std::error::Error) -> DbErr {
    DbErr::Type(format!("a row cannot be read: {why}"))
}

/// As `jsonb_populate_recordset` reads it. The `version` is what is to be added to the one before: 1 when the sidecar is to be told of
/// another job.
pub(super) fn written(series: &Series, version: i64) -> Value {
    json!({
        "id": series.id, "workspace_id": series.workspace_id, "user_id": series.user_id, "task_sequence": series.task_sequence,
        "zone_sequence": series.zone_sequence, "recurrence": series.recurrence, "first_occurrence": series.first_occurrence,
        "first_local": series.first_local, "timezone": series.zone.name(), "status": series.status, "reason": series.reason,
        "template": series.template, "commands": series.commands, "skip_key": series.skip_key, "occurrence": series.occurrence,
        "due": series.due, "spent": series.spent, "created_at": series.created_at, "updated_at": series.updated_at,
        "opens_at": series.opens_at(), "is_unsettled": series.is_unsettled(), "version": version,
    })
}
