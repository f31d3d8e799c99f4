//! Jobs in the database, as apps ask for them.

use std::sync::Arc;

use platform::clock::Clock;
use platform::database::Pool;
use platform::group_commit::GroupCommit;
use sea_orm::{ConnectionTrait as _, DbBackend, DbErr, FromQueryResult, Statement, Value};

use super::bell::Bell;
use super::data::Data;
use super::failure_policy::FailurePolicy;
use super::job::{Job, Reason, Refusal};
use super::put::{self, Put, Putter};
use super::record::{self, Recorder};
use super::remove::{self, Remover};

const GET: &str = "\
SELECT name, schedule, due_time, ttl, repeats, failure_policy, data_type, data FROM sidecar.jobs
WHERE app_id = $1 AND name = $2";

const LIST: &str = "\
SELECT name, schedule, due_time, ttl, repeats, failure_policy, data_type, data FROM sidecar.jobs
WHERE app_id = $1 ORDER BY name";

/// Rows are taken in the order in which every statement takes them, so that none waits for another crosswise.
const DELETE_BY_PREFIX: &str = "\
DELETE FROM sidecar.jobs AS job USING
    (SELECT app_id, name FROM sidecar.jobs WHERE app_id = $1 AND starts_with(name, $2)
     ORDER BY app_id, name FOR UPDATE) AS held
WHERE job.app_id = held.app_id AND job.name = held.name";

#[derive(FromQueryResult)]
struct Row {
    name: String,
    schedule: Option<String>,
    due_time: Option<String>,
    ttl: Option<String>,
    repeats: Option<i64>,
    failure_policy: serde_json::Value,
    data_type: Option<String>,
    data: Option<Vec<u8>>,
}

/// The jobs of every app; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Jobs {
    pub(super) db: Pool,
    pub(super) clock: Clock,
    pub(super) bell: Arc<Bell>,
    puts: GroupCommit<Putter>,
    removals: GroupCommit<Remover>,
    pub(super) records: GroupCommit<Recorder>,
}

impl Jobs {
    /// The jobs in `db`, for a runtime that is running.
    pub(crate) fn new(db: Pool, clock: Clock) -> Self {
        let puts = GroupCommit::start(Putter { db: db.clone(), clock: clock.clone() }, put::MOST);
        let removals = GroupCommit::start(Remover { db: db.clone() }, remove::MOST);
        let records = GroupCommit::start(Recorder { db: db.clone() }, record::MOST);
        Self { db, clock, bell: Arc::default(), puts, removals, records }
    }

    /// Schedules a job of `app`; returns when it is durable. To overwrite is to begin anew: what it has done so far does not
    /// count.
    pub(crate) async fn schedule(&self, app: &str, job: Job, overwrite: bool) -> Result<(), Refusal> {
        let planned = job.plan(app, self.clock.now())?;
        let (name, first_tick) = (planned.job.name.clone(), planned.first_tick);
        let stored = self.puts.store(Put::new(app, overwrite, planned)).await;
        if !stored.map_err(|error| failed(Reason::Schedule, "schedule", app, &error))? {
            let message = format!("failed to schedule job due to: job already exists: {name}");
            return Err(Refusal::new(Reason::Exists, message));
        }
        self.bell.ring_for(first_tick);
        Ok(())
    }

    /// The job of `app` called `name`.
    pub(crate) async fn get(&self, app: &str, name: &str) -> Result<Job, Refusal> {
        let rows = self.rows(GET, [app.into(), storable(name).into()].into());
        let mut rows = rows.await.map_err(|error| failed(Reason::Get, "get", app, &error))?;
        rows.pop().ok_or_else(|| Refusal::new(Reason::Get, format!("failed to get job due to: job not found: {name}")))
    }

    /// Every job of `app`, by name.
    pub(crate) async fn list(&self, app: &str) -> Result<Vec<Job>, Refusal> {
        self.rows(LIST, vec![app.into()]).await.map_err(|error| failed(Reason::List, "list", app, &error))
    }

    /// Deletes the job of `app` called `name`, if there is one. A call under way is finished.
    pub(crate) async fn delete(&self, app: &str, name: &str) -> Result<(), Refusal> {
        let removed = self.removals.store((app.to_owned(), storable(name))).await;
        removed.map_err(|error| failed(Reason::Delete, "delete", app, &error))
    }

    /// Deletes every job of `app` whose name begins with `prefix`.
    pub(crate) async fn delete_by_prefix(&self, app: &str, prefix: &str) -> Result<(), Refusal> {
        let values = [app.into(), storable(prefix).into()];
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, DELETE_BY_PREFIX, values);
        let removed = self.db.execute_raw(statement).await;
        removed.map(|_| ()).map_err(|error| failed(Reason::Delete, "delete", app, &error))
    }

    async fn rows(&self, sql: &str, values: Vec<Value>) -> Result<Vec<Job>, DbErr> {
        let rows = Row::find_by_statement(Statement::from_sql_and_values(DbBackend::Postgres, sql, values));
        Ok(rows.all(&self.db).await?.into_iter().map(Job::from).collect())
    }
}

/// Postgres takes no NUL in text; no job has one in its name.
fn storable(name: &str) -> String {
    name.replace('\0', "\u{fffd}")
}

fn failed(reason: Reason, verb: &str, app: &str, error: &DbErr) -> Refusal {
    tracing::error!(%error, app, "failed to {verb} a job");
    Refusal::new(reason, format!("failed to {verb} job due to: {error}"))
}

/// The policy as it is stored; the usual one where that cannot be read.
pub(super) fn policy(stored: &serde_json::Value, job: &str) -> FailurePolicy {
    let read = FailurePolicy::from_json(stored);
    let read = read.map_err(|error| tracing::error!(job, error, "the failure policy of a job cannot be read"));
    read.ok().flatten().unwrap_or(super::failure_policy::DEFAULT)
}

impl From<Row> for Job {
    fn from(row: Row) -> Self {
        Self {
            failure_policy: Some(policy(&row.failure_policy, &row.name)),
            name: row.name,
            schedule: row.schedule,
            due_time: row.due_time,
            ttl: row.ttl,
            repeats: row.repeats.and_then(|repeats| u32::try_from(repeats).ok()),
            data: row.data.map(|bytes| Data { kind: row.data_type.unwrap_or_default(), bytes }),
        }
    }
}
