//! What is to be done with instances is asked of backend-api: made, withdrawn, put away. Many at a time.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use platform::bell::AGAIN;
use platform::dapr::invoke::InvokeError;
use platform::database::begin;
use platform::trace::TraceContext;
use sea_orm::DbErr;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::settle;
use crate::app::App;
use crate::domain::instance::Instance;
use crate::domain::occurrence::Status;
use crate::store::claims::{self, Claim};
use crate::store::series;

/// Who makes them.
const BACKEND: &str = "backend-api";

/// Instances under way at a time.
const UNDER_WAY: usize = 16;

/// How long backend-api may take: within the claim.
const PATIENCE: Duration = Duration::from_millis(4_500);

/// How long everything is left alone when backend-api did not answer.
const REST: Duration = Duration::from_millis(500);

/// The pause before an instance is tried again, which doubles, and the longest.
const FIRST_PAUSE: TimeDelta = TimeDelta::milliseconds(500);
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(1);
/// The longest pause when nobody answered: whoever is back is asked soon.
const LONGEST_ABSENCE: TimeDelta = TimeDelta::seconds(2);

/// Why something could not be done yet.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the database: {0}")]
    Database(#[from] DbErr),
    #[error("{0}")]
    Backend(#[from] InvokeError),
    #[error("backend-api did not answer within {PATIENCE:?}")]
    Silence,
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

/// Does what is to be done, until `stop`; then what is under way may still end.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    // Each is a task of its own: one that holds a connection goes on while this one waits for a connection.
    let mut under_way: JoinSet<bool> = JoinSet::new();
    loop {
        let room = UNDER_WAY - under_way.len();
        let mut next = None;
        if room >= UNDER_WAY / 2 && !stop.is_cancelled() {
            match claim(&app, room).await {
                Ok((claimed, waits_until)) => {
                    for claim in claimed {
                        let app = app.clone();
                        under_way.spawn(async move { attend(&app, claim).await });
                    }
                    next = waits_until;
                }
                Err(error) => {
                    tracing::warn!(%error, "instances wait for the database");
                    next = Some(app.clock.now() + AGAIN);
                }
            }
        }
        if under_way.is_empty() && stop.is_cancelled() {
            return;
        }
        tokio::select! {
            Some(answered) = under_way.join_next() => {
                if !answered.unwrap_or(true) {
                    tokio::select! { () = tokio::time::sleep(REST) => {}, () = stop.cancelled() => {} }
                }
            }
            () = app.bells.instances.wait(next, &app.clock, &stop), if !stop.is_cancelled() => {}
        }
    }
}

/// Instances that something is to be done with now, at most as many as there is room for, and when the next one is due.
async fn claim(app: &App, room: usize) -> Result<(Vec<Claim>, Option<DateTime<Utc>>), DbErr> {
    let claimed = claims::claim(&app.db, app.clock.now(), i64::try_from(room).unwrap_or(1)).await?;
    let next = if claimed.len() < room { claims::next(&app.db).await? } else { None };
    Ok((claimed, next))
}

/// Does what is to be done with one; says whether backend-api is there.
async fn attend(app: &App, claim: Claim) -> bool {
    let (task_id, series_id, attempt) =
        (claim.occurrence.task_id, claim.occurrence.series_id, claim.occurrence.attempts);
    let Err(failure) = work(app, &claim).await else { return true };
    let is_absent = match &failure {
        Failure::Backend(error) => error.status().is_none_or(|status| status.is_server_error()),
        Failure::Silence => true,
        Failure::Database(_) => false,
    };
    app.counters.retried.inc();
    if attempt.unsigned_abs().is_power_of_two() {
        tracing::warn!(%task_id, %series_id, attempt, %failure, "an instance has to wait; it is tried again");
    }
    let until = app.clock.now() + pause(attempt, is_absent);
    if let Err(error) = claims::put_off(&app.db, task_id, until).await {
        tracing::warn!(%task_id, %error, "when an instance is tried again could not be stored: it is when its claim ends");
    }
    app.bells.instances.ring();
    !is_absent
}

fn pause(attempt: i32, is_absent: bool) -> TimeDelta {
    let doubled = FIRST_PAUSE * 2_i32.saturating_pow(attempt.saturating_sub(1).clamp(0, 10).unsigned_abs());
    doubled.min(if is_absent { LONGEST_ABSENCE } else { LONGEST_PAUSE })
}

/// One that is not there is made first, whatever else is to become of it: so whoever is about to make it, makes nothing new.
async fn work(app: &App, claim: &Claim) -> Result<(), Failure> {
    let status = claim.occurrence.status;
    if !claim.occurrence.made && !make(app, claim).await? {
        return Ok(());
    }
    match status {
        Status::Withdrawing => withdraw(app, claim).await?,
        Status::Skipping => put_away(app, claim).await?,
        Status::Pending | Status::Open | Status::Completed | Status::Withdrawn | Status::Skipped => {}
    }
    // What waits behind it may go on now.
    if status != Status::Pending || claim.series.occurrence != claim.occurrence.number {
        app.bells.instances.ring();
    }
    Ok(())
}

/// Makes it; says whether it is there.
async fn make(app: &App, claim: &Claim) -> Result<bool, Failure> {
    let instance = Instance::of(&claim.series, &claim.occurrence);
    let answer = ask(app, claim, "internal/instances", &json!(instance)).await?;
    let (id, task_id) = (claim.series.id, claim.occurrence.task_id);
    if matches!(answer.outcome, Outcome::Refused) {
        refuse(app, claim, answer.reason.as_deref()).await?;
        return Ok(false);
    }
    if claim.occurrence.status == Status::Pending {
        claims::made(&app.db, task_id, app.clock.now()).await?;
    }
    app.counters.made.inc();
    tracing::info!(series_id = %id, %task_id, occurrence = claim.occurrence.number, outcome = ?answer.outcome, "an instance is there");
    Ok(true)
}

async fn refuse(app: &App, claim: &Claim, why: Option<&str>) -> Result<(), Failure> {
    let (id, task_id) = (claim.series.id, claim.occurrence.task_id);
    let transaction = begin(&app.db).await?;
    let Some(held) = series::lock(&transaction, id, Some(task_id)).await? else { return Ok(()) };
    let mut after = held.clone();
    settle::now(app, |now| after.refused(why, now));
    settle::save(app, transaction, vec![(held, after)]).await?;
    app.counters.refused.inc();
    tracing::warn!(series_id = %id, %task_id, reason = why.unwrap_or_default(), "an instance is refused, and its series stops");
    Ok(())
}

async fn withdraw(app: &App, claim: &Claim) -> Result<(), Failure> {
    let (id, task_id) = (claim.series.id, claim.occurrence.task_id);
    let question = json!({ "id": task_id, "how": "delete_untouched" });
    let answer = ask(app, claim, "internal/instances/withdraw", &question).await?;
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

async fn put_away(app: &App, claim: &Claim) -> Result<(), Failure> {
    let task_id = claim.occurrence.task_id;
    let answer = ask(app, claim, "internal/instances/withdraw", &json!({ "id": task_id, "how": "archive" })).await?;
    claims::skipped(&app.db, task_id, app.clock.now()).await?;
    app.counters.skipped.inc();
    tracing::info!(series_id = %claim.series.id, %task_id, outcome = ?answer.outcome, "an instance is skipped");
    Ok(())
}

async fn ask(app: &App, claim: &Claim, path: &str, question: &Value) -> Result<Answer, Failure> {
    let trace = claim.occurrence.trace.as_deref().and_then(TraceContext::parse);
    let answer = app.invoker.post(BACKEND, path, question, trace.as_ref());
    Ok(tokio::time::timeout(PATIENCE, answer).await.map_err(|_| Failure::Silence)??)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_whoever_is_back_is_asked_soon() {
        assert_eq!([1, 2, 3, 99].map(|attempt| pause(attempt, true).num_milliseconds()), [500, 1_000, 2_000, 2_000]);
        assert_eq!([1, 2, 99].map(|attempt| pause(attempt, false).num_milliseconds()), [500, 1_000, 60_000]);
    }
}
