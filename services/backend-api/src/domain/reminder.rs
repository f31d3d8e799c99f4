//! When a task asks for attention: the shape of reminders; scheduling them is notification-service's work.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::invalid::Invalid;
use super::{date, duration};

/// The most reminders of a task.
pub const MAX_REMINDERS: usize = 20;

/// Through which a reminder is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// E-mail.
    Email,
    /// Text message.
    Sms,
    /// In the application.
    InApp,
}

/// A reminder: `before` the due date (an ISO 8601 duration) or `at` a moment (RFC 3339), never both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reminder {
    /// How long before the due date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        example = "PT1H",
        pattern = r"^P([0-9]{1,6}W)?([0-9]{1,6}D)?(T([0-9]{1,6}H)?([0-9]{1,6}M)?([0-9]{1,6}S)?)?$"
    )]
    before: Option<String>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    at: Option<String>,
    /// Through which channels; the user's preferences decide when it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 1)]
    channels: Option<Vec<Channel>>,
}

impl Reminder {
    /// Checks the shape of a task's reminders, and writes their moments in UTC.
    ///
    /// # Errors
    /// `too_many_reminders`, `reminder_invalid`, `duration_invalid`, `date_invalid`, each at its place.
    pub fn check_all(reminders: Vec<Self>) -> Result<Vec<Self>, Invalid> {
        if reminders.len() > MAX_REMINDERS {
            return Err(Invalid::new("too_many_reminders", "A task has at most 20 reminders."));
        }
        let checked = reminders.into_iter().enumerate().map(|(index, reminder)| {
            reminder.check().map_err(|invalid| {
                let pointer = format!("/{index}{}", invalid.pointer);
                invalid.at(pointer)
            })
        });
        checked.collect()
    }

    fn check(mut self) -> Result<Self, Invalid> {
        match (&self.before, &self.at) {
            (Some(before), None) => duration::parse(before).map(|_| ()).map_err(|invalid| invalid.at("/before"))?,
            (None, Some(at)) => {
                self.at = Some(date::write(date::parse(at).map_err(|invalid| invalid.at("/at"))?));
            }
            _ => return Err(Invalid::new("reminder_invalid", "A reminder has either before or at.")),
        }
        let channels = self.channels.as_deref().unwrap_or(&[Channel::InApp]);
        let repeated = channels.iter().enumerate().any(|(index, channel)| channels[..index].contains(channel));
        if channels.is_empty() || repeated {
            return Err(Invalid::new("reminder_invalid", "Name at least one channel, each once.").at("/channels"));
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn check(reminders: Value) -> Result<Vec<Reminder>, Invalid> {
        Reminder::check_all(serde_json::from_value(reminders).unwrap())
    }

    #[test]
    fn a_reminder_is_before_or_at() {
        let good = json!([{"before": "PT1H", "channels": ["email", "in_app"]}, {"at": "2026-01-31T09:00:00+01:00"}]);
        assert_eq!(check(good).unwrap()[1].at.as_deref(), Some("2026-01-31T08:00:00Z"));
        for (bad, pointer) in [
            (json!({}), "/0"),
            (json!({"before": "PT1H", "at": "2026-01-31T08:00:00Z"}), "/0"),
            (json!({"before": "soon"}), "/0/before"),
            (json!({"at": "soon"}), "/0/at"),
            (json!({"before": "PT1H", "channels": []}), "/0/channels"),
            (json!({"before": "PT1H", "channels": ["sms", "sms"]}), "/0/channels"),
        ] {
            assert_eq!(check(json!([bad.clone()])).unwrap_err().pointer, pointer, "{bad}");
        }
    }
}
