//! A deleted task as the history recorded it, and its way back under the rules of today.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::invalid::Invalid;
use super::priority::Priority;
use super::recurrence::Recurrence;
use super::reminder::{Reminder, WrittenReminder};
use super::status::Status;
use super::tags::TagSet;
use super::task::{Progress, Task};
use super::text::{Description, Title};
use super::timezone::TimeZone;

/// The last that the history knows of a task: it was deleted.
#[derive(Clone, Debug, Deserialize)]
pub struct RecordedDeletion {
    /// The workspace in which that happened.
    pub workspace_id: Uuid,
    /// When.
    pub deleted_at: DateTime<Utc>,
    /// The task after that, as its event carried it.
    pub task: Value,
}

/// What is read of a recorded task. An older producer knew fewer fields, and a newer one may know more: what is absent takes
/// its default, what is unknown is passed over.
#[derive(Debug, Deserialize)]
struct RecordedTask {
    user_id: String,
    project_id: Option<Uuid>,
    #[serde(rename = "ref")]
    reference: Option<String>,
    title: String,
    description: Option<String>,
    status: Option<String>,
    completed: Option<bool>,
    completed_at: Option<DateTime<Utc>>,
    priority: Option<String>,
    tags: Option<Vec<String>>,
    due_date: Option<DateTime<Utc>>,
    timezone: Option<String>,
    recurrence: Option<Value>,
    reminders: Option<Vec<Value>>,
    assignee: Option<String>,
    reporter: Option<String>,
    recurrence_id: Option<Uuid>,
    occurrence: Option<i64>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: Option<DateTime<Utc>>,
    archived_at: Option<DateTime<Utc>>,
    deleted_at: Option<DateTime<Utc>>,
}

impl RecordedDeletion {
    /// The task `id`, deleted as it was.
    ///
    /// # Errors
    /// Every rule of today that it breaks, each at its place in the recorded task.
    pub fn into_task(self, id: Uuid) -> Result<Task, Vec<Invalid>> {
        let Self { workspace_id, deleted_at, task } = self;
        let recorded =
            RecordedTask::deserialize(task).map_err(|error| vec![Invalid::new("unreadable", error.to_string())])?;
        recorded.into_task(id, workspace_id, deleted_at)
    }
}

impl RecordedTask {
    fn into_task(self, id: Uuid, workspace_id: Uuid, deleted_at: DateTime<Utc>) -> Result<Task, Vec<Invalid>> {
        let mut broken = Broken::default();
        let title = broken.rule("/title", Title::parse(&self.title));
        let description =
            broken.rule("/description", Description::parse(self.description.as_deref().unwrap_or_default()));
        let status = broken.optional("/status", self.status.as_deref(), Status::parse);
        let status = broken.rule("/completed", Status::agree(Status::Todo, status, self.completed));
        let priority = broken.optional("/priority", self.priority.as_deref(), Priority::parse);
        let tags = broken.rule("/tags", TagSet::parse(&self.tags.unwrap_or_default()));
        let timezone = broken.optional("/timezone", self.timezone.as_deref(), TimeZone::parse);
        let recurrence = broken.optional("/recurrence", self.recurrence, read_recurrence);
        let reminders = broken.optional("/reminders", self.reminders, read_reminders);
        let occurrence = broken.optional("/occurrence", self.occurrence, number);
        let version = broken.rule("/version", number(self.version));
        let (Some(title), Some(description), Some(status), Some(tags), Some(version), []) =
            (title, description, status, tags, version, &*broken.0)
        else {
            return Err(broken.0);
        };
        let updated_at = self.updated_at.unwrap_or(deleted_at);
        Ok(Task {
            id,
            workspace_id,
            project_id: self.project_id,
            reference: self.reference,
            title,
            description,
            progress: Progress::reached(status, self.completed_at.unwrap_or(updated_at)),
            priority: priority.unwrap_or_default(),
            tags,
            due_date: self.due_date,
            timezone: timezone.unwrap_or(TimeZone::UTC),
            recurrence,
            reminders: reminders.unwrap_or_default(),
            assignee: self.assignee,
            reporter: self.reporter.unwrap_or_else(|| self.user_id.clone()),
            user_id: self.user_id,
            recurrence_id: self.recurrence_id,
            occurrence,
            version,
            created_at: self.created_at,
            updated_at,
            archived_at: self.archived_at,
            deleted_at: Some(self.deleted_at.unwrap_or(deleted_at)),
        })
    }
}

