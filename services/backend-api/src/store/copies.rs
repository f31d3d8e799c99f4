//! Tasks for clients that keep a copy of all of them.

use platform::problem::Problem;
use sea_orm::entity::prelude::*;
use sea_orm::{FromQueryResult, Iterable as _, QueryOrder as _};

use super::statement;
use super::tasks::{Column, Entity, Model};
use super::visibility::visible_to;
use crate::domain::checkpoint::TaskPlace;
use crate::domain::task::Task;

/// Tasks of one page of the whole state.
pub const PAGE_TASKS: usize = 2_000;
/// Bytes of a page, after which no task is added.
pub const PAGE_BYTES: i64 = 4 * 1024 * 1024;

#[derive(FromQueryResult)]
struct Row {
    #[sea_orm(nested)]
    task: Model,
    /// How many tasks were waiting, counted up to one more than a page takes.
    waiting: i64,
}

/// The living tasks after `place` that the user may see, archived ones too, in the order of their places: a page of them, and
/// whether more follow.
///
/// # Errors
/// When the database is away, or a row breaks a rule that it should have kept.
pub async fn page(db: &impl ConnectionTrait, user_id: &str, place: TaskPlace) -> Result<(Vec<Task>, bool), Problem> {
    let columns: Vec<String> = Column::iter().map(|column| format!(r#"task."{}""#, column.as_str())).collect();
    let (columns, probed) = (columns.join(", "), PAGE_TASKS + 1);
    // Each workspace is read from its index, from the place on.
    let sql = format!(
        "SELECT * FROM (\
           SELECT {columns}, count(*) OVER () AS waiting, \
             sum(octet_length(task.description) + 1024) OVER (ORDER BY task.created_at, task.id) \
               - octet_length(task.description) - 1024 AS bytes_before \
           FROM (SELECT task.* FROM core.members member CROSS JOIN LATERAL (\
               SELECT {columns} FROM core.tasks task \
               WHERE task.workspace_id = member.workspace_id AND task.deleted_at IS NULL \
                 AND (task.created_at, task.id) > ($2, $3) \
               ORDER BY task.created_at, task.id LIMIT {probed}) task \
             WHERE member.user_id = $1 ORDER BY task.created_at, task.id LIMIT {probed}) task) task \
         WHERE bytes_before < {PAGE_BYTES} ORDER BY created_at, id LIMIT {PAGE_TASKS}"
    );
    let values = [user_id.into(), place.created_at.into(), place.id.into()];
    let rows = Row::find_by_statement(statement(&sql, values)).all(db).await?;
    let waiting = rows.first().map_or(0, |row| row.waiting);
    let more = i64::try_from(rows.len()).is_ok_and(|read| read < waiting);
    let tasks = rows.into_iter().map(|row| Task::try_from(row.task)).collect::<Result<_, _>>()?;
    Ok((tasks, more))
}

/// Those of `ids` that live and that the user may see, as they are now, in the order of their places.
///
/// # Errors
/// As [`page`].
pub async fn current(db: &impl ConnectionTrait, user_id: &str, ids: Vec<Uuid>) -> Result<Vec<Task>, Problem> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let living = Entity::find()
        .filter(Column::Id.eq_any(ids))
        .filter(visible_to(user_id, (Entity, Column::WorkspaceId)))
        .filter(Column::DeletedAt.is_null())
        .order_by_asc(Column::CreatedAt)
        .order_by_asc(Column::Id);
    living.all(db).await?.into_iter().map(Task::try_from).collect()
}
