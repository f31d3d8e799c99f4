//! Bodies of requests about tasks, and their way into the domain: every broken rule is told at once.

use platform::extract::Object;
use platform::problem::{FieldError, Problem};
use serde::Deserialize;
use utoipa::ToSchema;

use super::patch::Patch;
use crate::domain::date;
use crate::domain::invalid::Invalid;
use crate::domain::priority::Priority;
use crate::domain::recurrence::{Recurrence, Written};
use crate::domain::reminder::{Reminder, WrittenReminder};
use crate::domain::status::Status;
use crate::domain::tags::TagSet;
use crate::domain::task::{NewTask, TaskPatch};
use crate::domain::text::{Description, Title};
use crate::domain::timezone::TimeZone;

/// One tag: a line that is not only white space.
#[derive(Debug, ToSchema)]
#[schema(
    min_length = 1,
    max_length = 50,
    pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$",
    example = "home"
)]
#[expect(dead_code, reason = "documents what TagSet::parse reads")]
pub struct Tag(String);

/// A new task.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "title": "Water the plants", "priority": "high", "tags": ["home"], "due_date": "2030-12-01T09:00:00+01:00",
    "timezone": "Europe/Berlin", "recurrence": {"text": "every Monday"}, "reminders": [{"before": "PT1H", "channels": ["in_app"]}]
}))]
pub struct CreateTask {
    #[schema(
        min_length = 1,
        max_length = 500,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$",
        example = "Buy milk"
    )]
    title: String,
    #[schema(max_length = 65536, pattern = r"^[^\x00]*$")]
    description: Option<String>,
    #[schema(value_type = Option<Status>)]
    status: Option<String>,
    completed: Option<bool>,
    #[schema(value_type = Option<Priority>)]
    priority: Option<String>,
    #[schema(value_type = Option<Vec<Tag>>, max_items = 50)]
    tags: Option<Vec<String>>,
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    due_date: Option<String>,
    #[schema(example = "Europe/Berlin")]
    timezone: Option<String>,
    #[schema(value_type = Option<Written>)]
    recurrence: Option<Object<Written>>,
    #[schema(value_type = Option<Vec<Reminder>>, max_items = 50)]
    reminders: Option<Vec<Object<WrittenReminder>>>,
    assignee: Option<String>,
}

/// A merge patch of a task: absent keeps, `null` clears.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"priority": "urgent", "due_date": null}))]
pub struct UpdateTask {
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 500, pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$", nullable = false, example = "Buy milk")]
    title: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 65536, pattern = r"^[^\x00]*$")]
    description: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<Status>, nullable = false)]
    status: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<bool>, nullable = false)]
    completed: Patch<bool>,
    #[serde(default)]
    #[schema(value_type = Option<Priority>)]
    priority: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<Tag>>, max_items = 50)]
    tags: Patch<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    due_date: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false)]
    timezone: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<Written>)]
    recurrence: Patch<Object<Written>>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<Reminder>>, max_items = 50)]
    reminders: Patch<Vec<Object<WrittenReminder>>>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    assignee: Patch<String>,
    /// The version that the patch was made for, as `If-Match`.
    version: Option<i32>,
}

impl CreateTask {
    /// The new task, valid.
    ///
    /// # Errors
    /// 422 with every broken rule.
    pub fn validate(self) -> Result<NewTask, Problem> {
        let mut check = Check::default();
        let title = check.field("/title", Title::parse(&self.title));
        let description =
            check.field("/description", Description::parse(self.description.as_deref().unwrap_or_default()));
        let status = check.optional("/status", self.status.as_deref(), Status::parse);
        let status = check.field("/completed", Status::agree(Status::Todo, status, self.completed));
        let priority = check.optional("/priority", self.priority.as_deref(), Priority::parse);
        let tags = check.field("/tags", TagSet::parse(self.tags.as_deref().unwrap_or_default()));
        let due_date = check.optional("/due_date", self.due_date.as_deref(), date::parse);
        let timezone = check.optional("/timezone", self.timezone.as_deref(), TimeZone::parse);
        let recurrence = check.optional("/recurrence", self.recurrence, checked_recurrence);
        let reminders = check.field("/reminders", checked_reminders(self.reminders.unwrap_or_default()));
        check.finish()?;
        let (Some(title), Some(description), Some(status), Some(tags), Some(reminders)) =
            (title, description, status, tags, reminders)
        else {
            return Err(Problem::internal(&"a broken rule was not told"));
        };
        let (priority, assignee) = (priority.unwrap_or_default(), self.assignee);
        Ok(NewTask { title, description, status, priority, tags, due_date, timezone, recurrence, reminders, assignee })
    }
}

