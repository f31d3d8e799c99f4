//! Comparing what each series is to have with what its owner reads afterwards.

use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::series::Series;
use crate::check::backlog;
use crate::dead_letters;
use crate::poison::Poisoned;
use crate::system::{POLL, System};

/// How long the history may take to tell of the last instance.
const PATIENCE: Duration = Duration::from_mins(2);

/// What was found of all series together.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// Completions, while something broke.
    pub(super) completed: usize,
    /// Instances that were made for them, in the list and in the history.
    pub(super) next: usize,
    pub(super) entries: usize,
    /// Completions of which the next instance was still to come when something broke.
    pub(super) between: usize,
    /// Of how many of the faults that is true.
    pub(super) met: usize,
    /// From a completion to its next instance.
    pub(super) after: Vec<Duration>,
    pub(super) wrong: Vec<String>,
}

impl Findings {
    /// Reads everything as its owner does; something broke at the moments `broken`.
    pub(super) async fn of(system: &System, all: &[Series], broken: &[DateTime<Utc>]) -> anyhow::Result<Self> {
        let mut findings = Self::default();
        findings.wrong.extend(backlog(system, 8000).await?);
        let mut ways = Vec::new();
        for series in all {
            let tasks = series.tasks().await?;
            let entries = recorded(series, tasks.len()).await?;
            findings.compare(series, &tasks, &entries, broken.len() + 2);
            // The first was completed before anything broke.
            let made = tasks
                .windows(2)
                .skip(1)
                .map(|pair| Some((moment(&pair[0]["completed_at"])?, moment(&pair[1]["created_at"])?)));
            ways.extend(made.collect::<Option<Vec<_>>>().context("what was completed says when")?);
        }
        let open = |way: &(DateTime<Utc>, DateTime<Utc>), at: &DateTime<Utc>| way.0 <= *at && *at < way.1;
        findings.completed = broken.len() * all.len();
        findings.between = ways.iter().filter(|way| broken.iter().any(|at| open(way, at))).count();
        findings.met = broken.iter().filter(|at| ways.iter().any(|way| open(way, at))).count();
        findings.after = ways.iter().map(|(from, to)| (*to - *from).to_std().unwrap_or_default()).collect();
        findings.wrong.extend(dead_letters::compare(system, &Poisoned::new()).await?);
        findings.wrong.truncate(12);
        Ok(findings)
    }

    /// There is to be one instance of each number up to `last`, in the list and in the history, and no other.
    fn compare(&mut self, series: &Series, tasks: &[Value], entries: &[Value], last: usize) {
        let name = &series.person.id;
        let numbers: Vec<_> = tasks.iter().map(|task| task["occurrence"].as_u64()).collect();
        if numbers != (1..=last as u64).map(Some).collect::<Vec<_>>() {
            self.wrong.push(format!("{name}: the list has the occurrences {numbers:?}, not each up to {last} once"));
        }
        let created = |entry: &Value| entry["details"]["task_data"]["occurrence"].as_u64();
        let mut recorded: Vec<_> = entries.iter().map(created).collect();
        recorded.sort_unstable();
        if recorded != numbers {
            self.wrong.push(format!("{name}: the history has the occurrences {recorded:?}, the list {numbers:?}"));
        }
        for (number, task) in (0_i32..).zip(tasks) {
            let due = series.first_due + TimeDelta::days(number.into());
            if moment(&task["due_date"]) != Some(due) || task["recurrence_id"] != json!(series.id) {
                self.wrong.push(format!("{name}: occurrence {} is not due at {due}: {task}", number + 1));
            }
        }
        let source = |entry: &&Value| entry["details"]["metadata"]["source"] == "recurring";
        self.entries += entries.iter().filter(source).count().saturating_sub(1);
        self.next += tasks.len().saturating_sub(2);
    }
}

/// The entries of the history that tell of new tasks, once there are `count`, or time is up.
async fn recorded(series: &Series, count: usize) -> anyhow::Result<Vec<Value>> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let entries = series.person.read_all("audit-logs", "&event_type=task.created").await?;
        if entries.len() >= count || Instant::now() > deadline {
            return Ok(entries);
        }
        sleep(5 * POLL).await;
    }
}

fn moment(written: &Value) -> Option<DateTime<Utc>> {
    written.as_str()?.parse().ok()
}
