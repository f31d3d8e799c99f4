//! How much of a series a change is for.

use serde::Serialize;
use utoipa::ToSchema;

use super::invalid::Invalid;
use super::task::{Task, TaskPatch};

/// How much of a series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SeriesScope {
    /// The open task alone: the latest, where several are open.
    This,
    /// The open tasks, and those to come.
    #[default]
    Following,
    /// Also those that are done.
    All,
}

impl SeriesScope {
    /// Reads a name.
    ///
    /// # Errors
    /// `scope_unknown`.
    pub fn parse(name: &str) -> Result<Self, Invalid> {
        match name {
            "this" => Ok(Self::This),
            "following" => Ok(Self::Following),
            "all" => Ok(Self::All),
            _ => Err(Invalid::new("scope_unknown", "A scope is one of this, following and all.")),
        }
    }

    /// What of `patch` is for `task`. A due date is for the `latest` of the open tasks and for no other, and what is done needs no
    /// reminders.
    pub fn part_for(task: &Task, latest: bool, patch: TaskPatch) -> TaskPatch {
        let done = task.progress.status().is_done();
        TaskPatch {
            due_date: patch.due_date.filter(|_| latest && !done),
            reminders: patch.reminders.filter(|_| !done),
            ..patch
        }
    }
}