/// Collects broken rules.
#[derive(Debug, Default)]
struct Broken(Vec<Invalid>);

impl Broken {
    fn rule<T>(&mut self, pointer: &str, value: Result<T, Invalid>) -> Option<T> {
        value.map_err(|invalid| self.0.push(invalid.within(pointer))).ok()
    }

    fn optional<T, U>(
        &mut self,
        pointer: &str,
        value: Option<U>,
        parse: impl FnOnce(U) -> Result<T, Invalid>,
    ) -> Option<T> {
        value.and_then(|value| self.rule(pointer, parse(value)))
    }
}

fn read_recurrence(value: Value) -> Result<Recurrence, Invalid> {
    Recurrence::deserialize(value).map_err(|error| Invalid::new("recurrence_invalid", error.to_string()))
}

fn read_reminders(values: Vec<Value>) -> Result<Vec<Reminder>, Invalid> {
    let read = |(index, value): (usize, Value)| {
        let place = format!("/{index}");
        serde_json::from_value::<WrittenReminder>(value)
            .map_err(|error| Invalid::new("reminder_invalid", error.to_string()).at(place))
    };
    Reminder::parse_all(values.into_iter().enumerate().map(read).collect::<Result<_, _>>()?)
}

/// Room is left for the next version.
fn number(value: i64) -> Result<i32, Invalid> {
    let number = i32::try_from(value).ok().filter(|number| (1..i32::MAX).contains(number));
    number.ok_or_else(|| Invalid::new("number_invalid", format!("{value} is not 1 to 2147483646.")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn deletion(task: Value) -> RecordedDeletion {
        let deleted_at = "2026-01-31T10:00:00Z".parse().unwrap();
        RecordedDeletion { workspace_id: Uuid::from_u128(1), deleted_at, task }
    }

    /// What the first producer could have written.
    fn bare() -> Value {
        json!({"user_id": "alice", "title": "Old", "version": 2, "created_at": "2026-01-31T09:00:00Z"})
    }

    #[test]
    fn what_an_older_producer_did_not_know_takes_its_default() {
        let task = deletion(bare()).into_task(Uuid::from_u128(7)).unwrap();
        assert_eq!((task.id, task.workspace_id), (Uuid::from_u128(7), Uuid::from_u128(1)));
        assert_eq!((task.reporter.as_str(), task.version), ("alice", 2));
        assert_eq!(task.progress.status(), Status::Todo);
        assert_eq!(task.updated_at.to_rfc3339(), "2026-01-31T10:00:00+00:00");
        assert_eq!(task.deleted_at, Some(task.updated_at));
        let mut done = bare();
        done["completed"] = json!(true);
        done["colour"] = json!("red");
        let progress = deletion(done).into_task(Uuid::nil()).unwrap().progress;
        assert_eq!(progress.completed_at(), Some("2026-01-31T10:00:00Z".parse().unwrap()));
    }

    #[test]
    fn every_rule_of_today_that_it_breaks_is_told() {
        let mut task = bare();
        for (member, value) in [
            ("title", json!("x".repeat(501))),
            ("status", json!("waiting")),
            ("tags", json!(["ok", ""])),
            ("timezone", json!("Mars/Olympus")),
            ("recurrence", json!({"lunar": true})),
            ("reminders", json!([{"before": "PT1H"}, {"before": "soon"}])),
            ("version", json!(2_147_483_647)),
        ] {
            task[member] = value;
        }
        let broken = deletion(task).into_task(Uuid::nil()).unwrap_err();
        let told: Vec<_> = broken.iter().map(|invalid| (invalid.pointer.as_str(), invalid.code)).collect();
        let expected = [
            ("/title", "title_too_long"),
            ("/status", "status_unknown"),
            ("/tags/1", "tag_empty"),
            ("/timezone", "timezone_unknown"),
            ("/recurrence", "recurrence_invalid"),
            ("/reminders/1/before", "duration_invalid"),
            ("/version", "number_invalid"),
        ];
        assert_eq!(told, expected);
        for unreadable in [json!({}), json!("text"), json!(null)] {
            assert_eq!(deletion(unreadable).into_task(Uuid::nil()).unwrap_err()[0].code, "unreadable");
        }
    }
}
