//! `POST /job/reminder-<id>-<version>`, when the sidecar rings, and `POST /jobs/reminder`, by hand.

use std::fmt;
use std::str::FromStr;

use axum::Json;
use axum::extract::State;
use platform::extract::{self, Path};
use platform::problem::Problem;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::actions::fire_reminders;
use crate::app::App;
use crate::domain::reminder::{Reminder, Status};
use crate::store::reminders;

/// What a job carries: that of requirement 001.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Payload {
    pub(crate) reminder_id: Uuid,
    pub(crate) task_id: Uuid,
    /// Whose task it is.
    pub(crate) user_id: String,
    pub(crate) task_title: String,
}

/// The job of one version of a reminder: `reminder-<id>-<version>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct JobName {
    pub(crate) id: Uuid,
    pub(crate) version: i64,
}

impl fmt::Display for JobName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "reminder-{}-{}", self.id, self.version)
    }
}

/// A text that is no [`JobName`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoJobName;

impl FromStr for JobName {
    type Err = NoJobName;

    fn from_str(text: &str) -> Result<Self, NoJobName> {
        let (id, version) = text.strip_prefix("reminder-").and_then(|rest| rest.rsplit_once('-')).ok_or(NoJobName)?;
        let id = Uuid::try_parse(id).map_err(|_| NoJobName)?;
        Ok(Self { id, version: version.parse().map_err(|_| NoJobName)? })
    }
}

/// How the reminder is now.
#[derive(Debug, Serialize)]
pub(crate) struct Rung {
    status: Status,
    version: i64,
}

/// The sidecar's bell: what is due is looked for, whichever reminder rang. The job of an earlier version rings for nothing.
///
/// # Errors
/// 404 for a reminder that is not there, or is of another task or user than the payload says; 422 for a payload that is none.
pub(crate) async fn ring(
    State(app): State<App>,
    Path(name): Path<String>,
    extract::Json(payload): extract::Json<Payload>,
) -> Result<Json<Rung>, Problem> {
    let name: JobName = name.parse().map_err(|NoJobName| Problem::not_found("job"))?;
    let reminder = find(&app, &payload).await?;
    if reminder.id != name.id {
        return Err(Problem::not_found("reminder"));
    }
    if let Some(due) = reminder.fire_at.filter(|_| reminder.version == name.version) {
        // The sidecar's clock may be a little ahead of this one.
        app.bells.due.ring_at(due, &app.clock);
    }
    Ok(Json(Rung { status: reminder.status, version: reminder.version }))
}

/// Fires a reminder by hand, whenever its moment is. One that was sent, or is not to be, is left as it is.
///
/// # Errors
/// As for [`ring`].
pub(crate) async fn fire(
    State(app): State<App>,
    extract::Json(payload): extract::Json<Payload>,
) -> Result<Json<Rung>, Problem> {
    let reminder = find(&app, &payload).await?;
    fire_reminders::fire_now(&app, reminder.id).await?;
    let Reminder { status, version, .. } = find(&app, &payload).await?;
    Ok(Json(Rung { status, version }))
}

async fn find(app: &App, payload: &Payload) -> Result<Reminder, Problem> {
    let found = reminders::find(&app.db, payload.reminder_id).await?;
    let is_meant = |found: &Reminder| found.task_id == payload.task_id && found.user_id == payload.user_id;
    found.filter(is_meant).ok_or_else(|| Problem::not_found("reminder"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_named_by_reminder_and_version() {
        let name = JobName { id: Uuid::from_u128(7), version: 3 };
        assert_eq!(name.to_string(), "reminder-00000000-0000-0000-0000-000000000007-3");
        assert_eq!(name.to_string().parse(), Ok(name));
        for text in ["", "reminder", "reminder-7-3", "digest", "reminder-00000000-0000-0000-0000-000000000007-x"] {
            assert_eq!(text.parse::<JobName>(), Err(NoJobName), "{text}");
        }
    }
}
