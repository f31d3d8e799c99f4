//! Scheduling: all who schedule at that moment, in one statement.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use platform::clock::Clock;
use platform::database::{Pool, begin, column};
use platform::group_commit::StoreGroup;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, Statement, Value};

use super::data::Data;
use super::job::{Job, Planned};

/// In the order in which every statement takes rows, so that none waits for another crosswise. The claim is a number that no job of this
/// name had before: they go up one by one, time goes faster.
const PUT: &str = "\
WITH incoming AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int8[], $7::text[], $8::bool[],
                         $9::text[], $10::bytea[], $11::timestamptz[], $12::timestamptz[], $13::bool[])
        AS job (app_id, name, schedule, due_time, ttl, repeats, failure_policy, has_data, data_type, data, expires_at,
                tick_at, overwrite)
)
INSERT INTO sidecar.jobs AS known (app_id, name, schedule, due_time, ttl, repeats, failure_policy, data_type, data,
                                   expires_at, tick_at, wake_at, claim)
SELECT app_id, name, nullif(schedule, ''), nullif(due_time, ''), nullif(ttl, ''), nullif(repeats, 0),
       failure_policy::jsonb, CASE WHEN has_data THEN data_type END, CASE WHEN has_data THEN data END,
       CASE WHEN ttl <> '' THEN expires_at END, tick_at, tick_at, $14
FROM incoming ORDER BY app_id, name
ON CONFLICT (app_id, name) DO UPDATE SET
    schedule = excluded.schedule, due_time = excluded.due_time, ttl = excluded.ttl, repeats = excluded.repeats,
    failure_policy = excluded.failure_policy, data_type = excluded.data_type, data = excluded.data,
    expires_at = excluded.expires_at, tick_at = excluded.tick_at, ticks = 0, attempts = 0, wake_at = excluded.wake_at,
    claim = greatest(known.claim + 1, excluded.claim)
WHERE (SELECT overwrite FROM incoming WHERE incoming.app_id = known.app_id AND incoming.name = known.name)
RETURNING app_id, name";

/// Jobs that are stored together, at most: each may have 4 MiB.
pub(super) const MOST: usize = 32;

/// A job that is to be stored.
#[derive(Debug)]
pub(super) struct Put {
    app: String,
    overwrite: bool,
    planned: Planned,
}

impl Put {
    pub(super) fn new(app: &str, overwrite: bool, planned: Planned) -> Self {
        Self { app: app.to_owned(), overwrite, planned: Planned { job: storable(planned.job), ..planned } }
    }

    fn job(&self) -> &Job {
        &self.planned.job
    }

    fn key(&self) -> Key {
        (self.app.clone(), self.job().name.clone())
    }
}

/// Postgres takes no NUL in text.
fn storable(job: Job) -> Job {
    let data = job.data.map(|data| Data { kind: data.kind.replace('\0', ""), ..data });
    Job { data, ..job }
}

#[derive(FromQueryResult)]
struct Row {
    app_id: String,
    name: String,
}

/// Stores jobs; of each it tells whether it was, which it is not when there is one of its name that may not be overwritten.
#[derive(Debug)]
pub(super) struct Putter {
    pub(super) db: Pool,
    pub(super) clock: Clock,
}

impl StoreGroup for Putter {
    type Item = Put;
    type Answer = bool;

    async fn store(&self, puts: &[Put]) -> Result<Vec<bool>, DbErr> {
        let (turns, now) = (turns(puts), self.clock.now());
        let in_turn = |turn| puts.iter().zip(&turns).filter(move |(_, own)| **own == turn).map(|(put, _)| put);
        let last = turns.iter().copied().max().unwrap_or_default();
        let mut stored = Vec::with_capacity(last + 1);
        if last == 0 {
            stored.push(put(&self.db, in_turn(0), now).await?);
        } else {
            let transaction = begin(&self.db).await?;
            for turn in 0..=last {
                stored.push(put(&transaction, in_turn(turn), now).await?);
            }
            transaction.commit().await?;
        }
        let is_stored = |(put, turn): (&Put, &usize)| stored[*turn].contains(&put.key());
        Ok(puts.iter().zip(&turns).map(is_stored).collect())
    }
}

/// How many of its name come before each: a statement cannot store two jobs of one name, they wait for each other's turn.
fn turns(puts: &[Put]) -> Vec<usize> {
    let mut counts: HashMap<_, usize> = HashMap::new();
    let mut turn = |put: &Put| {
        let count = counts.entry(put.key()).or_default();
        *count += 1;
        *count - 1
    };
    puts.iter().map(&mut turn).collect()
}

/// Names a job: its app and its name.
type Key = (String, String);

async fn put(
    db: &impl ConnectionTrait,
    puts: impl Iterator<Item = &Put>,
    now: DateTime<Utc>,
) -> Result<HashSet<Key>, DbErr> {
    let puts: Vec<&Put> = puts.collect();
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, PUT, values(&puts, now));
    let rows = Row::find_by_statement(statement).all(db).await?;
    Ok(rows.into_iter().map(|row| (row.app_id, row.name)).collect())
}

fn values(puts: &[&Put], now: DateTime<Utc>) -> [Value; 14] {
    [
        column(puts.iter().map(|put| put.app.clone())),
        column(puts.iter().map(|put| put.job().name.clone())),
        column(puts.iter().map(|put| put.job().schedule.clone().unwrap_or_default())),
        column(puts.iter().map(|put| put.job().due_time.clone().unwrap_or_default())),
        column(puts.iter().map(|put| put.job().ttl.clone().unwrap_or_default())),
        column(puts.iter().map(|put| put.job().repeats.map_or(0, i64::from))),
        column(puts.iter().map(|put| put.planned.failure_policy.to_json().to_string())),
        column(puts.iter().map(|put| put.job().data.is_some())),
        column(puts.iter().map(|put| put.job().data.as_ref().map(|data| data.kind.clone()).unwrap_or_default())),
        column(puts.iter().map(|put| put.job().data.as_ref().map(|data| data.bytes.clone()).unwrap_or_default())),
        column(puts.iter().map(|put| put.planned.expires_at.unwrap_or_default())),
        column(puts.iter().map(|put| put.planned.first_tick)),
        column(puts.iter().map(|put| put.overwrite)),
        now.timestamp_micros().into(),
    ]
}
