//! The change history: the events of a workspace by their numbers, from the outbox, which keeps them after they were published.
//!
//! Numbers are given under the lock of the workspace's row, so what is committed is a history without gaps. Its beginning is
//! removed with time: a reader whose next number is not there any more has to begin anew.

use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use serde_json::Value;
use uuid::Uuid;

use super::isolation::CALLER;
use super::statement;

/// Events of a workspace, and the number of its latest one.
#[derive(Debug)]
pub struct Changes {
    /// The number of the latest event.
    pub sequence: i64,
    /// Each event's number and what was published, in order.
    pub events: Vec<(i64, Value)>,
}

#[derive(FromQueryResult)]
struct Row {
    current: i64,
    sequence: Option<i64>,
    payload: Option<Value>,
}

/// The events after `after` of a workspace that the user is a member of: at most `limit`, and no more once they have
/// `max_bytes`. `None` when the user is not a member.
///
/// # Errors
/// When the database is away.
pub async fn changes(
    db: &impl ConnectionTrait,
    (user_id, workspace_id): (&str, Uuid),
    after: i64,
    limit: i64,
    max_bytes: i64,
) -> Result<Option<Changes>, DbErr> {
    let sql = format!(
        "SELECT place.sequence AS current, event.sequence, event.payload \
         FROM {CALLER} CROSS JOIN LATERAL (\
           SELECT place.id, place.sequence FROM core.workspaces place \
           JOIN core.members member ON member.workspace_id = place.id AND member.user_id = caller.id \
           WHERE place.id = $2 OFFSET 0) place \
         LEFT JOIN LATERAL (\
           SELECT sequence, payload, \
             sum(octet_length(payload::text)) OVER (ORDER BY sequence) - octet_length(payload::text) AS bytes_before \
           FROM (SELECT sequence, payload FROM core.outbox \
             WHERE workspace_id = place.id AND sequence > $3 ORDER BY sequence LIMIT $4) row) event \
           ON event.bytes_before < $5 \
         ORDER BY event.sequence"
    );
    let values = [user_id.into(), workspace_id.into(), after.into(), limit.into(), max_bytes.into()];
    let rows = Row::find_by_statement(statement(&sql, values)).all(db).await?;
    let Some(sequence) = rows.first().map(|row| row.current) else { return Ok(None) };
    let events = rows.into_iter().filter_map(|row| row.sequence.zip(row.payload)).collect();
    Ok(Some(Changes { sequence, events }))
}

/// How much is read at once.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Events.
    pub events: i64,
    /// Bytes of the tasks that they changed.
    pub bytes: i64,
}

impl Budget {
    /// Whether nothing more may be read.
    pub fn is_spent(&self) -> bool {
        self.events <= 0 || self.bytes <= 0
    }
}

/// Which task an event changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub struct ChangedTask {
    /// The event's number.
    pub sequence: i64,
    /// The task, unless the event is about something else.
    pub task_id: Option<Uuid>,
    /// About how large the task is now, in bytes.
    pub bytes: i64,
}

/// Which tasks the events after `after` changed, in order, within the budget.
///
/// # Errors
/// When the database is away.
pub async fn changed_tasks(
    db: &impl ConnectionTrait,
    workspace_id: Uuid,
    after: i64,
    budget: Budget,
) -> Result<Vec<ChangedTask>, DbErr> {
    let sql = "WITH event AS (\
           SELECT sequence, (payload #>> '{task_data,id}')::uuid AS task_id FROM core.outbox \
           WHERE workspace_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3), \
         sized AS (\
           SELECT event.sequence, event.task_id, coalesce(octet_length(task.description), 0)::bigint + 1024 AS bytes \
           FROM event LEFT JOIN core.tasks task ON task.id = event.task_id) \
         SELECT sequence, task_id, bytes \
         FROM (SELECT *, sum(bytes) OVER (ORDER BY sequence) - bytes AS bytes_before FROM sized) row \
         WHERE bytes_before < $4 ORDER BY sequence";
    let values = [workspace_id.into(), after.into(), budget.events.into(), budget.bytes.into()];
    ChangedTask::find_by_statement(statement(sql, values)).all(db).await
}
