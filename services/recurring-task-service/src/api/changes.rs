//! What backend-api says is to be otherwise; it has checked that already.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use platform::problem::{FieldError, Problem};
use recurrence::{Recurrence, may_begin};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::domain::changes::{Assign, Changes};

/// What is absent stays.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Given {
    title: Option<String>,
    description: Option<String>,
    priority: Option<String>,
    tags: Option<Vec<String>>,
    /// `null` is nobody.
    #[serde(deserialize_with = "assign")]
    assignee: Assign,
    reminders: Option<Vec<Value>>,
    recurrence: Option<Recurrence>,
    timezone: Option<String>,
    due_date: Option<DateTime<Utc>>,
}

fn assign<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Assign, D::Error> {
    Ok(Option::deserialize(deserializer)?.map_or(Assign::Nobody, Assign::To))
}

impl Given {
    /// What it means for a series.
    ///
    /// # Errors
    /// 422 for a time zone that this version does not know, or a due date with which no series may begin.
    pub(super) fn read(self) -> Result<Changes, Problem> {
        let zone = self.timezone.map(|name| name.parse::<Tz>());
        let unknown = |_| {
            let detail = "is no time zone that recurring-task-service knows";
            Problem::validation(vec![FieldError::new("/changes/timezone", "timezone_unknown", detail)])
        };
        if self.due_date.is_some_and(|due| !may_begin(due)) {
            let detail = "What repeats is due in the years 1900 to 9998.";
            return Err(Problem::validation(vec![FieldError::new("/changes/due_date", "date_invalid", detail)]));
        }
        Ok(Changes {
            title: self.title,
            description: self.description,
            priority: self.priority,
            tags: self.tags,
            assignee: self.assignee,
            reminders: self.reminders,
            recurrence: self.recurrence,
            zone: zone.transpose().map_err(unknown)?,
            due: self.due_date,
        })
    }
}
