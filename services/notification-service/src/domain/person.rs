//! Somebody who may be told something, as backend-api knows them.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::Deserialize;
use uuid::Uuid;

use super::message::Subject;
use super::task::Standing;

/// A person and how they are reached.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Person {
    pub(crate) user_id: String,
    pub(crate) email: Option<String>,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    /// IANA; one that this version does not know counts as UTC.
    pub(crate) timezone: String,
}

impl Person {
    /// What they are called; may be empty.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name).trim().to_owned()
    }

    /// Where their clock is.
    pub(crate) fn zone(&self) -> Tz {
        self.timezone.parse().unwrap_or(Tz::UTC)
    }
}

/// A task as it is now, and who may be told of it now.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Audience {
    /// The task.
    pub(crate) id: Uuid,
    pub(crate) title: String,
    #[serde(rename = "due_date")]
    pub(crate) due: Option<DateTime<Utc>>,
    #[serde(rename = "status")]
    pub(crate) standing: Standing,
    /// Whose it is, who gave it and who is to do it, each once, if they may see it.
    pub(crate) people: Vec<Person>,
}

impl Audience {
    /// The task, as messages tell of it.
    pub(crate) fn subject(&self) -> Subject {
        Subject { id: self.id, title: self.title.clone(), due: self.due }
    }
}
