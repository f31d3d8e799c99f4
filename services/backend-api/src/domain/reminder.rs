//! When a task asks for attention: the shape of reminders; scheduling them is notification-service's work.

use chrono::{DateTime, Months, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::invalid::Invalid;
use super::{date, duration};

/// The most reminders of a task.
pub const MAX_REMINDERS: usize = 50;

/// How far ahead a reminder may be.
const LONGEST: Months = Months::new(120);

/// The same from the due date back, in seconds: ten of the longest years.
const LONGEST_BEFORE: u64 = 3_660 * 86_400;

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

impl Channel {
    fn parse(name: &str) -> Result<Self, Invalid> {
        match name {
            "email" => Ok(Self::Email),
            "sms" => Ok(Self::Sms),
            "in_app" => Ok(Self::InApp),
            _ => Err(Invalid::new("channel_unknown", "A channel is one of email, sms and in_app.")),
        }
    }
}

/// A reminder: `before` the due date (an ISO 8601 duration) or `at` a moment (RFC 3339), never both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reminder {
    /// How long before the due date. Without a due date the reminder waits until there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        example = "PT1H",
        pattern = r"^P([0-9]{1,6}W)?([0-9]{1,6}D)?(T([0-9]{1,6}H)?([0-9]{1,6}M)?([0-9]{1,6}S)?)?$"
    )]
    before: Option<String>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<DateTime<Utc>>)]
    at: Option<String>,
    /// Through which channels; e-mail and in the application unless given. The preferences of whoever is told can switch each off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 1)]
    channels: Option<Vec<Channel>>,
}

/// A reminder as somebody wrote it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrittenReminder {
    before: Option<String>,
    at: Option<String>,
    channels: Option<Vec<String>>,
}

impl Reminder {
    /// Checks the shape of a task's reminders, and writes their moments in UTC.
    ///
    /// # Errors
    /// `too_many_reminders`, `reminder_invalid`, `duration_invalid`, `date_invalid`, `channel_unknown`, each at its place.
    pub fn parse_all(reminders: Vec<WrittenReminder>) -> Result<Vec<Self>, Invalid> {
        if reminders.len() > MAX_REMINDERS {
            let detail = format!("A task has at most {MAX_REMINDERS} reminders, not {}.", reminders.len());
            return Err(Invalid::new("too_many_reminders", detail));
        }
        let read = reminders.into_iter().map(WrittenReminder::parse).enumerate();
        read.map(|(index, reminder)| reminder.map_err(|invalid| invalid.within(&format!("/{index}")))).collect()
    }

