//! `/internal/dead-letters`: what consumers gave up, for whoever runs the system: the launcher's command line, or `dapr invoke`.

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use platform::extract::{OptionalJson, Path, Query};
use platform::problem::Problem;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::dead_letters_query::Parameters;
use crate::actions::replay_dead_letter::{replay_dead_letter, unknown};
use crate::app::App;
use crate::domain::dead_letter::{MAX_MESSAGE, Status, Summary};
use crate::domain::origin::Origin;
use crate::domain::replay::{Publishable, Replay};
use crate::store::{dead_letters, replays};

/// The most replays that are told of one letter.
const MAX_REPLAYS: i64 = 20;

/// A page of the letters.
#[derive(Debug, Serialize)]
pub(crate) struct DeadLetters {
    /// Newest first.
    items: Vec<Summary>,
    /// `after` of the next page, `null` when this is the last.
    next: Option<Uuid>,
}

/// `GET /internal/dead-letters`: the letters that meet the parameters, newest first.
///
/// # Errors
/// 422 with a pointer for each parameter that is unknown or unreadable; 503 while the database is away.
pub(crate) async fn list(
    State(app): State<App>,
    Query(parameters): Query<Parameters>,
) -> Result<Json<DeadLetters>, Problem> {
    let selection = parameters.selection().map_err(Problem::validation)?;
    let limit = selection.limit.get();
    let mut items = dead_letters::list(&app.db, &selection, limit + 1).await?;
    let more = items.len() > limit;
    items.truncate(limit);
    let next = if more { items.last().map(|last| last.id) } else { None };
    Ok(Json(DeadLetters { items, next }))
}

/// One letter.
#[derive(Debug, Serialize)]
pub(crate) struct DeadLetter {
    #[serde(flatten)]
    summary: Summary,
    /// What a consumer would find wrong with it today; `null` when it can be replayed as it is.
    broken: Option<Broken>,
    /// `json` when the message is JSON, else `base64`.
    encoding: &'static str,
    /// The message itself.
    message: Value,
    /// The newest ones, newest first.
    replays: Vec<Attempt>,
}

/// Where a message breaks the contract, and how.
#[derive(Debug, Serialize)]
struct Broken {
    pointer: String,
    reason: String,
}

/// A replay.
#[derive(Debug, Serialize)]
struct Attempt {
    id: Uuid,
    event_id: Uuid,
    replayed_at: DateTime<Utc>,
    /// The message that was published instead of the letter's own, if it was mended.
    mended: Option<Value>,
}

/// `GET /internal/dead-letters/{id}`: all of a letter.
///
/// # Errors
/// 404; 503 while the database is away.
pub(crate) async fn show(State(app): State<App>, Path(id): Path<Uuid>) -> Result<Json<DeadLetter>, Problem> {
    let summary = dead_letters::find(&app.db, id).await?.ok_or_else(unknown)?;
    let (topic, bytes) = dead_letters::message(&app.db, id).await?.ok_or_else(unknown)?;
    let replays = replays::newest(&app.db, id, MAX_REPLAYS).await?;
    let (encoding, message) = match serde_json::from_slice(&bytes) {
        Ok(message) => ("json", message),
        Err(_) => ("base64", STANDARD.encode(&bytes).into()),
    };
    let malformed = Publishable::read(Origin::of(&topic), id, bytes).err();
    let broken = malformed.map(|malformed| Broken { pointer: malformed.pointer, reason: malformed.reason });
    let replays = replays.into_iter().map(attempt).collect();
    Ok(Json(DeadLetter { summary, broken, encoding, message, replays }))
}

fn attempt(replay: Replay) -> Attempt {
    let Replay { id, event_id, replayed_at, mended, .. } = replay;
    Attempt { id, event_id, replayed_at, mended: mended.and_then(|bytes| serde_json::from_slice(&bytes).ok()) }
}

/// What may be said with a replay.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplayInput {
    /// The mended `CloudEvent`; without it, the letter's own message is published.
    #[serde(default, deserialize_with = "given")]
    event: Option<Value>,
}

/// `null` is given too: no event, rather than none of the caller's.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// What became of a replay.
#[derive(Debug, Serialize)]
pub(crate) struct ReplayOutput {
    id: Uuid,
    status: Status,
    event_id: Uuid,
    /// Whether the history had the event before, so that only other consumers may gain by the replay.
    recorded_before: bool,
}

/// `POST /internal/dead-letters/{id}/replay`: publishes a letter again.
///
/// # Errors
/// 400, 413, 415, 422 for a body that cannot be meant; else as [`replay_dead_letter`].
pub(crate) async fn replay(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    body: Result<OptionalJson<ReplayInput>, Problem>,
) -> Result<Json<ReplayOutput>, Problem> {
    let ReplayInput { event } = body.map_err(limit_told)?.value;
    let replayed = replay_dead_letter(&app, id, event).await?;
    let (event_id, recorded_before) = (replayed.event_id, replayed.recorded_before);
    Ok(Json(ReplayOutput { id, status: Status::Replayed, event_id, recorded_before }))
}

/// Events may be larger than other requests.
fn limit_told(problem: Problem) -> Problem {
    if problem.code() != "body_too_large" {
        return problem;
    }
    problem.detail(format!("A mended event has at most {MAX_MESSAGE} bytes."))
}
