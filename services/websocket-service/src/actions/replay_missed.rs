//! Telling a socket what its client missed, from the history that backend-api keeps, until it goes on with what comes.

use axum::http::StatusCode;
use platform::dapr::invoke::InvokeError;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::BACKEND;
use crate::app::App;
use crate::domain::server_message::ServerMessage;
use crate::hub::{Behind, LiveEvent, Parcel, Registration};

/// Events that are read at once.
const PAGE: u32 = 100;

/// Replays to the socket whatever it has missed, now and whenever it misses something, as fast as its client reads.
///
/// Returns why backend-api could not be asked; until then it does not return.
pub(crate) async fn run(app: &App, registration: &Registration) -> InvokeError {
    loop {
        while let Some(behind) = registration.look_back() {
            // Boxed, so that its memory is free again while the socket idles.
            if let Err(error) = Box::pin(replay(app, registration, behind)).await {
                return error;
            }
        }
        registration.mailbox().fell_behind().await;
    }
}

/// Replays a page in one workspace.
async fn replay(app: &App, registration: &Registration, behind: Behind) -> Result<(), InvokeError> {
    let workspace = behind.workspace;
    let Some(page) = read(app, registration.user(), behind).await? else {
        // It is not the user's any more.
        registration.leave(workspace);
        registration.mailbox().push(Parcel::Reply(ServerMessage::ResyncRequired.to_text().into()));
        return Ok(());
    };
    if page.is_broken {
        registration.mailbox().push(Parcel::Reply(ServerMessage::ResyncRequired.to_text().into()));
        registration.skip(workspace, page.sequence);
    }
    for event in page.events {
        registration.mailbox().room_for(event.text.len()).await;
        app.metrics.events_replayed.inc();
        registration.replay(event);
    }
    registration.catch_up(workspace, page.sequence);
    Ok(())
}

/// The next events of a workspace.
struct Page {
    events: Vec<LiveEvent>,
    /// The number of the latest event there is.
    sequence: i64,
    /// The next event is not kept any more.
    is_broken: bool,
}

/// The events after the last that the socket had; `None` when the user may not see them.
async fn read(app: &App, user_id: &str, behind: Behind) -> Result<Option<Page>, InvokeError> {
    let Behind { workspace, last } = behind;
    let query = Query { user_id, workspace_id: workspace, after: last, limit: PAGE };
    // When everybody comes back at once, they take turns.
    let turn = app.history_reads.acquire().await;
    let answer: Result<Answer, _> = app.invoker.get(BACKEND, "internal/changes", &query, None).await;
    drop(turn);
    let answer = match answer {
        Err(error) if error.status() == Some(StatusCode::NOT_FOUND) => return Ok(None),
        answer => answer?,
    };
    let numbered = (last..).skip(1).zip(&answer.changes);
    let events: Vec<LiveEvent> = numbered.map(|(at, event)| live(workspace, at, event)).collect();
    let is_broken = answer.resync_required || (events.is_empty() && answer.sequence != last);
    Ok(Some(Page { events, sequence: answer.sequence, is_broken }))
}

/// The page has no gap, so that the place of an event in it tells its number.
fn live(workspace: Uuid, sequence: i64, event: &Value) -> LiveEvent {
    LiveEvent { workspace, sequence, text: ServerMessage::Event { sequence, event }.to_text().into() }
}

#[derive(Debug, Serialize)]
struct Query<'a> {
    user_id: &'a str,
    workspace_id: Uuid,
    after: i64,
    limit: u32,
}

#[derive(Debug, Deserialize)]
struct Answer {
    changes: Vec<Value>,
    sequence: i64,
    resync_required: bool,
}
