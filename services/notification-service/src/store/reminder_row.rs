//! A row of `notification.reminders`.

use chrono::{DateTime, Utc};
use sea_orm::{DbErr, FromQueryResult, QueryResult};
use serde::Deserialize;
use serde::de::value::{Error, StrDeserializer};
use serde_json::{Value, json};

use crate::domain::channel::Channel;
use crate::domain::reminder::{Reminder, Status, Wanted, When};

/// The columns that a [`Reminder`] is read from.
pub(super) const COLUMNS: &str = "id, task_id, workspace_id, user_id, task_title, before, at, channels, status, reason, fire_at, version, \
     fired_at, late, sent_at, results, created_at, updated_at";

impl FromQueryResult for Reminder {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        let before: Option<String> = row.try_get(prefix, "before")?;
        let at: Option<DateTime<Utc>> = row.try_get(prefix, "at")?;
        let when = before.map(When::Before).or(at.map(When::At));
        let channels: Option<Vec<String>> = row.try_get(prefix, "channels")?;
        let channels = channels.map(|channels| channels.iter().map(|channel| word::<Channel>(channel)).collect());
        let status: String = row.try_get(prefix, "status")?;
        Ok(Self {
            id: row.try_get(prefix, "id")?,
            task_id: row.try_get(prefix, "task_id")?,
            workspace_id: row.try_get(prefix, "workspace_id")?,
            user_id: row.try_get(prefix, "user_id")?,
            task_title: row.try_get(prefix, "task_title")?,
            wanted: Wanted {
                when: when.ok_or_else(|| unreadable("neither before nor at"))?,
                channels: channels.transpose()?,
            },
            status: word::<Status>(&status)?,
            reason: row.try_get(prefix, "reason")?,
            fire_at: row.try_get(prefix, "fire_at")?,
            version: row.try_get(prefix, "version")?,
            fired_at: row.try_get(prefix, "fired_at")?,
            late: row.try_get(prefix, "late")?,
            sent_at: row.try_get(prefix, "sent_at")?,
            results: row.try_get(prefix, "results")?,
            created_at: row.try_get(prefix, "created_at")?,
            updated_at: row.try_get(prefix, "updated_at")?,
        })
    }
}

/// One of the names of an enumeration.
pub(super) fn word<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, DbErr> {
    T::deserialize(StrDeserializer::<Error>::new(text)).map_err(|error| unreadable(&error.to_string()))
}

fn unreadable(why: &str) -> DbErr {
    DbErr::Type(format!("a row cannot be read: {why}"))
}

/// As `jsonb_populate_recordset` reads it.
pub(super) fn written(reminder: &Reminder, task_sequence: i64) -> Value {
    let (before, at) = match &reminder.wanted.when {
        When::Before(duration) => (Some(duration), None),
        When::At(at) => (None, Some(at)),
    };
    json!({
        "id": reminder.id, "task_id": reminder.task_id, "workspace_id": reminder.workspace_id, "user_id": reminder.user_id,
        "task_sequence": task_sequence, "task_title": reminder.task_title, "before": before, "at": at,
        "channels": reminder.wanted.channels, "status": reminder.status, "reason": reminder.reason, "fire_at": reminder.fire_at,
        "version": reminder.version, "fired_at": reminder.fired_at, "late": reminder.late, "sent_at": reminder.sent_at,
        "results": reminder.results, "created_at": reminder.created_at, "updated_at": reminder.updated_at,
    })
}
