//! `POST /job/purge-deleted-tasks`, at the time that the [timetable](super::timetable) says.

use axum::Json;
use axum::extract::State;
use platform::problem::Problem;
use serde::Serialize;

use crate::actions;
use crate::app::App;

/// The job's name, by which the sidecar keeps it and calls it.
pub const NAME: &str = "purge-deleted-tasks";

/// What a run came to.
#[derive(Debug, Serialize)]
pub struct Purged {
    removed: u64,
}

/// Removes the tasks that were deleted longer ago than they are kept. The job carries no data, so its body is not looked at; a
/// run that is repeated finds nothing more to do.
pub async fn run(State(app): State<App>) -> Result<Json<Purged>, Problem> {
    let removed = actions::purge_deleted_tasks::purge_deleted_tasks(&app.changes, app.keep_deleted_tasks).await?;
    tracing::info!(removed, "deleted tasks were purged");
    Ok(Json(Purged { removed }))
}
