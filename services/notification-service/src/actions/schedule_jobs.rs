//! Tells the sidecar when to ring, apart from any request, many jobs at a time.

use std::collections::HashSet;
use std::time::Duration;
use std::vec::IntoIter;

use chrono::SecondsFormat;
use platform::dapr::jobs::{FailurePolicy, Job, Jobs};
use platform::dapr::timetable::announce;
use platform::outage::OutageAlert;
use sea_orm::DbErr;
use serde_json::json;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::app::App;
use crate::domain::job::{DIGEST, JobName, Payload};
use crate::store::jobs::{self, Untold};

/// Jobs that are looked for at a time.
const MOST: i64 = 256;
/// Jobs that the sidecar is told of at a time.
const AT_ONCE: usize = 32;
/// Jobs of which it is stored together that the sidecar knows them.
const TOGETHER: usize = 64;
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

/// Keeps the sidecar's jobs as the reminders want them, until `stop`.
pub(crate) async fn run(app: App, jobs: Jobs, mut alert: OutageAlert, stop: CancellationToken) {
    let mut pause = PAUSE;
    announce(&jobs, vec![digest()], &mut alert, &stop).await;
    while !stop.is_cancelled() {
        match tell(&app, &jobs, &stop).await {
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

/// Every quarter of an hour, since that is where the hours of the world's time zones begin. A tick that is lost is made up for by the sweep of the
/// next minute.
fn digest() -> Job {
    let mut job = Job::named(DIGEST, json!({}));
    job.schedule = Some("0 */15 * * * *".to_owned());
    job.failure_policy = Some(FailurePolicy::Drop);
    job
}

/// Tells what is untold until there is nothing left; returns how many that were. As soon as the sidecar has one the next follows, so that nothing waits for the
/// slowest of many.
async fn tell(app: &App, jobs: &Jobs, stop: &CancellationToken) -> Result<usize, Failure> {
    let (mut window, mut round) = (JoinSet::new(), Round::default());
    let mut failure = None;
    loop {
        while failure.is_none() && !stop.is_cancelled() && window.len() < AT_ONCE {
            let Some(untold) = round.next(app).await? else { break };
            let (app, jobs) = (app.clone(), jobs.clone());
            window.spawn(async move { (tell_one(&app, &jobs, &untold).await, untold) });
        }
        match window.join_next().await {
            Some(Ok((Ok(()), untold))) => round.told(app, untold).await?,
            Some(Ok((Err(error), _))) => failure = Some(error),
            // It was broken off, and is untold still.
            Some(Err(error)) => tracing::error!(%error, "a job was not told to the sidecar"),
            None => break,
        }
    }
    round.store(app).await?;
    failure.map_or(Ok(round.count), Err)
}

/// What is told one after the other, and what of that is not stored yet.
#[derive(Debug, Default)]
struct Round {
    waiting: IntoIter<Untold>,
    /// Whether there were no others when it was looked last.
    is_last: bool,
    /// Taken from `waiting`, and not stored: the database does not know yet that these are told.
    taken: HashSet<Uuid>,
    told: Vec<Untold>,
    count: usize,
}

impl Round {
    async fn next(&mut self, app: &App) -> Result<Option<Untold>, Failure> {
        if self.waiting.len() == 0 && !self.is_last {
            let found = jobs::untold(&app.db, MOST, self.taken.iter().copied().collect()).await?;
            self.is_last = found.is_empty();
            self.waiting = found.into_iter();
        }
        let next = self.waiting.next();
        self.taken.extend(next.as_ref().map(|untold| untold.id));
        Ok(next)
    }

    async fn told(&mut self, app: &App, untold: Untold) -> Result<(), Failure> {
        self.told.push(untold);
        if self.told.len() >= TOGETHER { self.store(app).await } else { Ok(()) }
    }

    async fn store(&mut self, app: &App) -> Result<(), Failure> {
        jobs::told(&app.db, &self.told).await?;
        self.count += self.told.len();
        // More may have come.
        self.is_last = false;
        for told in self.told.drain(..) {
            self.taken.remove(&told.id);
        }
        Ok(())
    }
}

/// The job of an earlier version goes, that of this one comes, if there is to be one.
async fn tell_one(app: &App, jobs: &Jobs, untold: &Untold) -> Result<(), Failure> {
    let sidecar =
        |name: JobName, error: tonic::Status| Failure::Sidecar { job: name.to_string(), error: error.to_string() };
    if let Some(version) = untold.job_version {
        let name = JobName { id: untold.id, version };
        jobs.delete(&name.to_string()).await.map_err(|error| sidecar(name, error))?;
    }
    let Some(due) = untold.fire_at.filter(|_| untold.scheduled) else { return Ok(()) };
    if due <= app.clock.now() {
        app.bells.due.ring();
        return Ok(());
    }
    let name = JobName { id: untold.id, version: untold.version };
    let Untold { id, task_id, user_id, task_title, .. } = untold.clone();
    let payload = Payload { reminder_id: id, task_id, user_id, task_title };
    let mut job = Job::named(name.to_string(), json!(payload));
    job.due_time = Some(due.to_rfc3339_opts(SecondsFormat::Micros, true));
    job.failure_policy = Some(POLICY);
    jobs.schedule(job).await.map_err(|error| sidecar(name, error))
}
