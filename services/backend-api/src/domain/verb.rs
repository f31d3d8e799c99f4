//! What is done to a task by one word.

use chrono::{DateTime, Utc};
use events::EventType;

use super::status::Status;
use super::task::Task;

/// One word, one event. Said again, it changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// It is done.
    Complete,
    /// It is not done after all.
    Reopen,
    /// It is put away without being deleted.
    Archive,
}

impl Verb {
    /// The word, as in the path.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Reopen => "reopen",
            Self::Archive => "archive",
        }
    }

    /// What is told of it.
    pub fn event_type(self) -> EventType {
        match self {
            Self::Complete => EventType::TaskCompleted,
            Self::Reopen => EventType::TaskReopened,
            Self::Archive => EventType::TaskArchived,
        }
    }

    /// Does it.
    pub fn apply(self, task: &mut Task, now: DateTime<Utc>) {
        match self {
            Self::Complete => task.progress = task.progress.moved_to(Status::Done, now),
            Self::Reopen if task.progress.status().is_done() => {
                task.progress = task.progress.moved_to(Status::Todo, now);
            }
            Self::Reopen => {}
            Self::Archive => {
                task.archived_at.get_or_insert(now);
            }
        }
    }
}
