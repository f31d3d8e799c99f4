//! The next task of a series, as recurring-task-service asks for it.

use chrono::{DateTime, Utc};
use platform::auth::is_plain;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::date;
use super::invalid::Invalid;
use super::priority::Priority;
use super::recurrence::Recurrence;
use super::reminder::{Reminder, WrittenReminder};
use super::status::Status;
use super::tags::TagSet;
use super::task::{Progress, Task};
use super::text::{Description, Title};
use super::timezone::TimeZone;

/// What the task is to be. Its id was chosen before, so that to ask twice makes one task.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewInstance {
    id: Uuid,
    series_id: Uuid,
    occurrence: i32,
    workspace_id: Uuid,
    user_id: String,
    title: String,
    description: String,
    priority: String,
    tags: Vec<String>,
    due_date: Option<String>,
    timezone: String,
    recurrence: Value,
    reminders: Value,
    assignee: Option<String>,
    reporter: String,
}

impl NewInstance {
    /// The task, made at `now`. Its values come from tasks that kept the rules, so one that breaks a rule of today is the end of
    /// the series and no mistake of whoever asks. Its reminders may be past: they are not sent.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn into_task(self, now: DateTime<Utc>) -> Result<Task, Invalid> {
        let within = |pointer: &'static str| move |invalid: Invalid| invalid.within(pointer);
        let occurrence = Some(self.occurrence).filter(|occurrence| *occurrence >= 1);
        let number_invalid = || Invalid::new("number_invalid", "An occurrence is at least 1.").at("/occurrence");
        Ok(Task {
            id: self.id,
            user_id: person(self.user_id).map_err(within("/user_id"))?,
            workspace_id: self.workspace_id,
            project_id: None,
            reference: None,
            title: Title::parse(&self.title).map_err(within("/title"))?,
            description: Description::parse(&self.description).map_err(within("/description"))?,
            progress: Progress::reached(Status::Todo, now),
            priority: Priority::parse(&self.priority).map_err(within("/priority"))?,
            tags: TagSet::parse(&self.tags).map_err(within("/tags"))?,
            due_date: self.due_date.as_deref().map(date::parse).transpose().map_err(within("/due_date"))?,
            timezone: TimeZone::parse(&self.timezone).map_err(within("/timezone"))?,
            recurrence: Some(stored::<Recurrence>(self.recurrence).map_err(within("/recurrence"))?),
            reminders: reminders(self.reminders).map_err(within("/reminders"))?,
            assignee: self.assignee.map(person).transpose().map_err(within("/assignee"))?,
            reporter: person(self.reporter).map_err(within("/reporter"))?,
            recurrence_id: Some(self.series_id),
            occurrence: Some(occurrence.ok_or_else(number_invalid)?),
            version: 1,
            created_at: now,
            updated_at: now,
            archived_at: None,
            deleted_at: None,
        })
    }
}

/// What a task of the series was told with, read as it is read from its row.
fn stored<T: for<'de> Deserialize<'de>>(value: Value) -> Result<T, Invalid> {
    serde_json::from_value(value).map_err(|error| Invalid::new("unreadable", error.to_string()))
}

fn reminders(value: Value) -> Result<Vec<Reminder>, Invalid> {
    Reminder::parse_all(stored::<Vec<WrittenReminder>>(value)?)
}

/// No token can name others, so nobody is called that.
fn person(id: String) -> Result<String, Invalid> {
    if is_plain(&id) { Ok(id) } else { Err(Invalid::new("user_id_invalid", "No user is called that.")) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn instance(member: &str, value: Value) -> Result<Task, Invalid> {
        let mut written = json!({
            "id": "01890a5d-ac96-774b-bcce-b302099a8057", "series_id": "01890a5d-ac96-774b-bcce-b302099a8056",
            "occurrence": 2, "workspace_id": "01890a5d-ac96-774b-bcce-b302099a8055", "user_id": "alice",
            "title": "Water the plants", "description": "- [ ] hall", "priority": "low", "tags": ["home"],
            "due_date": "2026-02-09T07:00:00Z", "timezone": "Europe/Paris", "recurrence": {"text": "every Monday"},
            "reminders": [{"before": "PT1H"}], "reporter": "bob",
        });
        written[member] = value;
        let now = "2026-02-02T07:00:00Z".parse().unwrap();
        serde_json::from_value::<NewInstance>(written).unwrap().into_task(now)
    }

    #[test]
    fn it_is_open_and_the_first_version() {
        let task = instance("assignee", json!("carol")).unwrap();
        assert_eq!((task.version, task.progress.status(), task.occurrence), (1, Status::Todo, Some(2)));
        assert_eq!((task.user_id.as_str(), task.reporter.as_str()), ("alice", "bob"));
        assert_eq!(task.assignee.as_deref(), Some("carol"));
        assert_eq!((task.created_at, task.updated_at), (task.created_at, task.created_at));
        assert_ne!(task.recurrence_id, Some(task.id));
    }

    #[test]
    fn the_first_rule_that_it_breaks_is_told() {
        for (member, value, pointer, code) in [
            ("title", json!(""), "/title", "title_empty"),
            ("description", json!("x".repeat(65_537)), "/description", "description_too_long"),
            ("priority", json!("HIGH"), "/priority", "priority_unknown"),
            ("tags", json!(["ok", ""]), "/tags/1", "tag_empty"),
            ("timezone", json!("Mars/Olympus"), "/timezone", "timezone_unknown"),
            ("recurrence", json!(7), "/recurrence", "unreadable"),
            ("reminders", json!("soon"), "/reminders", "unreadable"),
            ("reminders", json!([{"before": "soon"}]), "/reminders/0/before", "duration_invalid"),
            (
                "reminders",
                json!([{"before": "PT1H", "at": "2026-02-02T07:00:00Z"}]),
                "/reminders/0",
                "reminder_invalid",
            ),
            ("reminders", json!(vec![json!({"before": "PT1H"}); 51]), "/reminders", "too_many_reminders"),
            ("occurrence", json!(0), "/occurrence", "number_invalid"),
            ("user_id", json!("a\u{0}"), "/user_id", "user_id_invalid"),
            ("assignee", json!(""), "/assignee", "user_id_invalid"),
            ("reporter", json!(""), "/reporter", "user_id_invalid"),
        ] {
            let invalid = instance(member, value).unwrap_err();
            assert_eq!((invalid.pointer.as_str(), invalid.code), (pointer, code));
        }
    }
}
