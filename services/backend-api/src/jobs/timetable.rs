//! Which jobs there are, and when the sidecar calls them.

use std::time::Duration;

use platform::dapr::jobs::{FailurePolicy, Job, Jobs};
use platform::outage::OutageAlert;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::purge_deleted_tasks;

/// How long to wait before a sidecar that did not take the jobs is asked again; doubles up to [`LONGEST_PAUSE`].
const PAUSE: Duration = Duration::from_millis(500);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Every job of the service. A tick that fails is tried again every minute for an hour; the next day's finds what is left.
fn timetable() -> Vec<Job> {
    let mut purge = Job::named(purge_deleted_tasks::NAME, json!({}));
    purge.schedule = Some("0 0 3 * * *".to_owned());
    purge.failure_policy = Some(FailurePolicy::Constant { interval: Duration::from_mins(1), max_retries: Some(60) });
    vec![purge]
}

/// Tells the sidecar the timetable, as soon as there is a sidecar that takes it; nothing waits for this.
pub async fn announce(jobs: Jobs, mut alert: OutageAlert, stop: CancellationToken) {
    for job in timetable() {
        let mut pause = PAUSE;
        while let Err(error) = jobs.schedule(job.clone()).await {
            alert.failed(&format!("{}: {error}", job.name));
            tokio::select! { () = tokio::time::sleep(pause) => {}, () = stop.cancelled() => return }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        alert.succeeded().await;
        tracing::info!(job = job.name, schedule = job.schedule, "a job is scheduled");
    }
}
