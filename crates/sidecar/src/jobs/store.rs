//! Jobs in the database, as apps ask for them.

use std::sync::Arc;

use platform::clock::Clock;
use platform::database::Pool;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, Statement, Value};
use tokio::sync::Notify;

use super::data::Data;
use super::failure_policy::FailurePolicy;
use super::job::{Job, Planned, Reason, Refusal};

/// A claim number that no job of this name had before: they go up one by one, time goes faster.
const PUT: &str = "\
INSERT INTO sidecar.jobs AS known (app_id, name, schedule, due_time, ttl, repeats, failure_policy, data_type, data,
                                   expires_at, tick_at, wake_at, claim)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12)
ON CONFLICT (app_id, name) DO UPDATE SET
    schedule = excluded.schedule, due_time = excluded.due_time, ttl = excluded.ttl, repeats = excluded.repeats,
    failure_policy = excluded.failure_policy, data_type = excluded.data_type, data = excluded.data,
    expires_at = excluded.expires_at, tick_at = excluded.tick_at, ticks = 0, attempts = 0, wake_at = excluded.wake_at,
    claim = greatest(known.claim + 1, excluded.claim)
WHERE $13";

const GET: &str = "\
SELECT name, schedule, due_time, ttl, repeats, failure_policy, data_type, data FROM sidecar.jobs
WHERE app_id = $1 AND name = $2";

const LIST: &str = "\
SELECT name, schedule, due_time, ttl, repeats, failure_policy, data_type, data FROM sidecar.jobs
WHERE app_id = $1 ORDER BY name";

const DELETE: &str = "DELETE FROM sidecar.jobs WHERE app_id = $1 AND name = $2";
const DELETE_BY_PREFIX: &str = "DELETE FROM sidecar.jobs WHERE app_id = $1 AND starts_with(name, $2)";

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
    /// Rings when the scheduler should look again.
    pub(super) news: Arc<Notify>,
}

impl Jobs {
    pub(crate) fn new(db: Pool, clock: Clock) -> Self {
        Self { db, clock, news: Arc::new(Notify::new()) }
    }

    /// Schedules a job of `app`; returns when it is durable. To overwrite is to begin anew: what it has done so far does not
    /// count.
    pub(crate) async fn schedule(&self, app: &str, job: Job, overwrite: bool) -> Result<(), Refusal> {
        let now = self.clock.now();
        let Planned { job, failure_policy, first_tick, expires_at } = job.plan(app, now)?;
        let (kind, bytes) = job.data.map(|data| (data.kind.replace('\0', ""), data.bytes)).unzip();
        let values: [Value; 13] = [
            app.into(),
            job.name.clone().into(),
            job.schedule.into(),
            job.due_time.into(),
            job.ttl.into(),
            job.repeats.map(i64::from).into(),
            failure_policy.to_json().into(),
            kind.into(),
            bytes.into(),
            expires_at.into(),
            first_tick.into(),
            now.timestamp_micros().into(),
            overwrite.into(),
        ];
        let put = self.db.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, PUT, values)).await;
        let put = put.map_err(|error| failed(Reason::Schedule, "schedule", app, &error))?;
        if put.rows_affected() == 0 {
            let message = format!("failed to schedule job due to: job already exists: {}", job.name);
            return Err(Refusal::new(Reason::Exists, message));
        }
        self.news.notify_one();
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
        self.remove(DELETE, app, name).await
    }

    /// Deletes every job of `app` whose name begins with `prefix`.
    pub(crate) async fn delete_by_prefix(&self, app: &str, prefix: &str) -> Result<(), Refusal> {
        self.remove(DELETE_BY_PREFIX, app, prefix).await
    }

    async fn remove(&self, sql: &str, app: &str, name: &str) -> Result<(), Refusal> {
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, [app.into(), storable(name).into()]);
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
