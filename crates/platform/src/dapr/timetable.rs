//! The jobs that a service always has.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::jobs::{Job, Jobs};
use crate::outage::OutageAlert;

/// How long to wait before a sidecar that did not take the jobs is asked again; doubles up to [`LONGEST_PAUSE`].
const PAUSE: Duration = Duration::from_millis(500);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Tells the sidecar the timetable, as soon as there is a sidecar that takes it; nothing waits for this.
pub async fn announce(jobs: &Jobs, timetable: Vec<Job>, alert: &mut OutageAlert, stop: &CancellationToken) {
    for job in timetable {
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
