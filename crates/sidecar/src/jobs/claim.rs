//! Claims: which process calls for which job. Every statement is a short transaction of its own; apps are called between them.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, Statement, Value};

use super::schedule::Schedule;
use super::store::{Jobs, policy};
use super::tick::{Next, Tick};

const NEXT: &str = "\
SELECT min(next.wake_at) AS wake_at FROM unnest($1::text[]) AS app (id) CROSS JOIN LATERAL
    (SELECT wake_at FROM sidecar.jobs WHERE app_id = app.id ORDER BY wake_at LIMIT 1) AS next";

/// Rows that another process is just claiming are passed over.
const CLAIM: &str = "\
WITH due AS (
    SELECT job.app_id, job.name FROM unnest($1::text[], $2::int8[]) AS app (id, room) CROSS JOIN LATERAL
        (SELECT app_id, name FROM sidecar.jobs WHERE app_id = app.id AND wake_at <= $3
         ORDER BY wake_at LIMIT app.room FOR UPDATE SKIP LOCKED) AS job
)
UPDATE sidecar.jobs AS job SET claim = job.claim + 1, wake_at = $4 FROM due
WHERE job.app_id = due.app_id AND job.name = due.name
RETURNING job.app_id, job.name, job.schedule, job.repeats, job.expires_at, job.failure_policy, job.data, job.tick_at,
          job.ticks, job.attempts, job.claim";

/// Rows are taken in the order in which every statement takes them, so that none waits for another crosswise.
const RENEW: &str = "\
UPDATE sidecar.jobs AS job SET wake_at = $4 FROM
    (SELECT job.app_id, job.name FROM sidecar.jobs AS job
     JOIN unnest($1::text[], $2::text[], $3::int8[]) AS held (app_id, name, claim) USING (app_id, name, claim)
     ORDER BY job.app_id, job.name FOR UPDATE OF job) AS held
WHERE job.app_id = held.app_id AND job.name = held.name";

/// Names a claim: the app, the job, and the number of the claim.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Claim {
    pub(super) app: String,
    pub(super) job: String,
    pub(super) number: i64,
}

/// A job that this process has claimed.
#[derive(Clone, Debug)]
pub(super) struct Claimed {
    pub(super) claim: Claim,
    pub(super) tick: Tick,
    pub(super) data: Option<Vec<u8>>,
}

#[derive(FromQueryResult)]
struct Row {
    app_id: String,
    name: String,
    schedule: Option<String>,
    repeats: Option<i64>,
    expires_at: Option<DateTime<Utc>>,
    failure_policy: serde_json::Value,
    data: Option<Vec<u8>>,
    tick_at: DateTime<Utc>,
    ticks: i64,
    attempts: i64,
    claim: i64,
}

#[derive(FromQueryResult)]
struct Earliest {
    wake_at: Option<DateTime<Utc>>,
}

impl Jobs {
    /// When the next job of `apps` is due.
    pub(super) async fn next_due(&self, apps: Vec<String>) -> Result<Option<DateTime<Utc>>, DbErr> {
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, NEXT, [apps.into()]);
        Ok(Earliest::find_by_statement(statement).one(&self.db).await?.and_then(|earliest| earliest.wake_at))
    }

    /// Claims due jobs of each app, at most as many as it has room for, until `lease` from now.
    pub(super) async fn claim(&self, apps: Vec<(String, i64)>, lease: TimeDelta) -> Result<Vec<Claimed>, DbErr> {
        let now = self.clock.now();
        let (apps, room): (Vec<String>, Vec<i64>) = apps.into_iter().unzip();
        let values: [Value; 4] = [apps.into(), room.into(), now.into(), (now + lease).into()];
        let rows = Row::find_by_statement(Statement::from_sql_and_values(DbBackend::Postgres, CLAIM, values));
        Ok(rows.all(&self.db).await?.into_iter().map(Claimed::from).collect())
    }

    /// Holds `claims` until `lease` from now; those that are no longer ours are left alone.
    pub(super) async fn renew(&self, claims: &[Claim], lease: TimeDelta) -> Result<(), DbErr> {
        let values: [Value; 4] = [
            claims.iter().map(|claim| claim.app.clone()).collect::<Vec<_>>().into(),
            claims.iter().map(|claim| claim.job.clone()).collect::<Vec<_>>().into(),
            claims.iter().map(|claim| claim.number).collect::<Vec<_>>().into(),
            (self.clock.now() + lease).into(),
        ];
        self.db.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, RENEW, values)).await.map(|_| ())
    }

    /// Writes what follows and gives the claim back, unless the job was overwritten, deleted or claimed by another process meanwhile.
    pub(super) async fn record(&self, claim: &Claim, next: Next) -> Result<(), DbErr> {
        self.records.store((claim.clone(), next)).await
    }
}

impl From<Row> for Claimed {
    fn from(row: Row) -> Self {
        let (app, job) = (row.app_id, row.name);
        Self {
            tick: Tick {
                schedule: row.schedule.and_then(|text| schedule(&text, &app, &job)),
                repeats: row.repeats,
                expires_at: row.expires_at,
                failure_policy: policy(&row.failure_policy, &job),
                at: row.tick_at,
                before: row.ticks,
                attempts: row.attempts,
            },
            data: row.data,
            claim: Claim { app, job, number: row.claim },
        }
    }
}

/// The schedule as it is stored. Without one that can be read, the job ends with this tick.
fn schedule(stored: &str, app: &str, job: &str) -> Option<Schedule> {
    let read = Schedule::parse(stored);
    read.map_err(|error| tracing::error!(app, job, schedule = stored, error, "the schedule of a job cannot be read"))
        .ok()
}
