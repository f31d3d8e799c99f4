//! Sync: everything that a client needs to keep a copy of the tasks, page by page.

use axum::extract::State;
use platform::extract::Query;
use platform::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::caller::Caller;
use super::docs::UserPath;
use super::refusals::{CallerRefusals, refusals};
use crate::actions::sync_tasks::{Synced, sync_tasks};
use crate::app::App;
use crate::domain::task::Task;

/// The token of a client that has nothing.
const START: &str = "*";

/// From where on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SyncQuery {
    /// `token` of the answer before; `*`, or none, for the whole state.
    token: Option<String>,
}

/// A page of a sync.
#[derive(Debug, Serialize, ToSchema)]
pub struct SyncPage {
    /// What to ask with next, at once if there is more, else whenever the client likes.
    token: String,
    /// Whether this is a page of the whole state, rather than of what changed.
    full: bool,
    /// The number of the latest event of the personal workspace that the copy holds when `has_more` is false; a socket goes on
    /// from it with `last_seen`.
    sequence: i64,
    /// Tasks to keep, as they are now, archived ones too.
    tasks: Vec<Task>,
    /// Tasks to forget.
    deleted: Vec<Uuid>,
    /// Whether there is more to read at once.
    has_more: bool,
}

refusals! {
    /// What a sync may answer besides.
    SyncRefusals {
        "400" ["sync_token_invalid"] => "The token is not one of this user",
        "410" ["resync_required"] => "The changes since the token are not known any more: start again with token=*",
    }
}

/// Gives all tasks of all workspaces of the user, then, with the token of the answer before, what changed since.
#[utoipa::path(get, path = "/api/{user_id}/sync", tag = "sync", operation_id = "sync", params(UserPath, SyncQuery), responses(
    (status = 200, body = SyncPage, description = "A page"), CallerRefusals, SyncRefusals))]
pub async fn sync(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<SyncQuery>,
) -> Result<axum::Json<SyncPage>, Problem> {
    let actor = caller.actor;
    let list = format!("sync of {}", actor.user_id);
    let reached = match query.token.as_deref() {
        None | Some(START) => None,
        Some(token) => Some(app.cursors.open(&list, token).map_err(|_| token_invalid())?),
    };
    let Synced { token, full, tasks, deleted, has_more } = sync_tasks(&app.changes.db, &actor.user_id, reached).await?;
    let sequence = token.positions.get(&actor.workspace_id).copied().unwrap_or_default();
    Ok(axum::Json(SyncPage { token: app.cursors.seal(&list, &token), full, sequence, tasks, deleted, has_more }))
}

fn token_invalid() -> Problem {
    let detail = "Take the token from the answer before of the same user, or start with token=*.";
    Problem::unreadable("sync_token_invalid", detail)
}
