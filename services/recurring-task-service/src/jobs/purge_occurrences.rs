//! `POST /job/purge-occurrences`, every night.

use axum::Json;
use axum::extract::State;
use platform::problem::Problem;
use serde_json::{Value, json};

use crate::actions::purge_occurrences::purge_occurrences;
use crate::app::App;

/// Removes what is of no consequence any more. A run that is repeated finds nothing more to do.
///
/// # Errors
/// 503 while the database is away.
pub(crate) async fn run(State(app): State<App>) -> Result<Json<Value>, Problem> {
    let removed = purge_occurrences(&app).await?;
    tracing::info!(removed, "instances of long ago were purged");
    Ok(Json(json!({ "removed": removed })))
}
