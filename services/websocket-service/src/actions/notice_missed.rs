//! Noticing what did not come.
//!
//! A replica has a consumer group of its own that begins with what comes next: an event that was published before its sidecar
//! was assigned the topic, or while the sidecar was away, is never delivered to it. A later event of the same workspace would
//! show the gap; where none comes, this does.

use std::collections::HashMap;

use platform::dapr::invoke::InvokeError;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::BACKEND;
use crate::app::App;

/// Workspaces that are asked for at once: what backend-api takes.
const AT_ONCE: usize = 1_000;

/// Asks backend-api now and then where the workspaces stand that sockets follow. What was there at the last look and has not
/// come by this one is not under way any more: whoever misses it is told from the history. Does not return.
pub(crate) async fn run(app: App) {
    let mut last = HashMap::new();
    loop {
        tokio::time::sleep(app.limits.look_for_missed).await;
        match look(&app).await {
            Ok(now) => {
                app.hub.expect(&last);
                last = now;
            }
            Err(error) => tracing::debug!(%error, "backend-api does not say where the workspaces stand; asking again"),
        }
    }
}

/// The number of the latest event of each workspace that a socket follows.
async fn look(app: &App) -> Result<HashMap<Uuid, i64>, InvokeError> {
    let mut sequences = HashMap::new();
    for workspace_ids in app.hub.workspaces().chunks(AT_ONCE) {
        let question = Question { workspace_ids };
        let answer: Answer = app.invoker.post(BACKEND, "internal/sequences", &question, None).await?;
        sequences.extend(answer.sequences);
    }
    Ok(sequences)
}

#[derive(Debug, Serialize)]
struct Question<'a> {
    workspace_ids: &'a [Uuid],
}

#[derive(Debug, Deserialize)]
struct Answer {
    sequences: HashMap<Uuid, i64>,
}
