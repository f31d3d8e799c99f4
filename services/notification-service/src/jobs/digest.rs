//! `POST /job/digest`, when the sidecar rings for the daily e-mails.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::app::App;

/// Whose digest is due is looked for.
pub(crate) async fn run(State(app): State<App>) -> Json<Value> {
    app.bells.due.ring();
    Json(json!({}))
}
