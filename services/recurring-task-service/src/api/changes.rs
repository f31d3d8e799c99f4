//! What backend-api says is to be otherwise; it has checked that already.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use platform::problem::{FieldError, Problem};
use recurrence::Recurrence;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::domain::changes::Changes;

/// A merge patch (RFC 7396): absent stays, `null` is cleared.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Given {
    title: Option<String>,
    #[serde(deserialize_with = "given")]
    description: Option<Option<String>>,
    #[serde(deserialize_with = "given")]
    priority: Option<Option<String>>,
    #[serde(deserialize_with = "given")]
    tags: Option<Option<Vec<String>>>,
    #[serde(deserialize_with = "given")]
    assignee: Option<Option<String>>,
    #[serde(deserialize_with = "given")]
    reminders: Option<Option<Vec<Value>>>,
    recurrence: Option<Recurrence>,
    timezone: Option<String>,
    due_date: Option<DateTime<Utc>>,
}

/// `null` is something else than nothing.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl Given {
    /// What it means for a series.
    ///
    /// # Errors
    /// 422 for a time zone that this version does not know.
    pub(super) fn read(self) -> Result<Changes, Problem> {
        let zone = self.timezone.map(|name| name.parse::<Tz>());
        let unknown = |_| {
            let detail = "is no time zone that recurring-task-service knows";
            Problem::validation(vec![FieldError::new("/changes/timezone", "timezone_unknown", detail)])
        };
        Ok(Changes {
            title: self.title,
            description: self.description.map(Option::unwrap_or_default),
            priority: self.priority.map(|priority| priority.unwrap_or_else(|| "none".to_owned())),
            tags: self.tags.map(Option::unwrap_or_default),
            assignee: self.assignee,
            reminders: self.reminders.map(Option::unwrap_or_default),
            recurrence: self.recurrence,
            zone: zone.transpose().map_err(unknown)?,
            due: self.due_date,
        })
    }
}