impl UpdateTask {
    /// The patch, valid, and the version that the body expects.
    ///
    /// # Errors
    /// 422 with every broken rule.
    pub fn validate(self) -> Result<(TaskPatch, Option<i32>), Problem> {
        let mut check = Check::default();
        let title = check.set("/title", self.title);
        let status = check.set("/status", self.status);
        let timezone = check.set("/timezone", self.timezone);
        let patch = TaskPatch {
            title: check.optional("/title", title.as_deref(), Title::parse),
            description: check.optional(
                "/description",
                self.description.or_cleared(String::new()).as_deref(),
                Description::parse,
            ),
            status: check.optional("/status", status.as_deref(), Status::parse),
            completed: check.set("/completed", self.completed),
            priority: check.optional(
                "/priority",
                self.priority.or_cleared("none".to_owned()).as_deref(),
                Priority::parse,
            ),
            tags: check.optional("/tags", self.tags.or_cleared(Vec::new()).as_deref(), TagSet::parse),
            due_date: self.due_date.into_option().map(|due| check.optional("/due_date", due.as_deref(), date::parse)),
            timezone: check.optional("/timezone", timezone.as_deref(), TimeZone::parse),
            recurrence: self
                .recurrence
                .into_option()
                .map(|recurrence| check.optional("/recurrence", recurrence, checked_recurrence)),
            reminders: check.optional("/reminders", self.reminders.or_cleared(Vec::new()), checked_reminders),
            assignee: self.assignee.into_option(),
        };
        check.finish()?;
        Ok((patch, self.version))
    }
}

pub(super) fn checked_recurrence(Object(recurrence): Object<Written>) -> Result<Recurrence, Invalid> {
    Ok(recurrence.parse()?)
}

fn checked_reminders(reminders: Vec<Object<WrittenReminder>>) -> Result<Vec<Reminder>, Invalid> {
    Reminder::parse_all(reminders.into_iter().map(|Object(reminder)| reminder).collect())
}

/// Collects broken rules.
#[derive(Debug, Default)]
pub struct Check(Vec<FieldError>);

impl Check {
    /// The value, or its broken rule is remembered.
    pub fn field<T>(&mut self, pointer: &str, value: Result<T, Invalid>) -> Option<T> {
        value
            .map_err(|invalid| {
                let Invalid { pointer, code, detail } = invalid.within(pointer);
                self.0.push(FieldError::new(pointer, code, detail));
            })
            .ok()
    }

    /// The same for a value that may be absent.
    pub fn optional<T, U>(
        &mut self,
        pointer: &str,
        value: Option<U>,
        parse: impl FnOnce(U) -> Result<T, Invalid>,
    ) -> Option<T> {
        value.and_then(|value| self.field(pointer, parse(value)))
    }

    /// The new value of a member that cannot be cleared.
    pub fn set<T>(&mut self, pointer: &str, patch: Patch<T>) -> Option<T> {
        match patch {
            Patch::Keep => None,
            Patch::Set(value) => Some(value),
            Patch::Clear => {
                self.0.push(FieldError::new(pointer, "not_nullable", "This member cannot be cleared."));
                None
            }
        }
    }

    /// Goes on when no rule was broken.
    ///
    /// # Errors
    /// 422 with every broken rule.
    pub fn finish(self) -> Result<(), Problem> {
        if self.0.is_empty() { Ok(()) } else { Err(Problem::validation(self.0)) }
    }
}
