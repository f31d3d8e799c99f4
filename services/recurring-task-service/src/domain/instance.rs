//! What backend-api is asked to make.

use chrono::{DateTime, Utc};
use recurrence::Recurrence;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::occurrence::Occurrence;
use super::series::Series;

/// The task of an instance.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Instance<'a> {
    id: Uuid,
    series_id: Uuid,
    occurrence: i32,
    workspace_id: Uuid,
    user_id: &'a str,
    title: &'a str,
    description: String,
    priority: &'a str,
    tags: &'a [String],
    due_date: DateTime<Utc>,
    timezone: &'static str,
    recurrence: &'a Recurrence,
    reminders: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assignee: Option<&'a str>,
    reporter: &'a str,
}

impl<'a> Instance<'a> {
    /// The task of `occurrence`, as the series is now.
    pub(crate) fn of(series: &'a Series, occurrence: &Occurrence) -> Self {
        let template = &series.template;
        Self {
            id: occurrence.task_id,
            series_id: series.id,
            occurrence: occurrence.number,
            workspace_id: series.workspace_id,
            user_id: &series.user_id,
            title: &template.title,
            description: template.unticked(),
            priority: &template.priority,
            tags: &template.tags,
            due_date: occurrence.due,
            timezone: series.zone.name(),
            recurrence: &series.recurrence,
            reminders: template.reminders(occurrence.due, series.zone),
            assignee: template.assignee.as_deref(),
            reporter: &template.reporter,
        }
    }
}
