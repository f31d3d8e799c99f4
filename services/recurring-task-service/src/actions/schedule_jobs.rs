//! Tells the sidecar when to ring, apart from any request, many jobs at a time.

use std::time::Duration;

use chrono::SecondsFormat;
use futures::StreamExt as _;
use platform::dapr::jobs::{FailurePolicy, Job, Jobs};
use platform::dapr::timetable::announce;
use platform::outage::OutageAlert;
use sea_orm::DbErr;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::domain::job::{JobName, PURGE};
use crate::store::jobs::{self, Untold};

/// Jobs that are looked for at a time.
const MOST: i64 = 256;
/// Jobs that the sidecar is told of at a time.
const AT_ONCE: usize = 32;
/// The first pause after a failure, which doubles, and the longest.
const PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A bell that is not heard rings again: without a policy Dapr gives a job up after three seconds. By then what it was for has long been
/// found without it.
const POLICY: FailurePolicy = FailurePolicy::Constant { interval: Duration::from_secs(5), max_retries: Some(120) };

/// Why the sidecar does not know yet.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the database: {0}")]
    Database(#[from] DbErr),
    #[error("{job}: {error}")]
    Sidecar { job: String, error: String },
}

/// Keeps the sidecar's jobs as the series want them, until `stop`.
pub(crate) async fn run(app: App, jobs: Jobs, mut alert: OutageAlert, stop: CancellationToken) {
    let mut pause = PAUSE;
    let purge = Job::housekeeping(PURGE, "0 30 3 * * *");
    announce(&jobs, vec![purge], &mut alert, &stop).await;
    while !stop.is_cancelled() {
        match tell(&app, &jobs).await {
            Ok(0) => app.bells.jobs.wait(None, &app.clock, &stop).await,
            Ok(_) => {
                pause = PAUSE;
                alert.succeeded().await;
            }
            Err(error) => {
                alert.failed(&error);
                tokio::select! { () = tokio::time::sleep(pause) => {}, () = stop.cancelled() => {} }
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

/// Tells what is untold, up to [`MOST`]; returns how many that was.
async fn tell(app: &App, jobs: &Jobs) -> Result<usize, Failure> {
    let untold = jobs::untold(&app.db, MOST).await?;
    let outcomes = futures::stream::iter(untold).map(|untold| async move {
        let outcome = tell_one(app, jobs, &untold).await;
        (untold, outcome)
    });
    let outcomes: Vec<_> = outcomes.buffer_unordered(AT_ONCE).collect().await;
    let mut failure = None;
    let mut told = Vec::with_capacity(outcomes.len());
    for (untold, outcome) in outcomes {
        match outcome {
            Ok(()) => told.push(untold),
            Err(error) => failure = Some(error),
        }
    }
    jobs::told(&app.db, &told).await?;
    failure.map_or(Ok(told.len()), Err)
}

/// There is one job for each series at most: that of the instance whose window opens next.
async fn tell_one(app: &App, jobs: &Jobs, untold: &Untold) -> Result<(), Failure> {
    let name_of = |number| JobName { series_id: untold.id, number }.to_string();
    let sidecar = |job: String, error: tonic::Status| Failure::Sidecar { job, error: error.to_string() };
    let is_other = |number: &i32| untold.opens_at.is_none() || *number != untold.number;
    if let Some(number) = untold.job_number.filter(is_other) {
        jobs.delete(&name_of(number)).await.map_err(|error| sidecar(name_of(number), error))?;
    }
    let (Some(opens_at), name) = (untold.opens_at, name_of(untold.number)) else { return Ok(()) };
    if opens_at <= app.clock.now() {
        app.bells.windows.ring();
        return Ok(());
    }
    let mut job = Job::named(name.clone(), json!({ "series_id": untold.id, "occurrence": untold.number }));
    job.due_time = Some(opens_at.to_rfc3339_opts(SecondsFormat::Micros, true));
    job.failure_policy = Some(POLICY);
    jobs.schedule(job).await.map_err(|error| sidecar(name, error))
}