    /// Goes on when every reminder is still to come, and not more than 10 years ahead. Those that the task `had` already stay as
    /// they are, and one that has no due date to count from is asked when it has.
    ///
    /// # Errors
    /// `reminder_past`, `reminder_too_far`, each at its place.
    pub fn check_moments(
        reminders: &[Self],
        had: &[Self],
        due_date: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<(), Invalid> {
        let mut had: Vec<&Self> = had.iter().collect();
        for (index, reminder) in reminders.iter().enumerate() {
            match had.iter().position(|known| *known == reminder) {
                Some(place) => drop(had.swap_remove(place)),
                None => reminder.check_moment(due_date, now).map_err(|invalid| invalid.within(&format!("/{index}")))?,
            }
        }
        Ok(())
    }

    /// Goes on when none is more than 10 years ahead. One that is past is meant for the tasks of a series that are still to come.
    ///
    /// # Errors
    /// `reminder_too_far`, at its place.
    pub fn check_distances(
        reminders: &[Self],
        due_date: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<(), Invalid> {
        let mut moments =
            reminders.iter().enumerate().filter_map(|(index, each)| Some((index, each, each.moment(due_date)?)));
        moments.try_for_each(|(index, each, moment)| {
            each.check_distance(moment, now).map_err(|far| far.within(&format!("/{index}")))
        })
    }

    fn check_moment(&self, due_date: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<(), Invalid> {
        let is_too_long = |before: &&str| duration::parse(before).is_ok_and(|seconds| seconds > LONGEST_BEFORE);
        if let Some(before) = self.before.as_deref().filter(is_too_long) {
            let detail = format!("A reminder is at most 10 years before the due date, not {before}.");
            return Err(Invalid::new("reminder_too_far", detail).at("/before"));
        }
        let Some(moment) = self.moment(due_date) else { return Ok(()) };
        if moment < now {
            let detail = format!("That was at {}. Give a moment that is still to come.", date::write(moment));
            return Err(Invalid::new("reminder_past", detail).at(self.member()));
        }
        self.check_distance(moment, now)
    }

    fn check_distance(&self, moment: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), Invalid> {
        if now.checked_add_months(LONGEST).is_some_and(|last| moment > last) {
            let detail = format!("A reminder is at most 10 years ahead, not at {}.", date::write(moment));
            return Err(Invalid::new("reminder_too_far", detail).at(self.member()));
        }
        Ok(())
    }

    const fn member(&self) -> &'static str {
        if self.at.is_some() { "/at" } else { "/before" }
    }

    /// When it is to be sent; `None` while there is no due date to count from.
    fn moment(&self, due_date: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
        if let Some(at) = &self.at {
            return date::parse(at).ok();
        }
        let seconds = duration::parse(self.before.as_deref()?).ok()?;
        due_date?.checked_sub_signed(TimeDelta::try_seconds(i64::try_from(seconds).ok()?)?)
    }
}

impl WrittenReminder {
    fn parse(self) -> Result<Reminder, Invalid> {
        let Self { before, at, channels } = self;
        let at = match (&before, at) {
            (Some(before), None) => duration::parse(before).map(|_| None).map_err(|invalid| invalid.at("/before"))?,
            (None, Some(at)) => Some(date::write(date::parse(&at).map_err(|invalid| invalid.at("/at"))?)),
            _ => return Err(Invalid::new("reminder_invalid", "A reminder has either before or at.")),
        };
        let channels = channels.map(|names| parse_channels(&names)).transpose();
        Ok(Reminder { before, at, channels: channels.map_err(|invalid| invalid.within("/channels"))? })
    }
}

fn parse_channels(names: &[String]) -> Result<Vec<Channel>, Invalid> {
    let mut channels = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let channel = Channel::parse(name).map_err(|invalid| invalid.at(format!("/{index}")))?;
        if channels.contains(&channel) {
            return Err(Invalid::new("reminder_invalid", "Name each channel once."));
        }
        channels.push(channel);
    }
    if channels.is_empty() {
        return Err(Invalid::new("reminder_invalid", "Name at least one channel, or leave channels out."));
    }
    Ok(channels)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn parse(reminders: &Value) -> Result<Vec<Reminder>, Invalid> {
        Reminder::parse_all(serde_json::from_value(reminders.clone()).unwrap())
    }

    fn moment(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    /// What is said of reminders that come new to a task, at 2026-01-31T09:00:00Z.
    fn told(reminders: &Value, had: &Value, due_date: Option<&str>) -> Option<(String, &'static str)> {
        let (reminders, had) = (parse(reminders).unwrap(), parse(had).unwrap());
        let checked = Reminder::check_moments(&reminders, &had, due_date.map(moment), moment("2026-01-31T09:00:00Z"));
        checked.err().map(|invalid| (invalid.pointer, invalid.code))
    }

    #[test]
    fn a_reminder_is_before_or_at() {
        let good = json!([{"before": "PT1H", "channels": ["email", "in_app"]}, {"at": "2026-01-31T09:00:00+01:00"}]);
        assert_eq!(parse(&good).unwrap()[1].at.as_deref(), Some("2026-01-31T08:00:00Z"));
        for (bad, pointer, code) in [
            (json!({}), "/0", "reminder_invalid"),
            (json!({"before": "PT1H", "at": "2026-01-31T08:00:00Z"}), "/0", "reminder_invalid"),
            (json!({"before": "soon"}), "/0/before", "duration_invalid"),
            (json!({"at": "soon"}), "/0/at", "date_invalid"),
            (json!({"before": "PT1H", "channels": []}), "/0/channels", "reminder_invalid"),
            (json!({"before": "PT1H", "channels": ["sms", "sms"]}), "/0/channels", "reminder_invalid"),
            (json!({"before": "PT1H", "channels": ["sms", "pager"]}), "/0/channels/1", "channel_unknown"),
        ] {
            let invalid = parse(&json!([bad])).unwrap_err();
            assert_eq!((invalid.pointer.as_str(), invalid.code), (pointer, code), "{bad}");
        }
        assert_eq!(parse(&json!(vec![json!({"before": "PT1H"}); 50])).unwrap().len(), 50, "equal ones are allowed");
        assert_eq!(parse(&json!(vec![json!({"before": "PT1H"}); 51])).unwrap_err().code, "too_many_reminders");
    }

    #[test]
    fn what_is_stored_is_read_as_it_was_written() {
        let written = json!([{"before": "PT60M"}, {"at": "2026-02-01T08:00:00Z", "channels": ["sms"]}]);
        let reminders = parse(&written).unwrap();
        assert_eq!(json!(reminders), written);
        assert_eq!(serde_json::from_value::<Vec<Reminder>>(written).unwrap(), reminders);
    }

    #[test]
    fn a_new_reminder_is_still_to_come_and_within_10_years() {
        let (none, soon, hour) = (json!([]), Some("2026-01-31T10:00:00Z"), json!([{"before": "PT1H"}]));
        let at = |moment: &str| json!([{"before": "PT0S"}, { "at": moment }]);
        let (past, far) = ("reminder_past", "reminder_too_far");
        for (reminders, due_date, expected) in [
            (at("2026-01-31T09:00:00Z"), None, None),
            (at("2026-01-31T08:59:59.999999Z"), None, Some(("/1/at", past))),
            (at("2036-01-31T09:00:00Z"), None, None),
            (at("2036-01-31T09:00:00.000001Z"), None, Some(("/1/at", far))),
            (hour.clone(), None, None),
            (hour.clone(), soon, None),
            (hour.clone(), Some("2026-01-31T09:59:59Z"), Some(("/0/before", past))),
            (hour.clone(), Some("2036-01-31T10:00:00Z"), None),
            (hour, Some("2036-01-31T10:00:01Z"), Some(("/0/before", far))),
            (json!([{"before": "P3660D"}]), None, None),
            (json!([{"before": "P3660DT1S"}]), None, Some(("/0/before", far))),
            (json!([{"before": "P999999W"}]), Some("2026-02-28T09:00:00Z"), Some(("/0/before", far))),
            (json!([{"before": "P999999WT999999H"}]), Some("0001-01-01T00:00:00Z"), Some(("/0/before", far))),
            (json!([{"before": "PT0S"}]), Some("9999-12-31T23:59:59Z"), Some(("/0/before", far))),
        ] {
            let expected = expected.map(|(pointer, code): (&str, _)| (pointer.to_owned(), code));
            assert_eq!(told(&reminders, &none, due_date), expected, "{reminders} {due_date:?}");
        }
    }

    #[test]
    fn what_a_task_had_stays_as_it_is() {
        let (old, new) = (json!({"at": "2026-01-30T09:00:00Z"}), json!({"at": "2026-01-30T10:00:00Z"}));
        assert_eq!(told(&json!([old]), &json!([new, old]), None), None);
        assert_eq!(told(&json!([old, new]), &json!([old]), None), Some(("/1/at".to_owned(), "reminder_past")));
        // A second one of the same kind is a new one.
        assert_eq!(told(&json!([old, old]), &json!([old]), None), Some(("/1/at".to_owned(), "reminder_past")));
        assert_eq!(told(&json!([old, old]), &json!([old, old]), None), None);
    }
}
