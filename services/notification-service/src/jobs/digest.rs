//! `POST /job/digest`, every quarter of an hour, since that is where the hours of the world's time zones begin.

use axum::Json;
use axum::extract::State;
use platform::dapr::jobs::{FailurePolicy, Job};
use serde_json::{Value, json};

use crate::app::App;

/// The job's name, by which the sidecar keeps it and calls it.
pub(crate) const NAME: &str = "digest";

/// When it is called. A tick that is lost is made up for by the sweep of the next minute.
pub(crate) fn job() -> Job {
    let mut job = Job::named(NAME, json!({}));
    job.schedule = Some("0 */15 * * * *".to_owned());
    job.failure_policy = Some(FailurePolicy::Drop);
    job
}

/// Whose digest is due is looked for.
pub(crate) async fn run(State(app): State<App>) -> Json<Value> {
    app.bells.due.ring();
    Json(json!({}))
}
