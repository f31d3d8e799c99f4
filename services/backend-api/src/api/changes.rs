//! What happened in a workspace after a number: for websocket-service, whose clients come back.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use platform::extract::{self, Query};
use platform::problem::Problem;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::internal::{few, user_id};
use super::task_input::Check;
use super::task_query::uuid;
use crate::app::App;
use crate::domain::invalid::Invalid;
use crate::store::history;

/// Events of a page at most, and unless the question says otherwise.
const MAX_LIMIT: i64 = 500;
/// Bytes of a page, after which no event is added.
const PAGE_BYTES: i64 = 256 * 1024;

/// Workspaces of a question at most.
const MAX_WORKSPACES: usize = 1_000;

/// Whose eyes, which workspace, after which number.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangesQuery {
    user_id: Option<String>,
    workspace_id: Option<String>,
    after: Option<String>,
    limit: Option<String>,
}

/// A page of history.
#[derive(Debug, Serialize)]
pub struct Page {
    /// The events after the number, as they were published, without a gap.
    changes: Vec<Value>,
    /// The number of the latest event.
    sequence: i64,
    /// There are events after the number, or were, that cannot be told: it is older than what is kept, or ahead.
    resync_required: bool,
}

struct Valid {
    user_id: String,
    workspace_id: Uuid,
    after: i64,
    limit: i64,
}

/// `GET /internal/changes`: 404 when the user is not a member of the workspace.
pub async fn changes(State(app): State<App>, Query(query): Query<ChangesQuery>) -> Result<Json<Page>, Problem> {
    let Valid { user_id, workspace_id, after, limit } = query.validate()?;
    let read = history::changes(&app.changes.db, (&user_id, workspace_id), after, limit, PAGE_BYTES).await?;
    let history::Changes { sequence, events: changes } = read.ok_or_else(|| Problem::not_found("workspace"))?;
    let resync_required = after > sequence || (after < sequence && changes.is_empty());
    Ok(Json(Page { changes, sequence, resync_required }))
}

/// The workspaces that sockets follow.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Followed {
    workspace_ids: Vec<Uuid>,
}

/// Where they stand.
#[derive(Debug, Serialize)]
pub struct Sequences {
    /// The number of the latest event of each that there is.
    sequences: HashMap<Uuid, i64>,
}

/// `POST /internal/sequences`: numbers only, so whoever follows a workspace needs not be named.
pub async fn sequences(
    State(app): State<App>,
    extract::Json(Followed { workspace_ids }): extract::Json<Followed>,
) -> Result<Json<Sequences>, Problem> {
    let mut check = Check::default();
    check.field("/workspace_ids", few(&workspace_ids, MAX_WORKSPACES, "workspaces"));
    check.finish()?;
    Ok(Json(Sequences { sequences: history::sequences(&app.changes.db, workspace_ids).await? }))
}

impl ChangesQuery {
    fn validate(self) -> Result<Valid, Problem> {
        let mut check = Check::default();
        let asker = check.field("/user_id", given(self.user_id).and_then(|text| user_id(&text)));
        let workspace_id = check.field("/workspace_id", given(self.workspace_id).and_then(|text| uuid(&text)));
        let after = check.field("/after", given(self.after).and_then(|text| number(&text)));
        let limit = check.optional("/limit", self.limit, |text| limit(&text)).unwrap_or(MAX_LIMIT);
        check.finish()?;
        let (user_id, workspace_id) = (asker.unwrap_or_default(), workspace_id.unwrap_or_default());
        Ok(Valid { user_id, workspace_id, after: after.unwrap_or_default(), limit })
    }
}

fn given(value: Option<String>) -> Result<String, Invalid> {
    value.ok_or_else(|| Invalid::new("required", "This parameter is required."))
}

fn number(text: &str) -> Result<i64, Invalid> {
    // The last number of all has none after it.
    let number = text.parse().ok().filter(|number| (0..i64::MAX).contains(number));
    number.ok_or_else(|| Invalid::new("after_invalid", "Give the number of an event, or 0."))
}

fn limit(text: &str) -> Result<i64, Invalid> {
    let limit = text.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
    limit.ok_or_else(|| Invalid::new("limit_invalid", format!("A limit is 1 to {MAX_LIMIT}.")))
}
