//! Somebody with a task that repeats.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use platform::clock::Clock;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::person::{Answer, Person};

/// How long a completion is asked for again.
const PATIENCE: Duration = Duration::from_mins(1);

/// One series.
#[derive(Debug)]
pub(crate) struct Series {
    pub(super) person: Person,
    /// The id of its first task.
    pub(super) id: String,
    /// When that is due; the others follow day by day.
    pub(super) first_due: DateTime<Utc>,
    /// The instance that is not done.
    open: String,
}

impl Series {
    /// Creates a task that repeats every day from tomorrow on.
    pub(super) async fn begin(person: Person) -> anyhow::Result<Self> {
        let first_due = Clock::system().now() + TimeDelta::days(1);
        let first_due = first_due.to_rfc3339_opts(SecondsFormat::Secs, true);
        let body = json!({
            "title": "Every day", "due_date": first_due, "timezone": "UTC", "recurrence": {"text": "every day"},
        });
        let Answer { status, body, .. } = person.ask(Method::POST, "/tasks", None, Some(&body)).await?;
        ensure!(status == 201, "a task that repeats was answered {status} {body}");
        let id = body["id"].as_str().context("a task has an id")?.to_owned();
        Ok(Self { person, first_due: first_due.parse()?, open: id.clone(), id })
    }

    /// Completes the instance that is not done, until it is acknowledged: completed again, it stays as it is.
    pub(super) async fn complete(&self) -> anyhow::Result<()> {
        let (path, deadline) = (format!("/tasks/{}/complete", self.open), Instant::now() + PATIENCE);
        loop {
            let said = match self.person.ask(Method::POST, &path, None, None).await {
                Ok(Answer { status: 200, .. }) => return Ok(()),
                Ok(answer) => format!("{} {}", answer.status, answer.body),
                Err(error) => error.to_string(),
            };
            ensure!(Instant::now() < deadline, "{} cannot complete a task: {said}", self.person.id);
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Whether the instance of this number is there; it is the next one to be completed then.
    pub(super) async fn goes_on(&mut self, number: u32) -> anyhow::Result<bool> {
        let page = self.person.read("/tasks?limit=200&completed=false").await?;
        let tasks = page["items"].as_array().context("a list has items")?;
        let Some(next) = tasks.iter().find(|task| task["occurrence"] == number) else { return Ok(false) };
        next["id"].as_str().context("a task has an id")?.clone_into(&mut self.open);
        Ok(true)
    }

    /// Every task that is there, oldest first.
    pub(super) async fn tasks(&self) -> anyhow::Result<Vec<Value>> {
        let mut tasks = self.person.read_all("tasks", "").await?;
        tasks.sort_by_key(|task| task["occurrence"].as_u64());
        Ok(tasks)
    }
}
