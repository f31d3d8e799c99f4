//! A task, as far as its series needs to know it.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use events::TaskData;
use recurrence::{Recurrence, may_begin};
use serde::Deserialize as _;
use serde_json::Value;
use uuid::Uuid;

use super::template::Template;

/// What an event says of a task that has, or had, a recurrence.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Task {
    pub(crate) id: Uuid,
    /// The series that it belongs to: its own id, unless it is a later instance.
    pub(crate) series_id: Uuid,
    pub(crate) number: i32,
    pub(crate) workspace_id: Uuid,
    /// Whose it is.
    pub(crate) user_id: String,
    /// When it is due; none where no series may begin then.
    pub(crate) due: Option<DateTime<Utc>>,
    /// The zone of its clock; none that this version does not know.
    pub(crate) zone: Option<Tz>,
    pub(crate) recurrence: Option<Recurrence>,
    pub(crate) standing: Standing,
    /// When it was done, if it is.
    pub(crate) completed_at: Option<DateTime<Utc>>,
    /// What another instance takes over from it.
    pub(crate) template: Template,
}

/// Where a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Open,
    Completed,
    Archived,
    Deleted,
}

impl Task {
    /// The task of an event; `None` when it has nothing to do with a series.
    pub(crate) fn of(data: &TaskData) -> Option<Self> {
        let repeats = data.recurrence.is_some() || data.recurrence_id.is_some();
        repeats.then(|| Self::whole(data))
    }

    /// A task, whether or not it repeats.
    pub(crate) fn whole(data: &TaskData) -> Self {
        let standing = match data {
            TaskData { deleted_at: Some(_), .. } => Standing::Deleted,
            TaskData { archived_at: Some(_), .. } => Standing::Archived,
            TaskData { completed: true, .. } => Standing::Completed,
            _ => Standing::Open,
        };
        Self {
            id: data.id,
            series_id: data.recurrence_id.unwrap_or(data.id),
            number: data.occurrence.and_then(|number| i32::try_from(number).ok()).unwrap_or(1).max(1),
            workspace_id: data.workspace_id,
            user_id: data.user_id.clone(),
            due: data.due_date.filter(|due| may_begin(*due)),
            zone: data.timezone.parse().ok(),
            recurrence: data.recurrence.as_ref().and_then(|given| read(data.id, given)),
            standing,
            completed_at: data.completed_at.filter(|_| data.completed),
            template: Template::of(data),
        }
    }
}

/// A recurrence that this version cannot read is none: a newer producer may know more of them.
fn read(task_id: Uuid, given: &Value) -> Option<Recurrence> {
    let read = Recurrence::deserialize(given);
    read.inspect_err(|error| tracing::warn!(%task_id, %error, "a recurrence cannot be read and is passed over")).ok()
}
