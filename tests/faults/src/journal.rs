//! What one user knows to be true: the acknowledged writes and what they made of the tasks; and what the socket said.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

/// What is told of one change of a task: task, type of the event, version. No two events of a run are alike in it.
pub(crate) type Fact = (String, String, i64);

/// An acknowledged write.
#[derive(Clone, Debug)]
pub(crate) struct Acknowledged {
    pub(crate) fact: Fact,
    /// When the attempt that was answered began.
    pub(crate) sent: Instant,
    pub(crate) at: Instant,
}

/// A message of the socket.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) sequence: i64,
    pub(crate) event_id: String,
    pub(crate) fact: Option<Fact>,
    pub(crate) at: Instant,
}

/// A task as the writer knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) title: String,
    pub(crate) completed: bool,
    pub(crate) version: i64,
}

impl Known {
    pub(crate) fn of(task: &Value) -> Option<Self> {
        Some(Self {
            title: task["title"].as_str()?.to_owned(),
            completed: task["completed"].as_bool()?,
            version: task["version"].as_i64()?,
        })
    }
}

/// Everything that is known of one user.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    pub(crate) acknowledged: Vec<Acknowledged>,
    pub(crate) tasks: BTreeMap<String, Known>,
    pub(crate) deleted: BTreeMap<String, Known>,
    pub(crate) told: Vec<Told>,
    /// Messages that came again.
    pub(crate) told_again: usize,
    /// 503 and alike.
    pub(crate) refused: usize,
    /// Requests of which nothing was heard.
    pub(crate) unclear: usize,
    /// The longest that a refusal took.
    pub(crate) slowest_refusal: Duration,
    /// What must never happen.
    pub(crate) wrong: Vec<String>,
}

impl Journal {
    /// The number of the last event that the socket told; 0 before the first.
    pub(crate) fn last(&self) -> i64 {
        self.told.last().map_or(0, |told| told.sequence)
    }

    pub(crate) fn wrong(&mut self, what: String) {
        // The first few tell what is the matter.
        if self.wrong.len() < 5 {
            self.wrong.push(what);
        }
    }
}

/// A journal that its writer, its socket and the referee share.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shared(Arc<Mutex<Journal>>);

impl Shared {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Journal> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The change that an event tells; none when it is no event of a task.
pub(crate) fn fact(event: &Value) -> Option<Fact> {
    let (task, event_type) = (&event["task_data"], event["event_type"].as_str()?);
    if !event_type.starts_with("task.") {
        return None;
    }
    Some((task["id"].as_str()?.to_owned(), event_type.to_owned(), task["version"].as_i64()?))
}
