//! What is asked of backend-api about an instance, and what becomes of it then. To ask twice is as good as once.

use std::time::Duration;

use platform::dapr::invoke::InvokeError;
use platform::database::begin;
use platform::trace::TraceContext;
use sea_orm::DbErr;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::settle;
use crate::app::App;
use crate::domain::instance::Instance;
use crate::domain::occurrence::Status;
use crate::store::claims::{self, Claim};
use crate::store::series;

/// Who makes them.
const BACKEND: &str = "backend-api";

/// How long backend-api may take in all, though it be asked two things: within the claim.
const PATIENCE: Duration = Duration::from_millis(4_500);

/// Why something could not be done yet.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("the database: {0}")]
    Database(#[from] DbErr),
    #[error("{0}")]
    Backend(#[from] InvokeError),
    #[error("backend-api did not answer within {PATIENCE:?}")]
    Silence,
}

impl Failure {
    /// Whether it has nothing to do with this instance: nobody answered, or somebody who is without a database.
    pub(super) fn is_absence(&self) -> bool {
        match self {
            Self::Backend(error) => {
                error.status().is_none_or(|status| status.is_server_error()) && error.code() != Some("internal")
            }
            Self::Silence => true,
            Self::Database(_) => false,
        }
    }
}

/// What backend-api says of a request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Created,
    Exists,
    Refused,
    Withdrawn,
    Touched,
    Gone,
}

#[derive(Debug, Deserialize)]
struct Answer {
    outcome: Outcome,
    reason: Option<String>,
}

/// Does what is to be done with an instance. One that is not there is made first, whatever else is to become of it: so whoever is about to make
/// it, makes nothing new.
///
/// # Errors
/// When backend-api or the database is away, or fails.
pub(super) async fn work(app: &App, claim: &Claim) -> Result<(), Failure> {
    let (status, until) = (claim.occurrence.status, Instant::now() + PATIENCE);
    if !claim.occurrence.made && !make(app, claim, until).await? {
        return Ok(());
    }
    match status {
        Status::Withdrawing => withdraw(app, claim, until).await?,
        Status::Skipping => put_away(app, claim, until).await?,
        Status::Pending | Status::Open | Status::Completed | Status::Withdrawn | Status::Skipped => {}
    }
    // What waits behind it may go on now.
    if status != Status::Pending {
        app.bells.instances.ring();
    }
    Ok(())
}

/// Makes it; says whether it is there.
async fn make(app: &App, claim: &Claim, until: Instant) -> Result<bool, Failure> {
    let instance = Instance::of(&claim.series, &claim.occurrence);
    let answer = ask(app, claim, "internal/instances", &json!(instance), until).await?;
    let (id, task_id) = (claim.series.id, claim.occurrence.task_id);
    if matches!(answer.outcome, Outcome::Refused) {
        refuse(app, claim, answer.reason.as_deref()).await?;
        return Ok(false);
    }
    if claim.occurrence.status == Status::Pending && !claims::made(&app.db, claim, app.clock.now()).await? {
        settle_made(app, claim).await?;
    }
    app.counters.made.inc();
    tracing::info!(series_id = %id, %task_id, occurrence = claim.occurrence.number, outcome = ?answer.outcome, "an instance is there");
    Ok(true)
}

/// It is there, and something follows from that: a window may open, or it is not as it should be by now.
async fn settle_made(app: &App, claim: &Claim) -> Result<(), Failure> {
    let task_id = claim.occurrence.task_id;
    let transaction = begin(&app.db).await?;
    let Some(held) = series::lock(&transaction, claim.series.id, Some(task_id)).await? else { return Ok(()) };
    let mut after = held.clone();
    settle::now(app, |now| after.made((&claim.series, &claim.occurrence), now));
    Ok(settle::save(app, transaction, vec![(held, after)]).await?)
}

async fn refuse(app: &App, claim: &Claim, why: Option<&str>) -> Result<(), Failure> {
    let (id, task_id) = (claim.series.id, claim.occurrence.task_id);
    let transaction = begin(&app.db).await?;
    let Some(held) = series::lock(&transaction, id, Some(task_id)).await? else { return Ok(()) };
    let mut after = held.clone();
    settle::now(app, |now| after.refused(task_id, why, now));
    settle::save(app, transaction, vec![(held, after)]).await?;
    app.counters.refused.inc();
    tracing::warn!(series_id = %id, %task_id, reason = why.unwrap_or_default(), "an instance is refused, and its series stops");
    Ok(())
}

async fn withdraw(app: &App, claim: &Claim, until: Instant) -> Result<(), Failure> {
    let (id, task_id) = (claim.series.id, claim.occurrence.task_id);
    let question = json!({ "id": task_id, "how": "delete_untouched" });
    let answer = ask(app, claim, "internal/instances/withdraw", &question, until).await?;
    let is_gone = matches!(answer.outcome, Outcome::Withdrawn | Outcome::Gone);
    let transaction = begin(&app.db).await?;
    let Some(held) = series::lock(&transaction, id, Some(task_id)).await? else { return Ok(()) };
    let mut after = held.clone();
    settle::now(app, |now| after.withdrawn(task_id, is_gone, now));
    settle::save(app, transaction, vec![(held, after)]).await?;
    if is_gone {
        app.counters.withdrawn.inc();
    }
    tracing::info!(series_id = %id, %task_id, outcome = ?answer.outcome, "an instance was to be withdrawn");
    Ok(())
}

async fn put_away(app: &App, claim: &Claim, until: Instant) -> Result<(), Failure> {
    let task_id = claim.occurrence.task_id;
    let question = json!({ "id": task_id, "how": "archive" });
    let answer = ask(app, claim, "internal/instances/withdraw", &question, until).await?;
    claims::skipped(&app.db, task_id, app.clock.now()).await?;
    app.counters.skipped.inc();
    tracing::info!(series_id = %claim.series.id, %task_id, outcome = ?answer.outcome, "an instance is skipped");
    Ok(())
}

async fn ask(app: &App, claim: &Claim, path: &str, question: &Value, until: Instant) -> Result<Answer, Failure> {
    let trace = claim.occurrence.trace.as_deref().and_then(TraceContext::parse);
    let answer = app.invoker.post(BACKEND, path, question, trace.as_ref());
    Ok(tokio::time::timeout_at(until, answer).await.map_err(|_| Failure::Silence)??)
}
