//! The list of series, newest first, a page at a time.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, Utc};
use platform::database::statement;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, QueryResult, Value};
use uuid::Uuid;

use super::rows::SERIES;
use crate::domain::series::{Series, Status};

/// A place in the list: what stands after it comes next. Written as `<created_at>,<id>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    created_at: DateTime<Utc>,
    id: Uuid,
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{},{}", self.created_at.to_rfc3339_opts(SecondsFormat::Micros, true), self.id)
    }
}

/// A text that is no [`Position`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not `<time>,<id>`, as in `next` of an earlier answer")]
pub(crate) struct NoPosition;

impl FromStr for Position {
    type Err = NoPosition;

    fn from_str(text: &str) -> Result<Self, NoPosition> {
        let (created_at, id) = text.split_once(',').ok_or(NoPosition)?;
        Ok(Self {
            created_at: created_at.parse().map_err(|_| NoPosition)?,
            id: Uuid::try_parse(id).map_err(|_| NoPosition)?,
        })
    }
}

/// A series with what is shown of its latest instance.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub(crate) series: Series,
    pub(crate) task_id: Option<Uuid>,
    /// The due date that its task has.
    pub(crate) due_date: Option<DateTime<Utc>>,
}

impl FromQueryResult for Listed {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        let series = Series::from_query_result(row, prefix)?;
        Ok(Self { series, task_id: row.try_get(prefix, "task_id")?, due_date: row.try_get(prefix, "due_date")? })
    }
}

/// A part of the list.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) items: Vec<Listed>,
    /// Where the rest begins; `None` when there is none.
    pub(crate) next: Option<Position>,
}

/// What comes before the condition of each question: series, out of some, and their latest instances.
fn select(rules: &str) -> String {
    let columns = SERIES.split(", ").map(|column| format!("rule.{}", column.trim())).collect::<Vec<_>>().join(", ");
    format!(
        "SELECT {columns}, latest.task_id, latest.due_date FROM {rules} AS rule LEFT JOIN recurring.occurrences AS latest \
           ON latest.series_id = rule.id AND latest.number = rule.occurrence AND latest.status <> 'withdrawn'"
    )
}

/// The series of these workspaces, with one status where that is given.
pub(crate) async fn list(
    db: &impl ConnectionTrait,
    workspace_ids: Vec<Uuid>,
    status: Option<Status>,
    after: Option<Position>,
    limit: usize,
) -> Result<Page, DbErr> {
    // A page of each workspace, by its index, and of these the newest: a workspace may have many.
    const OF_EACH: &str = "(SELECT DISTINCT unnest($1::uuid[]) AS id) AS wanted, LATERAL (SELECT * FROM recurring.rules \
        WHERE workspace_id = wanted.id AND ($2::text IS NULL OR status = $2) \
          AND ($3::timestamptz IS NULL OR (created_at, id) < ($3, $4)) ORDER BY created_at DESC, id DESC LIMIT $5)";
    let sql = format!("{} ORDER BY rule.created_at DESC, rule.id DESC LIMIT $5", select(OF_EACH));
    let most = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let (created_at, id): (Value, Value) =
        (after.map(|after| after.created_at).into(), after.map(|after| after.id).into());
    let values = [workspace_ids.into(), status.map(Status::as_str).into(), created_at, id, most.into()];
    let mut items = Listed::find_by_statement(statement(&sql, values)).all(db).await?;
    let more = items.len() > limit;
    items.truncate(limit);
    let place = |last: &Listed| Position { created_at: last.series.created_at, id: last.series.id };
    let next = items.last().filter(|_| more).map(place);
    Ok(Page { items, next })
}

/// The series `id`, if it is in one of these workspaces.
pub(crate) async fn find(
    db: &impl ConnectionTrait,
    id: Uuid,
    workspace_ids: Vec<Uuid>,
) -> Result<Option<Listed>, DbErr> {
    let sql = format!("{} WHERE rule.id = $1 AND rule.workspace_id = ANY ($2)", select("recurring.rules"));
    Listed::find_by_statement(statement(&sql, [id.into(), workspace_ids.into()])).one(db).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_survives_being_written_down() {
        let position = Position { created_at: "2026-01-31T09:00:00.000001Z".parse().unwrap(), id: Uuid::from_u128(7) };
        assert_eq!(position.to_string().parse(), Ok(position));
        for text in ["", ",", "yesterday,00000000-0000-0000-0000-000000000007", "2026-01-31T09:00:00Z,7"] {
            assert_eq!(text.parse::<Position>(), Err(NoPosition), "{text}");
        }
    }
}
