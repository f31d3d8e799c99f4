//! `POST /job/reminder-<id>-<version>`, when the sidecar rings, and `POST /jobs/reminder`, by hand.

use axum::Json;
use axum::extract::State;
use platform::extract::{self, Path};
use platform::problem::Problem;
use serde::Serialize;

use crate::actions::fire_reminders;
use crate::app::App;
use crate::domain::job::{JobName, NoJobName, Payload};
use crate::domain::reminder::{Reminder, Status};
use crate::store::reminders;

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
    if let Some(due) = reminder.fire_at.filter(|_| reminder.version == name.version && reminder.may_fire()) {
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
    fire_reminders::fire(&app, &[reminder]).await?;
    let Reminder { status, version, .. } = find(&app, &payload).await?;
    Ok(Json(Rung { status, version }))
}

async fn find(app: &App, payload: &Payload) -> Result<Reminder, Problem> {
    let found = reminders::find(&app.db, payload.reminder_id).await?;
    let is_meant = |found: &Reminder| found.task_id == payload.task_id && found.user_id == payload.user_id;
    found.filter(is_meant).ok_or_else(|| Problem::not_found("reminder"))
}
