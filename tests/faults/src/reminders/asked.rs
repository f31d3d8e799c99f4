//! What people asked to be reminded of.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use futures::future::try_join_all;
use platform::database::{PoolOptions, connect};
use reqwest::Method;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::home::Home;
use crate::person::{Answer, Person};
use crate::system::POLL;

/// Tasks of each person, and reminders of each task.
const TASKS: u32 = 2;
const REMINDERS: u32 = 10;

/// Those that the sidecar has not been told of.
const WITHOUT_JOB: &str = "SELECT count(*) FROM notification.reminders WHERE job_version IS DISTINCT FROM version";

/// People who have asked for as many reminders each.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(super) people: Vec<Person>,
}

impl Asked {
    /// How many each person has.
    pub(super) const EACH: usize = (TASKS * REMINDERS) as usize;

    /// Creates tasks with reminders, by e-mail and in the application, at moments that are spread evenly over `window` from `first`
    /// on: every other task counts them from its due date, the others name moments.
    pub(super) async fn of(people: Vec<Person>, first: DateTime<Utc>, window: Duration) -> anyhow::Result<Self> {
        let tasks = TASKS * u32::try_from(people.len())?;
        let (between_tasks, between) = (window / (tasks * REMINDERS), window / REMINDERS);
        let asking = (0..tasks).zip(people.iter().cycle()).map(async |(number, person)| {
            let begin = first + TimeDelta::from_std(number * between_tasks)?;
            let body = if number < tasks / 2 { before_due(begin, between) } else { at_moments(begin, between)? };
            let Answer { status, body, .. } = person.ask(Method::POST, "/tasks", None, Some(&body)).await?;
            ensure!(status == 201, "a task with reminders was answered {status} {body}");
            Ok(())
        });
        try_join_all(asking).await?;
        Ok(Self { people })
    }

    /// Waits until the sidecar has been told of all, at most until they begin to be due: then it is told while it is broken.
    pub(super) async fn until_scheduled(&self, home: &mut Home, begun: Instant) -> anyhow::Result<()> {
        let url = home.separate()?.administrator_url()?;
        let administrator = connect(&url, &PoolOptions::of_administrator()).await?;
        while Instant::now() < begun {
            let scheduled = self.with_status("scheduled").await?;
            let row = administrator.query_one_raw(Statement::from_string(DbBackend::Postgres, WITHOUT_JOB)).await?;
            let untold: i64 = row.context("a count is a row")?.try_get_by_index(0)?;
            if scheduled == Self::EACH * self.people.len() && untold == 0 {
                break;
            }
            sleep(5 * POLL).await;
        }
        administrator.close().await;
        Ok(())
    }

    /// Whether none is to come any more, and the history tells of all.
    pub(super) async fn are_told(&self) -> anyhow::Result<bool> {
        for person in &self.people {
            let waiting = person.read("/reminders?status=scheduled&limit=1").await?;
            let recorded = person.read_all("audit-logs", "&event_type=reminder.sent").await?;
            if waiting["items"] != json!([]) || recorded.len() < Self::EACH {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn with_status(&self, status: &str) -> anyhow::Result<usize> {
        let mut count = 0;
        for person in &self.people {
            count += person.read_all("reminders", &format!("&status={status}")).await?.len();
        }
        Ok(count)
    }
}

fn before_due(begin: DateTime<Utc>, between: Duration) -> Value {
    const HOUR: u64 = 3_600;
    let before = |number| json!({ "before": format!("PT{}S", HOUR - number * between.as_secs()) });
    let reminders: Vec<Value> = (0..u64::from(REMINDERS)).map(before).collect();
    json!({ "title": "Due in an hour", "due_date": written(begin + TimeDelta::hours(1)), "reminders": reminders })
}

fn at_moments(begin: DateTime<Utc>, between: Duration) -> anyhow::Result<Value> {
    let between = TimeDelta::from_std(between)?;
    let reminders: Vec<Value> =
        (0..REMINDERS.cast_signed()).map(|number| json!({ "at": written(begin + between * number) })).collect();
    Ok(json!({ "title": "Due at no time", "reminders": reminders }))
}

fn written(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Micros, true)
}
