//! An entry of the history.

use chrono::{DateTime, Utc};
use events::Event;
use platform::page::Position;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

/// One event, as the history keeps it and as it is told.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Entry {
    /// Names the event.
    pub(crate) event_id: Uuid,
    /// What happened.
    pub(crate) event_type: String,
    /// Who did it; of a reminder or a notification, whom it concerns.
    pub(crate) user_id: String,
    /// The task that it was done to or that it is about, if any.
    pub(crate) task_id: Option<Uuid>,
    /// When it happened, in whole microseconds.
    pub(crate) timestamp: DateTime<Utc>,
    /// The whole event as it was published, with fields that this version does not know.
    pub(crate) details: Value,
    /// The workspace in which it happened; told within `details`.
    #[serde(skip)]
    pub(crate) workspace_id: Uuid,
    /// Its place in the workspace, 0 when it has none; told within `details`.
    #[serde(skip)]
    pub(crate) sequence: i64,
}

impl Entry {
    /// The entry of `event`, which came as `payload`.
    pub(crate) fn of(event: Event, payload: Value) -> Self {
        Self {
            event_id: event.event_id,
            event_type: event.event_type.as_str().to_owned(),
            task_id: event.task_id(),
            user_id: event.user_id,
            timestamp: event.timestamp,
            details: payload,
            workspace_id: event.organization_id,
            sequence: event.sequence,
        }
    }

    /// Where it stands in the history, which is read newest first and, within one instant, by descending event id.
    pub(crate) fn position(&self) -> Position {
        Position { at: self.timestamp, id: self.event_id }
    }
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recorded {
    /// It is a new entry.
    Now,
    /// It was recorded at an earlier delivery, here or by another topic.
    Before,
    /// Another event was recorded under its id; that one stays.
    Otherwise,
}
