//! A notification as events carry it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a person is told in the application, in `data` of `notification.created`. Whom it is for is the event's `user_id`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationData {
    /// The notification.
    pub id: Uuid,
    /// `reminder`, `task_completed`, `task_assigned`, `comment_added`, `system`, `digest` or `delivery_failed`. Text, so that a
    /// kind of a newer producer is readable.
    pub kind: String,
    /// One line.
    pub title: String,
    /// A sentence or more; plain text, perhaps of several lines.
    pub body: String,
    /// The task that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_id: Option<Uuid>,
    /// The title of that task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_title: Option<String>,
    /// The reminder that it is from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reminder_id: Option<Uuid>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}
