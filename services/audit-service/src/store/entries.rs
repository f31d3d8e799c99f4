//! `audit.entries`, as they are read.

use std::collections::BTreeSet;

use platform::database::statement;
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement, Value};
use uuid::Uuid;

use crate::domain::criteria::Criteria;
use crate::domain::entry::Entry;

/// An event id is nobody's until it is used: this looks for it in every workspace.
const HOLDS: &str = "SELECT held.same FROM (SELECT set_config('tidings.scope', 'system', true) AS scope OFFSET 0) AS named \
    CROSS JOIN LATERAL (SELECT details = $2 AS same FROM audit.entries \
      WHERE event_id = $1 AND named.scope IS NOT NULL OFFSET 0) AS held";

/// The beginning of every query: names the workspaces `$1` to row-level security for this one statement, then lists them as
/// `workspace (id)`. What follows by `CROSS JOIN LATERAL` and asks for `workspace.id` cannot be read before it: a subquery that
/// has an `OFFSET` is not merged into another.
const WORKSPACES: &str = "(SELECT set_config('tidings.workspaces', array_to_string($1::uuid[], ','), true) AS ids OFFSET 0) \
    AS named CROSS JOIN LATERAL (SELECT unnest(string_to_array(named.ids, ',')::uuid[]) AS id OFFSET 0) AS workspace";

/// Whether the entry of `event_id` has these `details`; `None` when there is no such entry.
pub(crate) async fn holds(
    db: &impl ConnectionTrait,
    event_id: Uuid,
    details: &serde_json::Value,
) -> Result<Option<bool>, DbErr> {
    let row = db.query_one_raw(statement(HOLDS, [event_id.into(), details.clone().into()])).await?;
    row.map(|row| row.try_get("", "same")).transpose()
}

/// Bytes of details of a page, after which no entry is added: a task may have 64 KiB, and an entry two states of it.
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// The newest entries that meet `criteria`, as many as make a page, and whether there are more.
///
/// Each workspace is read along an index for itself and gives no more rows than a page has, however long its history is;
/// those are merged.
pub(crate) async fn find(db: &impl ConnectionTrait, criteria: &Criteria) -> Result<(Vec<Entry>, bool), DbErr> {
    let rows = db.query_all_raw(query(criteria)).await?;
    let found: i64 = rows.first().map_or(Ok(0), |row| row.try_get("", "found"))?;
    let entries: Vec<Entry> = rows.iter().take(criteria.limit.get()).map(entry).collect::<Result<_, _>>()?;
    let more = usize::try_from(found).is_ok_and(|found| found > entries.len());
    Ok((entries, more))
}

/// The newest of what happened to a task itself in one of the workspaces, by its number there: the time of an event is what its
/// producer says. Other facts about it, such as a reminder that was cancelled because it was deleted, have no number and do not
/// count.
pub(crate) async fn find_newest_of_task(
    db: &impl ConnectionTrait,
    workspace_ids: &BTreeSet<Uuid>,
    task_id: Uuid,
) -> Result<Option<Entry>, DbErr> {
    db.query_one_raw(newest_of_task(workspace_ids, task_id)).await?.as_ref().map(entry).transpose()
}

fn newest_of_task(workspace_ids: &BTreeSet<Uuid>, task_id: Uuid) -> Statement {
    let workspaces: Vec<Uuid> = workspace_ids.iter().copied().collect();
    let sql = format!(
        "SELECT entry.* FROM {WORKSPACES} CROSS JOIN LATERAL ( \
           SELECT event_id, event_type, user_id, workspace_id, task_id, sequence, \"timestamp\", details \
           FROM audit.entries WHERE workspace_id = workspace.id AND task_id = $2 AND event_type LIKE 'task.%' \
           ORDER BY sequence DESC, \"timestamp\" DESC LIMIT 1 \
         ) AS entry ORDER BY \"timestamp\" DESC LIMIT 1"
    );
    statement(&sql, [workspaces.into(), task_id.into()])
}

/// Looks for one entry more than the page has, and counts what it found before it cuts.
fn query(criteria: &Criteria) -> Statement {
    let workspaces: Vec<Uuid> = criteria.workspace_ids.iter().copied().collect();
    let one_more = i64::try_from(criteria.limit.get()).unwrap_or(i64::MAX).saturating_add(1);
    let Wanted { conditions, values } = Wanted::of(criteria, vec![workspaces.into(), one_more.into()]);
    let conditions = conditions.join(" AND ");
    let sql = format!(
        "SELECT * FROM ( \
           SELECT *, count(*) OVER () AS found, \
             sum(octet_length(details::text)) OVER newest_first - octet_length(details::text) AS bytes_before \
           FROM (SELECT entry.* FROM {WORKSPACES} CROSS JOIN LATERAL ( \
             SELECT event_id, event_type, user_id, workspace_id, task_id, sequence, \"timestamp\", details \
             FROM audit.entries WHERE {conditions} ORDER BY \"timestamp\" DESC, event_id DESC LIMIT $2 \
           ) AS entry ORDER BY \"timestamp\" DESC, event_id DESC LIMIT $2) AS entry \
           WINDOW newest_first AS (ORDER BY \"timestamp\" DESC, event_id DESC) \
         ) AS entry WHERE bytes_before < {PAGE_BYTES} ORDER BY \"timestamp\" DESC, event_id DESC"
    );
    statement(&sql, values)
}

/// Conditions with their values. Those that do not matter are left out, so that the planner sees which index serves.
struct Wanted {
    conditions: Vec<String>,
    values: Vec<Value>,
}

impl Wanted {
    /// `values` are those that the statement has besides.
    fn of(criteria: &Criteria, values: Vec<Value>) -> Self {
        let mut wanted = Self { conditions: vec!["workspace_id = workspace.id".to_owned()], values };
        wanted.and("user_id =", criteria.user_id.clone());
        wanted.and("task_id =", criteria.task_id);
        wanted.and("event_type =", criteria.event_type.clone());
        wanted.and("\"timestamp\" >=", criteria.from);
        wanted.and("\"timestamp\" <", criteria.to);
        if let Some(position) = criteria.after {
            let timestamp = wanted.bind(position.at);
            let event_id = wanted.bind(position.id);
            wanted.conditions.push(format!("(\"timestamp\", event_id) < ({timestamp}, {event_id})"));
        }
        wanted
    }

    fn and(&mut self, comparison: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            let parameter = self.bind(value);
            self.conditions.push(format!("{comparison} {parameter}"));
        }
    }

    fn bind(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }
}

fn entry(row: &QueryResult) -> Result<Entry, DbErr> {
    Ok(Entry {
        event_id: row.try_get("", "event_id")?,
        event_type: row.try_get("", "event_type")?,
        user_id: row.try_get("", "user_id")?,
        workspace_id: row.try_get("", "workspace_id")?,
        task_id: row.try_get("", "task_id")?,
        sequence: row.try_get("", "sequence")?,
        timestamp: row.try_get("", "timestamp")?,
        details: row.try_get("", "details")?,
    })
}

#[cfg(test)]
mod tests;
