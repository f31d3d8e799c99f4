//! `audit.entries`, as they are appended to.

use std::collections::HashMap;

use platform::clock::Clock;
use platform::database::{Pool, column, statement};
use platform::group_commit::{GroupCommit, StoreGroup};
use sea_orm::{DbErr, FromQueryResult, Value};
use uuid::Uuid;

use super::entries;
use crate::domain::entry::{Entry, Recorded};

/// Entries that are stored together, at most.
const MOST: usize = 64;

/// Adds those whose event ids are free, in one order, so that two writers never wait for each other crosswise. Tells of each what
/// became of it: an event id is nobody's until it is used, so it is looked for in every workspace. `same` is NULL where
/// nothing was there before: what is held is read as it was before this statement. That `scope` is asked for has it set before any row
/// is looked at. The planner does not look into the first array, or it would plan anew for each group.
const RECORD: &str = "\
WITH told AS (
    SELECT told.* FROM (SELECT set_config('tidings.scope', 'system', true) AS scope, $1::uuid[] AS event_ids OFFSET 0) AS named
    CROSS JOIN LATERAL UNNEST(event_ids, $2::text[], $3::text[], $4::uuid[], $5::text[], $6::int8[], $7::timestamptz[],
            $8::text[]) WITH ORDINALITY AS told
        (event_id, event_type, user_id, workspace_id, task_id, sequence, \"timestamp\", details, place)
    WHERE named.scope IS NOT NULL
), recorded AS (
    INSERT INTO audit.entries
        (event_id, event_type, user_id, workspace_id, task_id, sequence, \"timestamp\", details, recorded_at)
    SELECT event_id, event_type, user_id, workspace_id, nullif(task_id, '')::uuid, sequence, \"timestamp\", details::jsonb, $9
    FROM told ORDER BY event_id, place
    ON CONFLICT DO NOTHING RETURNING event_id
)
SELECT told.event_id IN (SELECT event_id FROM recorded) AS recorded, held.same
FROM told LEFT JOIN LATERAL (SELECT details = told.details::jsonb AS same FROM audit.entries
    WHERE event_id = told.event_id OFFSET 0) AS held ON true ORDER BY place";

#[derive(FromQueryResult)]
struct Row {
    /// Whether an entry of that event id is new; also for a later one with the same id.
    recorded: bool,
    /// Whether the entry that was there has the same details.
    same: Option<bool>,
}

/// Appends to the history.
#[derive(Debug)]
pub(crate) struct Recorder {
    db: Pool,
    clock: Clock,
}

impl Recorder {
    /// Begins to record; `clock` says when each entry was recorded.
    pub(crate) fn start(db: Pool, clock: Clock) -> GroupCommit<Self> {
        GroupCommit::start(Self { db, clock }, MOST)
    }
}

impl StoreGroup for Recorder {
    type Item = Entry;
    type Answer = Recorded;

    async fn store(&self, entries: &[Entry]) -> Result<Vec<Recorded>, DbErr> {
        let statement = statement(RECORD, values(entries, &self.clock));
        let rows = Row::find_by_statement(statement).all(&self.db).await?;
        let mut first: HashMap<Uuid, &Entry> = HashMap::new();
        let mut answers = Vec::with_capacity(entries.len());
        for (entry, row) in entries.iter().zip(rows) {
            let same = match (row.same, first.get(&entry.event_id)) {
                (Some(same), _) => Some(same),
                (None, Some(first)) => Some(first.details == entry.details),
                (None, None) if row.recorded => {
                    first.insert(entry.event_id, entry);
                    None
                }
                // Another writer was faster, and not visible yet.
                (None, None) => Some(entries::holds(&self.db, entry.event_id, &entry.details).await? == Some(true)),
            };
            answers.push(match same {
                None => Recorded::Now,
                Some(true) => Recorded::Before,
                Some(false) => Recorded::Otherwise,
            });
        }
        Ok(answers)
    }
}

fn values(entries: &[Entry], clock: &Clock) -> [Value; 9] {
    [
        column(entries.iter().map(|entry| entry.event_id)),
        column(entries.iter().map(|entry| entry.event_type.clone())),
        column(entries.iter().map(|entry| entry.user_id.clone())),
        column(entries.iter().map(|entry| entry.workspace_id)),
        column(entries.iter().map(|entry| entry.task_id.map(|id| id.to_string()).unwrap_or_default())),
        column(entries.iter().map(|entry| entry.sequence)),
        column(entries.iter().map(|entry| entry.timestamp)),
        column(entries.iter().map(|entry| entry.details.to_string())),
        clock.now().into(),
    ]
}
