//! A task, as far as reminders need to know it.

use chrono::{DateTime, Utc};
use events::TaskData;
use serde::Deserialize;
use uuid::Uuid;

use super::reminder::Wanted;

/// What an event says of a task.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Task {
    pub(crate) id: Uuid,
    pub(crate) workspace_id: Uuid,
    /// Whose it is.
    pub(crate) user_id: String,
    pub(crate) title: String,
    pub(crate) due: Option<DateTime<Utc>>,
    pub(crate) standing: Standing,
    /// The reminders that it is to have, with their ids.
    pub(crate) reminders: Vec<(Uuid, Wanted)>,
}

/// Whether there is anything left to be reminded of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Standing {
    Completed,
    Archived,
    Deleted,
    /// Also what only a newer backend-api knows.
    #[serde(other)]
    Open,
}

impl Standing {
    /// Its name in reasons, and in what backend-api answers.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Completed => "completed",
            Self::Archived => "archived",
            Self::Deleted => "deleted",
        }
    }
}

impl Task {
    /// The task of an event. A reminder that this version cannot read is passed over: a newer producer may know more of them.
    pub(crate) fn of(data: &TaskData) -> Self {
        let standing = match data {
            TaskData { deleted_at: Some(_), .. } => Standing::Deleted,
            TaskData { archived_at: Some(_), .. } => Standing::Archived,
            TaskData { completed: true, .. } => Standing::Completed,
            _ => Standing::Open,
        };
        Self {
            id: data.id,
            workspace_id: data.workspace_id,
            user_id: data.user_id.clone(),
            title: data.title.clone(),
            due: data.due_date,
            standing,
            reminders: Wanted::all(data.id, &data.reminders),
        }
    }
}
