//! A job that is due while the scheduler is away.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{bail, ensure};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::system::{POLL, System};

/// A job that backend-api has, and when it is called every day.
const JOB: (&str, &str) = ("purge-deleted-tasks", "0 0 3 * * *");
/// What backend-api says when it was called, and what makes it say so.
const SAID: &str = "deleted tasks were purged";
pub(crate) const LOG_FILTER: &str = "warn,backend_api::jobs=info";
/// When the additional call is due: the scheduler is away then.
const DUE: &str = "1s";
/// A scheduler that was killed keeps its lease for 20 s.
const PATIENCE: Duration = Duration::from_mins(2);

/// A call that is due soon.
#[derive(Debug)]
pub(crate) struct Call {
    log: PathBuf,
    before: usize,
}

impl Call {
    /// Has the job called once more than every day, a second from now.
    pub(crate) async fn schedule(system: &System) -> anyhow::Result<Self> {
        let log = system.log_of("backend-api");
        let before = count(&log);
        let (name, schedule) = JOB;
        let url = format!("http://127.0.0.1:{}/v1.0/jobs/{name}", system.port(3500));
        let body = json!({
            "schedule": schedule, "dueTime": DUE, "data": {}, "overwrite": true,
            "failurePolicy": { "constant": { "interval": "60s", "maxRetries": 60 } },
        });
        let client = platform::http::loopback_client(Duration::from_secs(40))?;
        let answer = client.post(url).header("content-type", "application/json").body(body.to_string()).send().await?;
        ensure!(answer.status().is_success(), "the job was not taken: {}", answer.text().await.unwrap_or_default());
        Ok(Self { log, before })
    }

    /// Waits until backend-api was called.
    pub(crate) async fn until_made(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while count(&self.log) <= self.before {
            if Instant::now() > deadline {
                bail!("a job that was due while the scheduler was away was not called within {PATIENCE:?}");
            }
            sleep(POLL).await;
        }
        Ok(())
    }
}

fn count(log: &PathBuf) -> usize {
    fs::read_to_string(log).unwrap_or_default().lines().filter(|line| line.contains(SAID)).count()
}
