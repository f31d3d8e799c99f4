//! `/internal/notifications`: what is on the list of a user.

use axum::Json;
use axum::extract::State;
use platform::extract::{self, Query};
use platform::page::{Page, limit, read};
use platform::problem::Problem;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::app::App;
use crate::store::notifications;
use crate::store::page::{self, Notification};

/// As they come.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parameters {
    user_id: String,
    unread: Option<String>,
    after: Option<String>,
    limit: Option<String>,
}

/// A page of the list.
#[derive(Debug, Serialize)]
pub(crate) struct Notifications {
    items: Vec<Notification>,
    next: Option<String>,
    /// How many are not read, counted up to 1,000.
    unread: i64,
}

/// `GET /internal/notifications`: the list of a user, newest first.
///
/// # Errors
/// 422 for a parameter that is missing, unknown or unreadable; 503 while the database is away.
pub(crate) async fn list(
    State(app): State<App>,
    Query(parameters): Query<Parameters>,
) -> Result<Json<Notifications>, Problem> {
    let unread = read("unread", parameters.unread.as_deref())?;
    let after = read("after", parameters.after.as_deref())?;
    let limit = limit(parameters.limit.as_deref())?;
    let Page { items, next } = page::notifications(&app.db, &parameters.user_id, unread, after, limit).await?;
    let unread = notifications::count_unread(&app.db, &parameters.user_id).await?;
    Ok(Json(Notifications { items, next: next.map(|position| position.to_string()), unread }))
}

/// Which messages are read now, or are not.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Marks {
    user_id: String,
    /// All of them when it is `null`.
    ids: Option<Vec<Uuid>>,
    read: bool,
}

/// How many of them there are.
#[derive(Debug, Serialize)]
pub(crate) struct Marked {
    changed: u64,
}

/// `POST /internal/notifications/read`.
///
/// # Errors
/// 422 for a body that is not this; 503 while the database is away.
pub(crate) async fn mark(
    State(app): State<App>,
    extract::Json(Marks { user_id, ids, read }): extract::Json<Marks>,
) -> Result<Json<Marked>, Problem> {
    let read_at = read.then(|| app.clock.now());
    let changed = notifications::mark_read(&app.db, &user_id, ids, read_at).await?;
    Ok(Json(Marked { changed }))
}
