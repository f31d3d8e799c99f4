//! A task as events carry it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// A whole task at one moment. Fields may be added, never renamed; a field that is `None` is left
/// out of the JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskData {
    /// The task.
    pub id: Uuid,
    /// The user who owns the task.
    pub user_id: String,
    /// The workspace that the task belongs to.
    pub workspace_id: Uuid,
    /// The project that the task is filed under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<Uuid>,
    /// The readable reference within the project, such as `WEB-12`.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// What is to be done.
    pub title: String,
    /// More about it; empty when there is nothing more to say.
    pub description: String,
    /// `todo`, `in_progress` or `done`. Text, so that a status of a newer producer is readable.
    pub status: String,
    /// Whether the status is `done`.
    pub completed: bool,
    /// When the task was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<DateTime<Utc>>,
    /// `none`, `low`, `medium`, `high` or `urgent`. Text, for the same reason as `status`.
    pub priority: String,
    /// The tags, each once.
    pub tags: Vec<String>,
    /// When the task is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_date: Option<DateTime<Utc>>,
    /// The IANA time zone in which the task's dates are meant.
    pub timezone: String,
    /// How it repeats: `rrule`, `text` and `mode`, with the members of the simple form where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recurrence: Option<Value>,
    /// The reminders as they were given.
    pub reminders: Vec<Value>,
    /// The user who is to do the task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    /// The user who created the task.
    pub reporter: String,
    /// The series that a recurring task belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recurrence_id: Option<Uuid>,
    /// The number of this task in its series, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurrence: Option<i64>,
    /// Raised by every change, from 1.
    pub version: i64,
    /// When the task was created.
    pub created_at: DateTime<Utc>,
    /// When the task last changed.
    pub updated_at: DateTime<Utc>,
    /// When the task was archived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived_at: Option<DateTime<Utc>>,
    /// When the task was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<DateTime<Utc>>,
}
