//! A reminder as events carry it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A reminder at one moment, in `data` of the reminder events. Fields may be added, never renamed; a field that is `None` is left
/// out of the JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReminderData {
    /// The reminder. The same reminder of the same task keeps its id, whatever becomes of it.
    pub reminder_id: Uuid,
    /// The task that it is of.
    pub task_id: Uuid,
    /// The title of the task.
    pub task_title: String,
    /// Raised with each new moment, from 1.
    pub version: i64,
    /// `scheduled`, `sent`, `failed`, `cancelled` or `dormant`. Text, so that a status of a newer producer is readable.
    pub status: String,
    /// How long before the due date, as it was given (an ISO 8601 duration).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// At which moment, as it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<DateTime<Utc>>,
    /// Through which channels, as it was given: `email`, `sms`, `in_app`. Without it the preferences decide alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<Vec<String>>,
    /// When it is to be sent; `None` where there is no due date to count from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fire_at: Option<DateTime<Utc>>,
    /// When it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<DateTime<Utc>>,
    /// Whether it was sent later than it should have been; `false` is left out of the JSON.
    #[serde(default, skip_serializing_if = "is_false")]
    pub late: bool,
    /// Why it is as it is, where that is not plain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What became of each message; empty before it is sent.
    #[serde(default)]
    pub results: Vec<ReminderResult>,
}

/// What became of one message of a reminder: to one person, by one channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReminderResult {
    /// Whom it was for.
    pub user_id: String,
    /// `email`, `sms` or `in_app`.
    pub channel: String,
    /// `pending`, `sent`, `failed` or `skipped`.
    pub status: String,
    /// More about it, such as why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}
