//! A dead letter is published again, as it is or mended.

use std::fmt::Display;
use std::time::Duration;

use axum::http::StatusCode;
use events::Malformed;
use platform::dapr::publish::Message;
use platform::problem::{FieldError, Problem};
use platform::trace::TraceContext;
use serde_json::Value;
use uuid::Uuid;

use crate::app::App;
use crate::domain::origin::Origin;
use crate::domain::replay::{Publishable, Replay};
use crate::store::{dead_letters, entries, replays};

/// How long the sidecar may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What was published.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Replayed {
    /// The event.
    pub(crate) event_id: Uuid,
    /// Whether the history has it already, so that only other consumers may gain by it.
    pub(crate) recorded_before: bool,
}

/// Publishes the letter `id`, or `mended` in its place, to the topic that it came from, and then records that. Consumers that
/// have seen the event pass it over, so it does no harm to do so again.
///
/// # Errors
/// 404; 422 `dead_letter_still_broken` when a consumer would give it up again; 409 when the history has another event under
/// its id; 503 when the sidecar or the database is away. In each case but the last nothing was published, and nothing is
/// recorded in any.
pub(crate) async fn replay_dead_letter(app: &App, id: Uuid, mended: Option<Value>) -> Result<Replayed, Problem> {
    let letter = dead_letters::message(&app.db, id).await?;
    let (topic, own) = letter.ok_or_else(unknown)?;
    let mended = mended.map(|event| event.to_string().into_bytes());
    let message = Publishable::read(Origin::of(&topic), id, mended.clone().unwrap_or(own))
        .map_err(|malformed| still_broken(&malformed, mended.is_some()))?;
    let held = entries::holds(&app.db, message.event_id, &message.payload).await?;
    if held == Some(false) {
        return Err(another_event(message.event_id));
    }
    let event_id = message.event_id;
    publish(app, &topic, message).await?;
    let (replay, replayed_at) = (app.clock.new_id(), app.clock.now());
    replays::insert(&app.db, Replay { id: replay, dead_letter_id: id, event_id, mended, replayed_at }).await?;
    app.counters.dead_letters_replayed.inc();
    tracing::info!(%id, topic, %event_id, "a dead letter was replayed");
    Ok(Replayed { event_id, recorded_before: held.is_some() })
}

/// 404.
pub(crate) fn unknown() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "dead_letter_not_found", "Not found").detail("There is no such dead letter.")
}

fn still_broken(malformed: &Malformed, mended: bool) -> Problem {
    let (what, member) = if mended { ("The mended event", "/event") } else { ("The message", "") };
    let pointer = format!("{member}{}", malformed.pointer);
    let detail = format!("{what} breaks the contract: {malformed}. Send a mended one as `event`.");
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "dead_letter_still_broken", "The dead letter is still broken")
        .detail(detail)
        .field(FieldError::new(pointer, "malformed", malformed.reason.clone()))
}

fn another_event(event_id: Uuid) -> Problem {
    Problem::conflict(
        "event_id_taken",
        format!(
            "The history has another event under the id {event_id}, and that one stays. Send the event as the history has \
             it, or give this one an event_id of its own."
        ),
    )
}

async fn publish(app: &App, topic: &str, message: Publishable) -> Result<(), Problem> {
    let message = Message {
        id: message.event_id.to_string(),
        cloud_event: message.bytes,
        partition_key: message.workspace_id.to_string(),
        traceparent: message.traceparent.filter(|trace| TraceContext::parse(trace).is_some()),
    };
    match tokio::time::timeout(PATIENCE, app.publisher.publish(topic, vec![message])).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(status)) => Err(away(&status)),
        Err(elapsed) => Err(away(&elapsed)),
    }
}

fn away(cause: &dyn Display) -> Problem {
    let detail = "The sidecar did not confirm the event, and no replay was recorded. Try again shortly: an event that did \
                  get through is recorded once.";
    Problem::unavailable("sidecar_unavailable", detail, cause)
}
