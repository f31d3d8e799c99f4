//! A reminder: what a task asks for, and what became of it.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use platform::duration::iso8601;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::{Builder, Uuid};

use super::channel::Channel;

/// What a task asks for, as its events carry it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Wanted {
    /// When it is to be sent.
    #[serde(flatten)]
    pub(crate) when: When,
    /// Through which channels; [`Channel::DEFAULT`] where that is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) channels: Option<Vec<Channel>>,
}

/// When a reminder is to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum When {
    /// So long before the due date: an ISO 8601 duration such as `PT30M`.
    Before(String),
    /// At this moment.
    At(DateTime<Utc>),
}

impl Wanted {
    /// The reminders of a task. Each has an id that follows from the task, what the reminder says, and which of equal ones it is: so a task whose
    /// list is sent again, in another order, still has the same reminders.
    pub(crate) fn all(task_id: Uuid, reminders: &[Value]) -> Vec<(Uuid, Self)> {
        let mut equal: HashMap<String, usize> = HashMap::new();
        let read = reminders.iter().filter_map(|reminder| match serde_json::from_value::<Self>(reminder.clone()) {
            Ok(wanted) => Some(wanted),
            Err(error) => {
                tracing::warn!(%task_id, %error, "a reminder that this version cannot read is passed over");
                None
            }
        });
        let named = read.map(|wanted| {
            let says = json!(wanted).to_string();
            let nth = equal.entry(says.clone()).or_default();
            *nth += 1;
            (id(task_id, &says, *nth), wanted)
        });
        named.collect()
    }

    /// When that is for a task due then; `None` where there is nothing to count from, or no such moment.
    pub(crate) fn moment(&self, due: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
        match &self.when {
            When::At(at) => Some(*at),
            When::Before(duration) => {
                let seconds = i64::try_from(iso8601(duration)?).ok()?;
                due?.checked_sub_signed(TimeDelta::try_seconds(seconds)?)
            }
        }
    }
}

/// UUID version 8 of a hash: never an id that is given out elsewhere.
fn id(task_id: Uuid, says: &str, nth: usize) -> Uuid {
    let hash: [u8; 32] = Sha256::new()
        .chain_update("tidings reminder\n")
        .chain_update(task_id)
        .chain_update(says)
        .chain_update(nth.to_be_bytes())
        .finalize()
        .into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    Builder::from_custom_bytes(bytes).into_uuid()
}

/// How far a reminder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// It will be sent at its moment, or is being sent.
    Scheduled,
    /// It reached somebody.
    Sent,
    /// It reached nobody.
    Failed,
    /// It is not to be sent.
    Cancelled,
    /// It counts from a due date that the task does not have.
    Dormant,
}

impl Status {
    /// Every status.
    pub(crate) const ALL: [Self; 5] = [Self::Scheduled, Self::Sent, Self::Failed, Self::Cancelled, Self::Dormant];

    /// Its name in tables, events and answers.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Dormant => "dormant",
        }
    }
}

/// What became of a reminder: its row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reminder {
    pub(crate) id: Uuid,
    pub(crate) task_id: Uuid,
    pub(crate) workspace_id: Uuid,
    /// Whose task it is.
    pub(crate) user_id: String,
    pub(crate) task_title: String,
    pub(crate) wanted: Wanted,
    pub(crate) status: Status,
    /// Why it is as it is, where that is not plain.
    pub(crate) reason: Option<String>,
    /// Its moment, if it has one.
    pub(crate) fire_at: Option<DateTime<Utc>>,
    /// Raised with each new moment.
    pub(crate) version: i64,
    /// When its messages were made.
    pub(crate) fired_at: Option<DateTime<Utc>>,
    /// Whether that was noticeably after its moment.
    pub(crate) late: bool,
    pub(crate) sent_at: Option<DateTime<Utc>>,
    /// What became of each message.
    pub(crate) results: Value,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

impl Reminder {
    /// Whether its messages are still to be made.
    pub(crate) fn may_fire(&self) -> bool {
        self.status == Status::Scheduled && self.fired_at.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TASK: Uuid = Uuid::from_u128(7);

    #[test]
    fn the_same_reminder_of_the_same_task_has_the_same_id_wherever_it_stands() {
        let (hour, day) = (json!({"before": "PT1H"}), json!({"at": "2026-01-31T08:00:00Z", "channels": ["sms"]}));
        let ids = |reminders: &[Value]| Wanted::all(TASK, reminders).into_iter().map(|(id, _)| id).collect::<Vec<_>>();
        let both = ids(&[hour.clone(), day.clone()]);
        assert_eq!(ids(&[day, hour.clone()]), [both[1], both[0]]);
        let twice = ids(&[hour.clone(), hour.clone()]);
        assert_eq!(twice[0], both[0]);
        assert_ne!(twice[0], twice[1], "each of equal ones is one of its own");
        assert_ne!(Wanted::all(Uuid::from_u128(8), &[hour])[0].0, both[0]);
    }

    #[test]
    fn what_cannot_be_read_is_passed_over() {
        let odd =
            [json!({"near": "home"}), json!({"before": "PT1H", "channels": ["pigeon"]}), json!({"before": "PT1M"})];
        assert_eq!(Wanted::all(TASK, &odd).len(), 1);
    }

    #[test]
    fn a_moment_is_counted_from_the_due_date() {
        let due: DateTime<Utc> = "2026-01-31T10:00:00Z".parse().unwrap();
        let wanted = |value: Value| serde_json::from_value::<Wanted>(value).unwrap();
        assert_eq!(
            wanted(json!({"before": "PT30M"})).moment(Some(due)).unwrap().to_rfc3339(),
            "2026-01-31T09:30:00+00:00"
        );
        assert_eq!(wanted(json!({"before": "PT30M"})).moment(None), None);
        assert_eq!(
            wanted(json!({"at": "2026-01-31T09:00:00+01:00"})).moment(None).unwrap().to_rfc3339(),
            "2026-01-31T08:00:00+00:00"
        );
        assert_eq!(wanted(json!({"before": "P999999W"})).moment(Some(DateTime::<Utc>::MIN_UTC)), None);
    }
}
