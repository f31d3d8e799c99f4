//! Sync: what clients that keep a copy of all tasks ask for.

use platform::database::{Pool, Transaction, begin_snapshot, statement};
use platform::problem::Problem;
use sea_orm::entity::prelude::*;
use sea_orm::{FromQueryResult, Iterable as _, QueryOrder as _};

use super::tasks::{Column, Entity, Model};
use super::visibility::visible_to;
use super::{history, users};
use crate::domain::sync_token::{Positions, TaskPlace};
use crate::domain::task::Task;

/// Tasks of one page of the whole state.
pub const PAGE_TASKS: usize = 2_000;
/// Bytes of a page, after which no task is added.
pub const PAGE_BYTES: i64 = 4 * 1024 * 1024;

/// What a user may see at one moment: a transaction that only reads, and acts as the user from its beginning. Row-level
/// security shows nothing to a transaction that acts as nobody, so these finders are here and nowhere else.
#[derive(Debug)]
pub struct Snapshot {
    transaction: Transaction,
    user_id: String,
    positions: Positions,
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

#[derive(FromQueryResult)]
struct Row {
    #[sea_orm(nested)]
    task: Model,
    /// How many tasks were waiting, counted up to one more than a page takes.
    waiting: i64,
}

impl Snapshot {
    /// What the user may see now.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn take(db: &Pool, user_id: &str) -> Result<Self, DbErr> {
        let transaction = begin_snapshot(db).await?;
        // Names the user as the caller of all that follows in this transaction.
        let memberships = users::memberships(&transaction, user_id).await?;
        let positions = memberships.iter().map(|workspace| (workspace.id, workspace.sequence)).collect();
        Ok(Self { transaction, user_id: user_id.to_owned(), positions })
    }

    /// Where the user's workspaces stand.
    pub fn positions(&self) -> &Positions {
        &self.positions
    }

    /// The living tasks after `place`, archived ones too, in the order of their places: a page of them, and whether more
    /// follow.
    ///
    /// # Errors
    /// When the database is away, or a row breaks a rule that it should have kept.
    pub async fn page(&self, place: TaskPlace) -> Result<(Vec<Task>, bool), Problem> {
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
        let values = [self.user_id.as_str().into(), place.created_at.into(), place.id.into()];
        let rows = Row::find_by_statement(statement(&sql, values)).all(&self.transaction).await?;
        let waiting = rows.first().map_or(0, |row| row.waiting);
        let more = i64::try_from(rows.len()).is_ok_and(|read| read < waiting);
        let tasks = rows.into_iter().map(|row| Task::try_from(row.task)).collect::<Result<_, _>>()?;
        Ok((tasks, more))
    }

    /// Those of `ids` that live, as they are now, in the order of their places.
    ///
    /// # Errors
    /// As [`Snapshot::page`].
    pub async fn current(&self, ids: Vec<Uuid>) -> Result<Vec<Task>, Problem> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let living = Entity::find()
            .filter(Column::Id.eq_any(ids))
            .filter(visible_to(&self.user_id, (Entity, Column::WorkspaceId)))
            .filter(Column::DeletedAt.is_null())
            .order_by_asc(Column::CreatedAt)
            .order_by_asc(Column::Id);
        living.all(&self.transaction).await?.into_iter().map(Task::try_from).collect()
    }

    /// Which tasks the events after `after` of a workspace of the user changed, in order, as far as the history has no gap,
    /// within the budget.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn changed_tasks(
        &self,
        workspace_id: Uuid,
        after: i64,
        budget: Budget,
    ) -> Result<Vec<ChangedTask>, DbErr> {
        let sql = "WITH event AS (\
               SELECT sequence, (payload #>> '{task_data,id}')::uuid AS task_id FROM core.outbox \
               WHERE workspace_id = (SELECT workspace_id FROM core.members WHERE user_id = $1 AND workspace_id = $2) \
                 AND sequence > $3 ORDER BY sequence LIMIT $4), \
             sized AS (\
               SELECT event.sequence, event.task_id, coalesce(octet_length(task.description), 0)::bigint + 1024 AS bytes \
               FROM event LEFT JOIN core.tasks task ON task.id = event.task_id) \
             SELECT sequence, task_id, bytes \
             FROM (SELECT *, sum(bytes) OVER (ORDER BY sequence) - bytes AS bytes_before FROM sized) row \
             WHERE bytes_before < $5 ORDER BY sequence";
        let Budget { events, bytes } = budget;
        let values = [self.user_id.as_str().into(), workspace_id.into(), after.into(), events.into(), bytes.into()];
        let rows = ChangedTask::find_by_statement(statement(sql, values)).all(&self.transaction).await?;
        Ok(history::unbroken(after, rows, |event| event.sequence).collect())
    }

    /// Nothing more is read.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn end(self) -> Result<(), DbErr> {
        self.transaction.commit().await
    }
}
