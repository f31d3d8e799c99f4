//! What came of calls: all that end at that moment, in one statement.

use chrono::DateTime;
use platform::database::{Pool, column};
use platform::group_commit::StoreGroup;
use sea_orm::{ConnectionTrait as _, DbBackend, DbErr, Statement, Value};

use super::claim::Claim;
use super::tick::Next;

/// Gives claims back with what follows. Jobs that were overwritten, deleted or claimed by another process meanwhile are left alone.
/// The number goes up, so that a renewal that was late does not put off what follows. Rows are taken in the order in which every
/// statement takes them, so that none waits for another crosswise.
const RECORD: &str = "\
WITH held AS (
    SELECT job.app_id, job.name, told.next, told.at, told.attempts FROM sidecar.jobs AS job
    JOIN unnest($1::text[], $2::text[], $3::int8[], $4::text[], $5::timestamptz[], $6::int8[])
        AS told (app_id, name, claim, next, at, attempts) USING (app_id, name, claim)
    ORDER BY job.app_id, job.name FOR UPDATE OF job
), ended AS (
    DELETE FROM sidecar.jobs AS job USING held
    WHERE held.next = 'end' AND job.app_id = held.app_id AND job.name = held.name
)
UPDATE sidecar.jobs AS job SET claim = job.claim + 1, wake_at = held.at, attempts = held.attempts,
    tick_at = CASE held.next WHEN 'tick' THEN held.at ELSE job.tick_at END,
    ticks = job.ticks + CASE held.next WHEN 'tick' THEN 1 ELSE 0 END
FROM held WHERE held.next <> 'end' AND job.app_id = held.app_id AND job.name = held.name";

/// Results that are stored together, at most.
pub(super) const MOST: usize = 256;

/// Stores what came of calls.
#[derive(Debug)]
pub(super) struct Recorder {
    pub(super) db: Pool,
}

impl StoreGroup for Recorder {
    type Item = (Claim, Next);
    type Answer = ();

    async fn store(&self, results: &[(Claim, Next)]) -> Result<Vec<()>, DbErr> {
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, RECORD, values(results));
        self.db.execute_raw(statement).await?;
        Ok(vec![(); results.len()])
    }
}

fn values(results: &[(Claim, Next)]) -> [Value; 6] {
    let columns = |next| match next {
        Next::End => ("end", DateTime::UNIX_EPOCH, 0),
        Next::Tick(at) => ("tick", at, 0),
        Next::Again { at, attempts } => ("again", at, attempts),
    };
    [
        column(results.iter().map(|(claim, _)| claim.app.clone())),
        column(results.iter().map(|(claim, _)| claim.job.clone())),
        column(results.iter().map(|(claim, _)| claim.number)),
        column(results.iter().map(|(_, next)| columns(*next).0.to_owned())),
        column(results.iter().map(|(_, next)| columns(*next).1)),
        column(results.iter().map(|(_, next)| columns(*next).2)),
    ]
}
