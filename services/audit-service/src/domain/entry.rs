//! An entry of the history, and its place in the order in which the history is read.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, Utc};
use events::Event;
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

    /// Where it stands in the history.
    pub(crate) fn position(&self) -> Position {
        Position { timestamp: self.timestamp, event_id: self.event_id }
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

/// A place in the history, which is read newest first and, within one instant, by descending event id. Written as
/// `<timestamp>,<event_id>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    /// When the entry's event happened.
    pub(crate) timestamp: DateTime<Utc>,
    /// Tells entries of one instant apart.
    pub(crate) event_id: Uuid,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.timestamp.to_rfc3339_opts(SecondsFormat::Micros, true), self.event_id)
    }
}

/// A text that is no [`Position`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not `<timestamp>,<event_id>`, as in `next` of an earlier answer")]
pub(crate) struct NoPosition;

impl FromStr for Position {
    type Err = NoPosition;

    fn from_str(text: &str) -> Result<Self, NoPosition> {
        let (timestamp, event_id) = text.split_once(',').ok_or(NoPosition)?;
        Ok(Self {
            timestamp: timestamp.parse().map_err(|_| NoPosition)?,
            event_id: Uuid::try_parse(event_id).map_err(|_| NoPosition)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_survives_being_written_down() {
        let event_id = Uuid::from_u128(7);
        for timestamp in ["2026-01-31T09:00:00.000001Z", "1969-12-31T23:59:59.999999Z", "+10000-01-01T00:00:00Z"] {
            let position = Position { timestamp: timestamp.parse().unwrap(), event_id };
            assert_eq!(position.to_string().parse(), Ok(position), "{timestamp}");
        }
    }

    #[test]
    fn other_text_is_no_position() {
        for text in [
            "",
            ",",
            "2026-01-31T09:00:00Z",
            "yesterday,00000000-0000-0000-0000-000000000007",
            "2026-01-31T09:00:00Z,7",
        ] {
            assert_eq!(text.parse::<Position>(), Err(NoPosition), "{text}");
        }
    }
}
