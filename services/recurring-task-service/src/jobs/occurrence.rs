//! `POST /job/occurrence-<series>-<number>`, when the sidecar rings.

use axum::Json;
use axum::extract::State;
use platform::bell::SWEEP;
use platform::extract::Path;
use platform::problem::Problem;
use serde_json::{Value, json};

use crate::app::App;
use crate::domain::job::{JobName, NoJobName};
use crate::store::series;

/// The sidecar's bell: windows that have opened are looked for, whichever series rang. One that is over, or of a window that was moved far ahead,
/// rings for nothing.
///
/// # Errors
/// 404 for a job that is none of ours; 503 while the database is away.
pub(crate) async fn ring(State(app): State<App>, Path(name): Path<String>) -> Result<Json<Value>, Problem> {
    let name: JobName = name.parse().map_err(|NoJobName| Problem::not_found("job"))?;
    let opens_at = series::opening(&app.db, name).await?.filter(|opens_at| *opens_at <= app.clock.now() + SWEEP);
    if let Some(opens_at) = opens_at {
        // The sidecar's clock may be a little ahead of this one.
        app.bells.windows.ring_at(opens_at, &app.clock);
    }
    Ok(Json(json!({ "opens_at": opens_at })))
}
