//! The change history: the events of a workspace by their numbers, from the outbox, which keeps them after they were published.
//!
//! Numbers are given under the lock of the workspace's row, so what is committed is a history without gaps. Its beginning is
//! removed with time: a reader whose next number is not there any more has to begin anew.

use std::collections::HashMap;

use platform::database::statement;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use serde_json::Value;
use uuid::Uuid;

use super::isolation::CALLER;

/// Events of a workspace, and the number of its latest one.
#[derive(Debug)]
pub struct Changes {
    /// The number of the latest event.
    pub sequence: i64,
    /// What was published, in order, as far as there is no gap.
    pub events: Vec<Value>,
}

#[derive(FromQueryResult)]
struct Row {
    current: i64,
    sequence: Option<i64>,
    payload: Option<Value>,
}

#[derive(FromQueryResult)]
struct Reached {
    id: Uuid,
    sequence: i64,
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
    let events = rows.into_iter().filter_map(|row| row.sequence.zip(row.payload));
    let events = unbroken(after, events, |(number, _)| *number).map(|(_, event)| event).collect();
    Ok(Some(Changes { sequence, events }))
}

/// The number of the latest event of each workspace that there is.
///
/// # Errors
/// When the database is away.
pub async fn sequences(db: &impl ConnectionTrait, workspace_ids: Vec<Uuid>) -> Result<HashMap<Uuid, i64>, DbErr> {
    let sql = "SELECT id, sequence FROM core.workspaces WHERE id = ANY ($1)";
    let rows = Reached::find_by_statement(statement(sql, [workspace_ids.into()])).all(db).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.sequence)).collect())
}

/// Those of `events` whose numbers follow `after` without a gap.
pub(super) fn unbroken<E>(
    after: i64,
    events: impl IntoIterator<Item = E>,
    number: impl Fn(&E) -> i64,
) -> impl Iterator<Item = E> {
    let with_last = events.into_iter().zip(after..);
    with_last.take_while(move |(event, last)| number(event) - 1 == *last).map(|(event, _)| event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_ends_at_its_first_gap() {
        for (after, numbers, expected) in [
            (0, &[1, 2, 3][..], &[1, 2, 3][..]),
            (2, &[3, 5, 6], &[3]),
            (2, &[4, 5], &[]),
            (2, &[], &[]),
            (i64::MAX - 1, &[i64::MAX], &[i64::MAX]),
        ] {
            let found: Vec<i64> = unbroken(after, numbers.iter().copied(), |number| *number).collect();
            assert_eq!(found, expected, "{after} {numbers:?}");
        }
    }
}
