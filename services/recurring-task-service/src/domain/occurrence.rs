//! An instance of a series: a row from the moment that it is to be made.

use chrono::{DateTime, Utc};
use recurrence::Next;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How far an instance is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// Its task is to be made.
    Pending,
    /// Its task is there to be done.
    Open,
    Completed,
    /// Its task is to be taken back, if nobody has touched it.
    Withdrawing,
    Withdrawn,
    /// Its task is to be put away undone.
    Skipping,
    Skipped,
}

/// An instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Occurrence {
    /// Its task's id, chosen before the task is made.
    pub(crate) task_id: Uuid,
    pub(crate) series_id: Uuid,
    /// From 1.
    pub(crate) number: i32,
    /// The moment that the rule gave it.
    pub(crate) due: DateTime<Utc>,
    /// How many occurrences of a COUNT are used up with it.
    pub(crate) spent: u32,
    /// The due date that its task has.
    pub(crate) due_date: Option<DateTime<Utc>>,
    pub(crate) status: Status,
    /// Whether backend-api is known to have made its task.
    pub(crate) made: bool,
    /// How often what is to be done with it was tried.
    pub(crate) attempts: i32,
    /// When that may be tried next. Whoever is at it has put that off.
    pub(crate) not_before: DateTime<Utc>,
    pub(crate) completed_at: Option<DateTime<Utc>>,
    /// The trace that caused it.
    pub(crate) trace: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

impl Occurrence {
    /// One that is to be made.
    pub(crate) fn pending(series_id: Uuid, number: i32, task_id: Uuid, next: Next, now: DateTime<Utc>) -> Self {
        let Next { due, spent } = next;
        Self {
            task_id,
            series_id,
            number,
            due,
            spent,
            due_date: Some(due),
            status: Status::Pending,
            made: false,
            attempts: 0,
            not_before: now,
            completed_at: None,
            trace: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// It becomes so, and what there is to do begins now.
    pub(crate) fn become_so(&mut self, status: Status, now: DateTime<Utc>) {
        self.status = status;
        self.attempts = 0;
        self.not_before = now;
        self.updated_at = now;
    }

    /// Whether its task is, or is about to be, there to be done.
    pub(crate) const fn is_to_be_done(&self) -> bool {
        matches!(self.status, Status::Pending | Status::Open)
    }
}
