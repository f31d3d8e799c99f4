//! The event itself: the `data` object of the `CloudEvent`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{EventType, FieldChange, NotificationData, Outage, ReminderData, Source, TagChange, TaskData, UserData};

/// The version of the payloads that this crate writes, `major.minor`. A minor version adds optional
/// fields; a consumer refuses a major version that it does not know.
pub const PAYLOAD_VERSION: &str = "1.0";

/// One fact. Read it with [`Event::from_cloud_event`]; write it through
/// [`EventDraft`](crate::EventDraft).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event {
    /// Names the event in every delivery and on every topic (UUID version 7).
    pub event_id: Uuid,
    /// What happened.
    pub event_type: EventType,
    /// The user who did it; of a reminder the one whose task it is, and of a notification the one whom it is for.
    pub user_id: String,
    /// The workspace in which it happened; also the partition key. Nil for an event of the system, which is nobody's.
    pub organization_id: Uuid,
    /// The place of the event in its workspace: gapless, from 1. 0 for one that has none; see [`EventType::is_numbered`].
    pub sequence: i64,
    /// When it happened, in whole microseconds.
    pub timestamp: DateTime<Utc>,
    /// The whole task after the change; in every task event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_data: Option<TaskData>,
    /// The whole task before the change; in every task event but `task.created`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_data: Option<TaskData>,
    /// What the event says beyond the task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<EventData>,
    /// Where the change came from.
    pub metadata: Metadata,
}

impl Event {
    /// The task that the event is about.
    pub fn task_id(&self) -> Option<Uuid> {
        subject(self.task_data.as_ref(), self.data.as_ref())
    }
}

/// The task that an event with these parts is about.
pub(crate) fn subject(task: Option<&TaskData>, data: Option<&EventData>) -> Option<Uuid> {
    match data {
        Some(EventData::Reminder(reminder)) => Some(reminder.task_id),
        Some(EventData::Notification(notification)) => notification.task_id,
        _ => task.map(|task| task.id),
    }
}

/// The `data` of an event. Which of these it is follows from the event type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum EventData {
    /// Of `user.created` and `user.updated`.
    User(UserData),
    /// Of `reminder.scheduled`, `.cancelled`, `.sent` and `.failed`.
    Reminder(ReminderData),
    /// Of `notification.created`.
    Notification(NotificationData),
    /// Of `system.error`.
    Outage(Outage),
    /// Of `task.tag_added` and `task.tag_removed`.
    Tag(TagChange),
    /// Of `task.status_changed`, `.priority_changed`, `.due_date_set` and `.assigned`.
    Field(FieldChange),
}

/// About the event rather than about what happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// The way by which the change came in.
    pub source: Source,
    /// The version of the payload; see [`PAYLOAD_VERSION`].
    pub version: String,
    /// How much of a series a change of one of its tasks is for; see [`SCOPE_THIS`]. Absent, it is for those to come as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
}

/// The [`Metadata::scope`] of a change that is for one task of a series alone.
pub const SCOPE_THIS: &str = "this";

impl Metadata {
    /// Metadata of an event that this crate writes.
    pub fn of(source: Source) -> Self {
        Self { source, version: PAYLOAD_VERSION.to_owned(), scope: None }
    }

    /// Whether the change is for one task of a series alone: the tasks to come stay as they are.
    pub fn is_for_this_alone(&self) -> bool {
        self.scope.as_deref() == Some(SCOPE_THIS)
    }
}
