//! Deleted tasks leave the table in the end; the history keeps them.

use chrono::{DateTime, Utc};
use platform::database::{Pool, begin_as_system, statement};
use sea_orm::{ConnectionTrait as _, DbErr, Statement};

/// Removes a batch of tasks that were deleted before `cutoff`; returns how many. One that somebody restores at this moment
/// stays, and so does one whose workspace has events from before `cutoff` that have not left yet: the history must know of a
/// deletion before the table forgets it.
///
/// # Errors
/// When the database is away.
pub async fn purge(db: &Pool, cutoff: DateTime<Utc>) -> Result<u64, DbErr> {
    let transaction = begin_as_system(db).await?;
    let removed = transaction.execute_raw(purge_statement(cutoff)).await?.rows_affected();
    transaction.commit().await?;
    Ok(removed)
}

/// What [`purge`] asks for.
pub fn purge_statement(cutoff: DateTime<Utc>) -> Statement {
    let sql = "DELETE FROM core.tasks WHERE id IN (\
                 SELECT id FROM core.tasks AS task WHERE deleted_at < $1 AND NOT EXISTS (\
                   SELECT FROM core.outbox WHERE workspace_id = task.workspace_id AND published_at IS NULL AND created_at < $1) \
                 ORDER BY deleted_at LIMIT 1000 FOR UPDATE OF task SKIP LOCKED)";
    statement(sql, [cutoff.into()])
}
