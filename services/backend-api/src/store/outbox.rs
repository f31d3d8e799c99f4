//! Events on their way out: numbered and dated in the order of their workspace, in the transaction of their change.

use chrono::{DateTime, Utc};
use events::{Event, EventDraft, EventType};
use platform::clock::Clock;
use platform::database::{json_text, statement};
use platform::trace::TraceContext;
use sea_orm::{ConnectionTrait, DbErr, Value};
use serde::Serialize;
use uuid::Uuid;

/// Raises the counter of workspace `$1` by `$2` events at the time `$5`. The row lock on the workspace is held from here to
/// the commit, so that numbers become visible in their order. Dates ascend with the numbers, by a microsecond at least,
/// also when two replicas' clocks disagree: history in the order of time is history in the order of the workspace.
/// More conditions may follow.
pub(super) const RAISE: &str = "UPDATE core.workspaces SET sequence = sequence + $2, \
     last_event_at = greatest($5, last_event_at + interval '1 microsecond') + ($2 - 1) * interval '1 microsecond' \
     WHERE id = $1";

/// What the counter was before.
pub(super) const RAISED: &str =
    "RETURNING sequence - $2 AS base, last_event_at - $2 * interval '1 microsecond' AS before";

/// Stores the events `$3` with trace `$4`, numbered from what `counter` was.
pub(super) const STORE: &str = "INSERT INTO core.outbox \
       (workspace_id, sequence, event_id, event_type, topics, payload, trace_context, created_at) \
     SELECT $1, sequence, (event ->> 'event_id')::uuid, event ->> 'event_type', \
       ARRAY (SELECT jsonb_array_elements_text(event -> 'topics')), \
       (event -> 'payload') || jsonb_build_object('sequence', sequence, \
         'timestamp', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')), $4, at \
     FROM (SELECT event, base + position AS sequence, before + position * interval '1 microsecond' AS at \
       FROM counter, jsonb_array_elements($3::jsonb) WITH ORDINALITY AS row (event, position)) AS numbered";

/// Events of one workspace that are to be stored together.
#[derive(Debug)]
pub(super) struct Batch {
    workspace_id: Uuid,
    count: i64,
    /// As JSON text: a tree would be copied on its way to the database.
    events: String,
    trace: Option<String>,
    now: DateTime<Utc>,
}

impl Batch {
    /// The events, named now and dated when they are stored.
    pub(super) fn of(workspace_id: Uuid, events: Vec<EventDraft>, trace: Option<&TraceContext>, clock: &Clock) -> Self {
        let now = clock.now();
        let count = i64::try_from(events.len()).unwrap_or(i64::MAX);
        let events: Vec<Row> = events.into_iter().map(|event| Row::of(event, clock.new_id(), now)).collect();
        let events = json_text(&events);
        Self { workspace_id, count, events, trace: trace.map(|trace| trace.as_str().to_owned()), now }
    }

    /// How many rows they become.
    pub(super) fn count(&self) -> u64 {
        self.count.unsigned_abs()
    }

    /// The values `$1` to `$5` of the statements above.
    pub(super) fn values(self) -> [Value; 5] {
        [self.workspace_id.into(), self.count.into(), self.events.into(), self.trace.into(), self.now.into()]
    }

    /// Stores them, in one statement.
    ///
    /// # Errors
    /// When the database refuses, or there is no such workspace.
    pub(super) async fn store(self, db: &impl ConnectionTrait) -> Result<(), DbErr> {
        let (workspace_id, count) = (self.workspace_id, self.count());
        let sql = format!("WITH counter AS ({RAISE} {RAISED}) {STORE}");
        let stored = db.execute_raw(statement(&sql, self.values())).await?.rows_affected();
        if stored == count {
            return Ok(());
        }
        Err(DbErr::Custom(format!("{stored} of {count} events were stored: is there no workspace {workspace_id}?")))
    }
}

/// What [`STORE`] makes a row of.
#[derive(Serialize)]
struct Row {
    event_id: Uuid,
    event_type: EventType,
    topics: Vec<&'static str>,
    /// With a sequence of 0, which the statement replaces, as it does the time.
    payload: Event,
}

impl Row {
    fn of(event: EventDraft, event_id: Uuid, now: DateTime<Utc>) -> Self {
        let event_type = event.event_type;
        let topics = event_type.topics().iter().map(|topic| topic.as_str()).collect();
        Self { event_id, event_type, topics, payload: event.into_event(event_id, now, 0) }
    }
}
