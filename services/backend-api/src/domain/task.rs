//! The task itself.

use chrono::{DateTime, Utc};
use events::TaskData;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::invalid::Invalid;
use super::priority::Priority;
use super::recurrence::{self, Recurrence};
use super::reminder::Reminder;
use super::status::Status;
use super::tags::TagSet;
use super::text::{Description, Title};
use super::timezone::TimeZone;

/// A task, as it is stored, answered and told in events.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Task {
    /// UUIDv7.
    pub id: Uuid,
    /// Whose task it is.
    pub user_id: String,
    /// The workspace it belongs to.
    pub workspace_id: Uuid,
    /// The project it is filed under.
    pub project_id: Option<Uuid>,
    /// Its readable reference within the project.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    /// What is to be done.
    pub title: Title,
    /// More about it.
    pub description: Description,
    /// How far it is.
    #[serde(flatten)]
    pub progress: Progress,
    /// How much it matters.
    pub priority: Priority,
    /// Its tags.
    pub tags: TagSet,
    /// When it is due.
    pub due_date: Option<DateTime<Utc>>,
    /// The IANA time zone in which its dates are meant.
    #[schema(value_type = String, example = "Europe/Berlin")]
    pub timezone: TimeZone,
    /// How it repeats.
    pub recurrence: Option<Recurrence>,
    /// When it asks for attention.
    pub reminders: Vec<Reminder>,
    /// Who is to do it.
    pub assignee: Option<String>,
    /// Who created it.
    pub reporter: String,
    /// The series it is an instance of.
    pub recurrence_id: Option<Uuid>,
    /// Which instance of the series it is, from 1.
    pub occurrence: Option<i32>,
    /// Raised by each change; the ETag.
    #[schema(minimum = 1)]
    pub version: i32,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// When it was archived.
    pub archived_at: Option<DateTime<Utc>>,
    /// When it was deleted.
    pub deleted_at: Option<DateTime<Utc>>,
}

/// How far a task is. `completed` and `completed_at` follow from the status and cannot contradict it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Progress {
    status: Status,
    completed: bool,
    completed_at: Option<DateTime<Utc>>,
}

impl Progress {
    /// `status`, reached at `now`.
    pub fn reached(status: Status, now: DateTime<Utc>) -> Self {
        Self { status, completed: status.is_done(), completed_at: status.is_done().then_some(now) }
    }

    /// The status.
    pub fn status(self) -> Status {
        self.status
    }

    /// When it was completed, if it is.
    pub fn completed_at(self) -> Option<DateTime<Utc>> {
        self.completed_at
    }

    /// The same when the status stays, else `status` reached at `now`.
    #[must_use]
    pub fn moved_to(self, status: Status, now: DateTime<Utc>) -> Self {
        if status == self.status { self } else { Self::reached(status, now) }
    }
}

/// What a request for a new task says, valid.
#[derive(Clone, Debug)]
pub struct NewTask {
    /// What is to be done.
    pub title: Title,
    /// More about it.
    pub description: Description,
    /// How far it is.
    pub status: Status,
    /// How much it matters.
    pub priority: Priority,
    /// Its tags.
    pub tags: TagSet,
    /// When it is due.
    pub due_date: Option<DateTime<Utc>>,
    /// Its time zone; the user's unless given.
    pub timezone: Option<TimeZone>,
    /// How it repeats.
    pub recurrence: Option<Recurrence>,
    /// When it asks for attention.
    pub reminders: Vec<Reminder>,
    /// Who is to do it.
    pub assignee: Option<String>,
}

/// What a merge patch changes; `None` keeps.
#[derive(Clone, Debug, Default)]
pub struct TaskPatch {
    /// The new title.
    pub title: Option<Title>,
    /// The new description.
    pub description: Option<Description>,
    /// The new status.
    pub status: Option<Status>,
    /// Completed, or open again.
    pub completed: Option<bool>,
    /// The new priority.
    pub priority: Option<Priority>,
    /// The new tags, all of them.
    pub tags: Option<TagSet>,
    /// The new due date, or none.
    pub due_date: Option<Option<DateTime<Utc>>>,
    /// The new time zone.
    pub timezone: Option<TimeZone>,
    /// The new recurrence, or none.
    pub recurrence: Option<Option<Recurrence>>,
    /// The new reminders, all of them.
    pub reminders: Option<Vec<Reminder>>,
    /// The new assignee, or nobody.
    pub assignee: Option<Option<String>>,
}

impl Task {
    /// Applies a patch whose `status` and `completed` have been brought to agree as `status`. The version is not touched.
    pub fn apply(&mut self, patch: TaskPatch, status: Status, now: DateTime<Utc>) {
        self.progress = self.progress.moved_to(status, now);
        set(&mut self.title, patch.title);
        set(&mut self.description, patch.description);
        set(&mut self.priority, patch.priority);
        set(&mut self.tags, patch.tags);
        set(&mut self.due_date, patch.due_date);
        set(&mut self.timezone, patch.timezone);
        set(&mut self.recurrence, patch.recurrence);
        set(&mut self.reminders, patch.reminders);
        set(&mut self.assignee, patch.assignee);
    }

    /// Makes it the first instance of the series that its recurrence begins, unless it is one of a series already, with a due
    /// date if it has none. Without a recurrence it stays as it is.
    ///
    /// # Errors
    /// What is wrong with the recurrence, at its place in the task.
    pub fn begin_series(&mut self, now: DateTime<Utc>) -> Result<(), Invalid> {
        let Some(recurrence) = &self.recurrence else { return Ok(()) };
        let due = recurrence::first_due(recurrence, self.timezone, self.due_date, now);
        self.due_date = Some(due.map_err(|invalid| invalid.within("/recurrence"))?);
        if self.recurrence_id.is_none() {
            (self.recurrence_id, self.occurrence) = (Some(self.id), Some(1));
        }
        Ok(())
    }

    /// Takes back the deletion, or else the archiving; a task that is neither stays as it is. The version is not touched.
    pub fn restore(&mut self) {
        if self.deleted_at.take().is_none() {
            self.archived_at = None;
        }
    }

    /// The task as events carry it.
    pub fn event_data(&self) -> TaskData {
        TaskData {
            id: self.id,
            user_id: self.user_id.clone(),
            workspace_id: self.workspace_id,
            project_id: self.project_id,
            reference: self.reference.clone(),
            title: self.title.as_str().to_owned(),
            description: self.description.as_str().to_owned(),
            status: self.progress.status.as_str().to_owned(),
            completed: self.progress.completed,
            completed_at: self.progress.completed_at,
            priority: self.priority.as_str().to_owned(),
            tags: self.tags.as_slice().to_vec(),
            due_date: self.due_date,
            timezone: self.timezone.name().to_owned(),
            recurrence: self.recurrence.as_ref().map(|recurrence| json!(recurrence)),
            reminders: self.reminders.iter().map(|reminder| json!(reminder)).collect::<Vec<Value>>(),
            assignee: self.assignee.clone(),
            reporter: self.reporter.clone(),
            recurrence_id: self.recurrence_id,
            occurrence: self.occurrence.map(i64::from),
            version: self.version.into(),
            created_at: self.created_at,
            updated_at: self.updated_at,
            archived_at: self.archived_at,
            deleted_at: self.deleted_at,
        }
    }
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}
