//! The list of series, newest first, a page at a time.

use chrono::{DateTime, Utc};
use platform::database::statement;
use platform::page::{Page, Position, one_more};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, QueryResult};
use uuid::Uuid;

use super::rows::SERIES;
use crate::domain::series::{Series, Status};

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
) -> Result<Page<Listed>, DbErr> {
    // A page of each workspace, by its index, and of these the newest: a workspace may have many.
    const OF_EACH: &str = "(SELECT DISTINCT unnest($1::uuid[]) AS id) AS wanted, LATERAL (SELECT * FROM recurring.rules \
        WHERE workspace_id = wanted.id AND ($2::text IS NULL OR status = $2) \
          AND ($3::timestamptz IS NULL OR (created_at, id) < ($3, $4)) ORDER BY created_at DESC, id DESC LIMIT $5)";
    let sql = format!("{} ORDER BY rule.created_at DESC, rule.id DESC LIMIT $5", select(OF_EACH));
    let (created_at, id) = Position::values(after);
    let values = [workspace_ids.into(), status.map(Status::as_str).into(), created_at, id, one_more(limit)];
    let found = Listed::find_by_statement(statement(&sql, values)).all(db).await?;
    Ok(Page::cut(found, limit, |listed| Position { at: listed.series.created_at, id: listed.series.id }))
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
