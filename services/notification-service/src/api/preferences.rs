//! `/internal/preferences`: what a user chose.

use axum::Json;
use axum::extract::State;
use platform::extract::{self, Query};
use platform::problem::Problem;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::actions::change_preferences::change_preferences;
use crate::app::App;
use crate::domain::preferences::Preferences;
use crate::store::preferences;

/// Whose.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parameters {
    user_id: String,
}

/// What is to be otherwise.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Patch {
    user_id: String,
    /// A merge patch (RFC 7396).
    changes: Map<String, Value>,
}

/// What was chosen, and which channels there are.
#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    #[serde(flatten)]
    preferences: Preferences,
    channels: Value,
}

/// `GET /internal/preferences`: the default ones for whoever chose nothing.
///
/// # Errors
/// 503 while the database is away.
pub(crate) async fn get(
    State(app): State<App>,
    Query(Parameters { user_id }): Query<Parameters>,
) -> Result<Json<Shown>, Problem> {
    let preferences = preferences::of(&app.db, [user_id.clone()].into()).await?.remove(&user_id);
    Ok(shown(&app, preferences.unwrap_or_default()))
}

/// `PATCH /internal/preferences`: absent stays, `null` is the default again.
///
/// # Errors
/// 422 with a pointer into `changes` for each member that cannot be; 503 while the database or backend-api is away.
pub(crate) async fn change(
    State(app): State<App>,
    extract::Json(Patch { user_id, changes }): extract::Json<Patch>,
) -> Result<Json<Shown>, Problem> {
    let preferences = change_preferences(&app, &user_id, &changes).await?;
    Ok(shown(&app, preferences))
}

fn shown(app: &App, preferences: Preferences) -> Json<Shown> {
    Json(Shown { preferences, channels: json!(app.channels.shown()) })
}
