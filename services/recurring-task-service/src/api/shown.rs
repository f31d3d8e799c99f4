//! A series, as it is shown.

use chrono::{DateTime, Utc};
use recurrence::Recurrence;
use serde::Serialize;
use uuid::Uuid;

use crate::domain::rule;
use crate::domain::series::{Series, Status};
use crate::store::page::Listed;

/// A series.
#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    id: Uuid,
    workspace_id: Uuid,
    /// Of the latest instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    task_id: Option<Uuid>,
    title: String,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    recurrence: Recurrence,
    timezone: &'static str,
    /// The number of the latest instance.
    occurrence: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    due_date: Option<DateTime<Utc>>,
    /// When the next instance will be due, where the rule alone says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_due: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl Shown {
    /// The series as it is `now`.
    pub(super) fn of(listed: Listed, now: DateTime<Utc>) -> Self {
        let Listed { series, task_id, due_date } = listed;
        let is_foreseen = series.status == Status::Active && rule::keeps_schedule(&series);
        let next_due = if is_foreseen { rule::next(&series, now).map(|next| next.due) } else { None };
        let Series {
            id,
            workspace_id,
            template,
            status,
            reason,
            recurrence,
            zone,
            occurrence,
            created_at,
            updated_at,
            ..
        } = series;
        Self {
            id,
            workspace_id,
            task_id,
            title: template.title,
            status,
            reason,
            recurrence,
            timezone: zone.name(),
            occurrence,
            due_date,
            next_due,
            created_at,
            updated_at,
        }
    }
}
